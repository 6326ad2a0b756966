#include <algorithm>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "muster/base/assert.hpp"
#include "talk.hpp"

/// What another host says is refused with a reason, or is what write() would have written of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::host;
    const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
    std::vector<std::uint64_t> room;
    const auto said = talk::read(bytes, room);
    if (!said) {
        MUSTER_ASSERT(!said.error().message.empty());
        return 0;
    }
    const auto again = std::visit([](const auto& one) { return talk::write(one); }, *said);
    MUSTER_ASSERT(std::ranges::equal(again, bytes));
    return 0;
}
