#include <cstddef>
#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/link/join_token.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto token = muster::link::parse_join_token(text);
    if (token) {
        const auto again = muster::link::parse_join_token(muster::link::to_text(*token));
        MUSTER_ASSERT(again && *again == *token);
    } else {
        MUSTER_ASSERT(token.error().field == "join_token");
    }
    return 0;
}
