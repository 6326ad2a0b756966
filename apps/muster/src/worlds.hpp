#pragma once

#include <memory>
#include <string>

#include "muster/host/routes.hpp"
#include "muster/host/world_server.hpp"
#include "role.hpp"

namespace muster {

/// The world server that the settings describe, already serving; `ready` gets its UDP address.
/// `invalid_argument` names the setting.
[[nodiscard]] Result<std::unique_ptr<host::WorldServer>> open_worlds(Role& role, Ready& ready);
[[nodiscard]] Result<host::RouteOptions> route_options(const settings::Settings& given);

/// Why this process's worlds are not healthy; empty when they are.
[[nodiscard]] std::string failing(const host::WorldServer& worlds);

}  // namespace muster
