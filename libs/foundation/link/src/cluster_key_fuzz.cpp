#include <cstddef>
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/link/cluster_key.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto key = muster::link::parse_cluster_key(text);
    if (key) {
        MUSTER_ASSERT(key->bytes.size() == muster::link::ClusterKey::size);
        const auto again = muster::link::parse_cluster_key(muster::link::to_text(*key));
        MUSTER_ASSERT(again && *again == *key);
    } else {
        MUSTER_ASSERT(key.error().field == "key");
    }
    if (muster::link::is_key_name(text)) {
        MUSTER_ASSERT(text.find('/') == std::string_view::npos && text != "." && text != "..");
    }
    return 0;
}
