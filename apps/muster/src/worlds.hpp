#pragma once

#include <memory>
#include <optional>
#include <string>

#include "muster/coordinator/world_gate.hpp"
#include "muster/host/routes.hpp"
#include "muster/host/world_server.hpp"
#include "muster/uplink/uplink.hpp"
#include "role.hpp"

namespace muster {

struct OpenedWorlds {
    std::shared_ptr<host::WorldServer> server;
    /// Of a spread world: for its link to the coordinator, without which it stands still.
    std::optional<uplink::SpreadWorld> spread;
};
/// The world server that the settings describe, already serving; `ready` gets its UDP address.
/// `invalid_argument` names the setting.
[[nodiscard]] Result<OpenedWorlds> open_worlds(Role& role, Ready& ready);
[[nodiscard]] Result<host::RouteOptions> route_options(const settings::Settings& given);

/// The worlds as a coordinator of the same process lists and fills them.
[[nodiscard]] std::shared_ptr<coordinator::WorldGate> make_gate(
    std::shared_ptr<host::WorldServer> worlds);

/// Why this process's worlds are not healthy; empty when they are.
[[nodiscard]] std::string failing(const host::WorldServer& worlds);

}  // namespace muster
