#pragma once

#include "house.hpp"
#include "regions.hpp"
#include "world_servers.hpp"

namespace muster::coordinator {

/// /api/v1/worlds for players (the worlds of this process and of all world servers as one list,
/// joining, leaving) and /api/v1/world-servers for who runs them.
void add_worlds_api(Routes& routes, House& house, WorldServers& servers, Regions& regions);
void add_world_servers_api(Routes& routes, House& house, WorldServers& servers, Regions& regions);

}  // namespace muster::coordinator
