#include <cstdint>
#include <string_view>

#include "invariants.hpp"
#include "muster/base/assert.hpp"
#include "muster/sim/map.hpp"
#include "muster/sim/world.hpp"

/// A map is refused with a reason, or it is the same after a round trip through its text and can be
/// played on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::sim;
    const auto map = parse_map({reinterpret_cast<const char*>(data), size});
    if (!map) {
        MUSTER_ASSERT(!map.error().message.empty());
        return 0;
    }
    const auto again = parse_map(to_json(*map));
    MUSTER_ASSERT(again.has_value() && *again == *map);
    World world(*map, {.players_max = 4}, 1);
    for (int i = 0; i < 4; ++i) MUSTER_ASSERT(world.join({}).has_value());
    for (std::uint32_t tick = 1; tick < 30; ++tick) {
        for (const PlayerId id : world.present()) {
            world.submit(id, {.sequence = tick,
                              .aim = static_cast<Angle>(id * 9000 + tick * 100),
                              .buttons = static_cast<std::uint8_t>(Input::fire | 1U << id)});
        }
        world.step();
        check_invariants(world);
    }
    return 0;
}
