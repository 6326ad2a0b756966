// Certificates arrive from peers and from operators' files: whatever the bytes, reading them ends
// in facts or in an error.
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"
#include "muster/pki/pki.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view pem(reinterpret_cast<const char*>(data), size);
    const auto read = muster::pki::facts(pem);
    if (read) {
        MUSTER_ASSERT(read->digest_hex.size() == 64);
        MUSTER_ASSERT(read->common_name.find('\0') == std::string::npos);
    } else {
        MUSTER_ASSERT(!read.error().message.empty());
    }
    (void)muster::pki::verify(pem, pem, muster::pki::Usage::client, muster::Timestamp{});
    return 0;
}
