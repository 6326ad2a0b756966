#pragma once

#include <memory>

#include "muster/host/spread.hpp"
#include "muster/host/world_server.hpp"
#include "muster/uplink/uplink.hpp"
#include "role.hpp"

namespace muster {

/// The two ends of a world that this process computes together with others: what its host needs and
/// what its coordinator is told.
struct SpreadEnds {
    host::Spread host;
    uplink::SpreadWorld link;
};

/// By world.spread, world.regions and bus.*; connects to the bus. The world is as its host will
/// have it but for this. The error names the setting.
[[nodiscard]] Result<SpreadEnds> make_spread(const Role& role, const host::WorldOptions& world,
                                             std::uint8_t tick_rate);

}  // namespace muster
