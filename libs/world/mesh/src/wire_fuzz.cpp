#include <cstdint>
#include <span>

#include "muster/base/assert.hpp"
#include "muster/mesh/wire.hpp"
#include "wire_limits.hpp"

/// Bytes are refused with a reason, or a message that can be said again: then it is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::mesh;
    const auto message = decode({reinterpret_cast<const std::byte*>(data), size});
    if (!message) {
        MUSTER_ASSERT(!message.error().message.empty() && !message.error().field.empty());
        return 0;
    }
    MUSTER_ASSERT(is_within_limits(*message));
    // Bytes may say one part twice, so that what they mean needs more than they did.
    const auto bytes = encode_anyway(*message);
    if (bytes.size() > message_bytes_max) return 0;
    const auto again = decode(bytes);
    MUSTER_ASSERT(again && encode_anyway(*again) == bytes);
    return 0;
}
