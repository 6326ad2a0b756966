#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/sim/fixed.hpp"

namespace muster::sim {

enum class Team : std::uint8_t { none = 0, red = 1, blue = 2 };
[[nodiscard]] constexpr Team other(Team team) {
    return team == Team::red ? Team::blue : team == Team::blue ? Team::red : Team::none;
}

/// The values are the protocol's (schemas/game.fbs).
enum class Weapon : std::uint8_t { pistol = 0, shotgun = 1, rifle = 2, sniper = 3, melee = 4 };
inline constexpr std::size_t weapon_count = 5;

enum class PickupKind : std::uint8_t {
    health = 0,
    ammunition = 1,
    weapon_crate = 2,
    speed_boost = 3,
    damage_boost = 4,
    shield = 5,
};

struct WallSpec {
    Box box;
    bool destructible = false;
    std::uint16_t health = 1000;
    bool operator==(const WallSpec&) const = default;
};

struct SpawnSpec {
    Vec at;
    Team team = Team::none;  ///< none: for everybody
    bool operator==(const SpawnSpec&) const = default;
};

struct PickupSpec {
    Vec at;
    PickupKind kind = PickupKind::health;
    Weapon weapon = Weapon::pistol;  ///< of a crate
    bool operator==(const PickupSpec&) const = default;
};

/// Where a match is played, as data. At most 65,535 walls and 4,096 pickups.
struct Map {
    std::string name;
    Box bounds;
    std::vector<WallSpec> walls;
    std::vector<SpawnSpec> spawns;
    std::vector<PickupSpec> pickups;
    std::array<Vec, 2> flag_bases{};  ///< red's, blue's
    bool operator==(const Map&) const = default;
};

/// The arena of 1600 x 1200 units, the origin in its middle: 26 fixed walls, up to nine by the
/// seed.
[[nodiscard]] Map classic_arena(std::uint64_t seed);
/// A map of any size with the classic arena's density of walls, spawns and pickups: bases left and
/// right, cover by the seed, and from every spawn a way to every other. Sides in units, 800 to
/// 32,768.
[[nodiscard]] Result<Map> generate_map(std::uint32_t width, std::uint32_t height,
                                       std::uint64_t seed);
/// docs/formats/map.md. Refuses, naming the field: what lies outside, walls on spawns or flags, too
/// much of anything, a spawn that cannot be reached.
[[nodiscard]] Result<Map> parse_map(std::string_view json);
[[nodiscard]] std::string to_json(const Map& map);

}  // namespace muster::sim
