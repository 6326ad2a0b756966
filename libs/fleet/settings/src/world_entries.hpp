#pragma once

#include <vector>

#include "muster/settings/settings.hpp"

namespace muster::settings {

// A group each, in the order of the documentation.
[[nodiscard]] std::vector<Entry> world_entries();
[[nodiscard]] std::vector<Entry> world_link_entries();
[[nodiscard]] std::vector<Entry> cluster_entries();
[[nodiscard]] std::vector<Entry> world_spread_entries();
[[nodiscard]] std::vector<Entry> bus_entries();
[[nodiscard]] std::vector<Entry> world_place_entries();
[[nodiscard]] std::vector<Entry> world_match_entries();
[[nodiscard]] std::vector<Entry> world_server_entries();
[[nodiscard]] std::vector<Entry> world_plugin_entries();
[[nodiscard]] std::vector<Entry> world_limit_entries();
[[nodiscard]] std::vector<Entry> ice_entries();
[[nodiscard]] std::vector<Entry> ice_turn_entries();

}  // namespace muster::settings
