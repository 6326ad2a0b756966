#include <cstdint>

#include "invariants.hpp"
#include "muster/base/assert.hpp"
#include "muster/sim/border.hpp"
#include "muster/sim/world.hpp"

/// Bytes are refused with a reason, or a record that a world takes and plays on with.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::sim;
    static const Map map = classic_arena(1);
    const auto record = Record::decode({reinterpret_cast<const std::byte*>(data), size});
    if (!record) {
        MUSTER_ASSERT(!record.error().message.empty());
        return 0;
    }
    const auto again = Record::decode(record->encode());
    MUSTER_ASSERT(again && again->encode() == record->encode());
    const auto mode =
        record->player.team == Team::none ? Mode::free_for_all : Mode::capture_the_flag;
    World world(map, {.mode = mode, .players_max = 64}, 1);
    world.step();
    if (!world.adopt(*record)) return 0;
    for (int i = 0; i < 4; ++i) {
        world.step();
        check_invariants(world);
    }
    const auto released = world.release(record->id);
    MUSTER_ASSERT(released && Record::decode(released->encode()));
    return 0;
}
