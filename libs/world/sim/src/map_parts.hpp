#pragma once

#include <optional>
#include <string>

#include "movement.hpp"
#include "muster/sim/map.hpp"

/// What makers of maps share. Lengths that are called so here are whole units, not 1/256.
namespace muster::sim {

/// How far a wall stays away from spawns, pickups and flags.
inline constexpr Length place_clearance = 20 * unit;

[[nodiscard]] constexpr Vec units(Length x, Length y) {
    return {x * unit, y * unit};
}

void add_wall(Map& map, Length left, Length top, Length width, Length height, std::uint16_t health,
              bool destructible = false);
/// Back wall, two arms and a piece of cover round a flag: 180 units deep from the map's edge at x =
/// `edge`, 400 high round y = `middle`.
void add_base(Map& map, Team team, Length edge, Length middle);
/// At most `jitter` away from `near` (in units) along each axis, where it stands clear of walls;
/// nowhere when that is not found.
void add_pickup(Map& map, Vec near, Length jitter, PickupKind kind, Weapon weapon, Random& random);

/// Whether a wall keeps its distance from all spawns, pickups and flags.
[[nodiscard]] bool stands_well(const Map& map, std::size_t wall);
/// Whether all walls keep their distance from a place.
[[nodiscard]] bool is_clear(const Map& map, Vec at);
/// The field that names the first spawn, pickup or flag that cannot be walked to from the first
/// spawn; none on a good map.
[[nodiscard]] std::optional<std::string> first_unreachable(const Map& map);
[[nodiscard]] bool is_connected(const Map& map);

}  // namespace muster::sim
