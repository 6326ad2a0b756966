#pragma once

#include "cluster_keys.hpp"
#include "house.hpp"
#include "regions.hpp"
#include "world_servers.hpp"

namespace muster::coordinator {

/// /api/v1/worlds for players (the worlds of this process and of all world servers as one list,
/// joining, leaving) and /api/v1/world-servers for who runs them.
void add_worlds_api(Routes& routes, House& house, WorldServers& servers, Regions& regions);
/// /api/v1/diagnostics: what this is, since when, and who plays.
void add_diagnostics_api(Routes& routes, House& house, WorldServers& servers, Regions& regions);
void add_world_servers_api(Routes& routes, House& house, WorldServers& servers, Regions& regions);
/// /api/v1/cluster-keys: with which world servers join (cluster_keys.hpp).
void add_cluster_keys_api(Routes& routes, House& house, ClusterKeys& keys, WorldServers& servers);

}  // namespace muster::coordinator
