#include <cstddef>
#include <cstdint>

#include "muster/base/assert.hpp"
#include "region_words.hpp"

namespace coordinator = muster::coordinator;
namespace territory = muster::territory;

/// What a world server asks, and what a store's record says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0 && data[0] == '{') {
        const auto json = coordinator::parse_object({reinterpret_cast<const char*>(data), size});
        if (!json) return 0;
        if (const auto standing = coordinator::read_standing(*json)) {
            MUSTER_ASSERT(coordinator::read_standing(coordinator::record_of(*standing)) ==
                          *standing);
        }
        territory::Standing any;
        any.epoch = any.region = 1'000;
        if (const auto kept = coordinator::read_world("ffa", *json, any)) {
            const auto again = coordinator::record_of(kept->facts, kept->record);
            MUSTER_ASSERT(coordinator::read_world("ffa", again, any)->record == kept->record);
        }
        return 0;
    }
    coordinator::world_wire::FromWorld message;
    if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
    if (const auto question = coordinator::read_question(message.lease_question(), 300)) {
        for (const auto id : question->used) MUSTER_ASSERT(id < 300);
        for (const auto id : question->spare) MUSTER_ASSERT(id < 300);
    }
    for (const auto& world : message.hello().worlds()) {
        const auto read = coordinator::read_spread(world);
        MUSTER_ASSERT(read || !read.error().field.empty());
    }
    return 0;
}
