#include <algorithm>
#include <cstdint>
#include <vector>

#include "dcep.hpp"
#include "muster/base/assert.hpp"

/// What can be decoded is the same after being written: channel types, limits and texts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::rtc;
    const std::vector<std::byte> message(reinterpret_cast<const std::byte*>(data),
                                         reinterpret_cast<const std::byte*>(data) + size);
    const auto open = dcep::decode_open(message);
    if (!open) return 0;
    const auto written = dcep::write_open(*open);
    const auto again = dcep::decode_open(written);
    MUSTER_ASSERT(again && again->label == open->label && again->protocol == open->protocol);
    MUSTER_ASSERT(again->reliability.policy == open->reliability.policy);
    MUSTER_ASSERT(again->reliability.limit == open->reliability.limit);
    MUSTER_ASSERT(again->reliability.ordered == open->reliability.ordered);
    return 0;
}
