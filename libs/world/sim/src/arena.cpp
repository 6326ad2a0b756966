#include <algorithm>
#include <array>
#include <optional>

#include "map_parts.hpp"
#include "muster/sim/map.hpp"
#include "reach.hpp"

namespace muster::sim {
namespace {

void add_border(Map& map) {
    add_wall(map, -800, -600, 1600, 20, 1000);
    add_wall(map, -800, 580, 1600, 20, 1000);
    add_wall(map, -800, -600, 20, 1200, 1000);
    add_wall(map, 780, -600, 20, 1200, 1000);
}

/// Four corners that open towards the middle.
void add_centre(Map& map) {
    for (const Length y : {-200, 185}) {
        for (const Length x : {-200, 120}) add_wall(map, x, y, 80, 15, 500);
    }
    for (const Length y : {-200, 120}) {
        for (const Length x : {-200, 185}) add_wall(map, x, y, 15, 80, 500);
    }
}

void add_lanes(Map& map) {
    for (const Length y : {-200, 200}) {
        for (const Length x : {-500, 100}) add_wall(map, x, y, 400, 15, 300, true);
    }
    add_wall(map, -200, -500, 15, 150, 500);
    add_wall(map, 200, 350, 15, 150, 500);
}

void add_spawns(Map& map) {
    for (const Length side : {-1, 1}) {
        const Team team = side < 0 ? Team::red : Team::blue;
        for (const Vec at : {Vec{720, -150}, {720, 150}, {660, -100}, {660, 100}, {600, 0}}) {
            map.spawns.push_back({units(side * at.x, at.y), team});
        }
    }
    constexpr std::array<Vec, 14> open{{{0, -100},
                                        {0, 100},
                                        {-700, -500},
                                        {700, -500},
                                        {-700, 500},
                                        {700, 500},
                                        {0, -500},
                                        {0, 500},
                                        {-400, 0},
                                        {400, 0},
                                        {-250, 0},
                                        {250, 0},
                                        {0, -250},
                                        {0, 250}}};
    for (const Vec at : open) map.spawns.push_back({units(at.x, at.y), Team::none});
}

/// Cover that the seed places: kept when it blocks no place and no way.
void add_cover(Map& map, Random& random) {
    for (int i = 0; i < 9; ++i) {
        const bool node = i >= 6;
        const Length width = node ? random.between(50, 70) : random.between(40, 80);
        const Length height = node ? width : random.between(15, 30);
        const Length x = node ? random.between(-500, 500) : random.between(-600, 600);
        const Length y = node ? random.between(-300, 300) : random.between(-400, 400);
        const Length centre = node ? 150 : 250;
        if (std::abs(x) < centre && std::abs(y) < centre) continue;
        if (!node && std::abs(x) > 400) continue;
        add_wall(map, x, y, width, height, node ? 200 : 120, true);
        if (stands_well(map, map.walls.size() - 1) && is_connected(map)) continue;
        map.walls.pop_back();
    }
}

}  // namespace

void add_wall(Map& map, Length left, Length top, Length width, Length height, std::uint16_t health,
              bool destructible) {
    map.walls.push_back(
        {{units(left, top), units(left + width, top + height)}, destructible, health});
}

bool stands_well(const Map& map, std::size_t wall) {
    const Box& box = map.walls[wall].box;
    // So that a wall neither stands on a place nor leaves a gap that only looks like a way.
    const auto clear_of = [&](Vec at) { return !overlaps(at, place_clearance, box); };
    return std::ranges::all_of(map.spawns, [&](const SpawnSpec& s) { return clear_of(s.at); }) &&
           std::ranges::all_of(map.pickups, [&](const PickupSpec& p) { return clear_of(p.at); }) &&
           std::ranges::all_of(map.flag_bases, clear_of);
}

bool is_clear(const Map& map, Vec at) {
    return std::ranges::none_of(
        map.walls, [&](const WallSpec& wall) { return overlaps(at, place_clearance, wall.box); });
}

bool is_connected(const Map& map) {
    return !first_unreachable(map);
}

std::optional<std::string> first_unreachable(const Map& map) {
    Reach reach(map);
    if (map.spawns.empty() || !reach.start(map.spawns.front().at)) return "spawns[0]";
    for (std::size_t i = 0; i < map.spawns.size(); ++i) {
        if (!reach.reached(map.spawns[i].at)) return "spawns[" + std::to_string(i) + "]";
    }
    for (std::size_t i = 0; i < map.pickups.size(); ++i) {
        if (!reach.reached(map.pickups[i].at)) return "pickups[" + std::to_string(i) + "]";
    }
    for (std::size_t i = 0; i < map.flag_bases.size(); ++i) {
        if (!reach.reached(map.flag_bases[i])) return "flag_bases[" + std::to_string(i) + "]";
    }
    return {};
}

void add_base(Map& map, Team team, Length edge, Length middle) {
    const Length side = team == Team::red ? 1 : -1;
    // Measured from the map's edge towards the middle.
    const auto wall = [&](Length from, Length top, Length width, Length height,
                          std::uint16_t health, bool destructible = false) {
        const Length left = side > 0 ? edge + from : edge - from - width;
        add_wall(map, left, middle + top, width, height, health, destructible);
    };
    wall(20, -200, 20, 400, 1000);
    wall(20, -200, 150, 20, 700);
    wall(20, 180, 150, 20, 700);
    wall(95, -50, 60, 25, 150, true);
    map.flag_bases[team == Team::red ? 0 : 1] = units(edge + side * 100, middle);
}

void add_pickup(Map& map, Vec near, Length jitter, PickupKind kind, Weapon weapon, Random& random) {
    for (int tries = 0; tries < 10; ++tries) {
        const Vec at = units(near.x + random.between(-jitter, jitter),
                             near.y + random.between(-jitter, jitter));
        if (!is_clear(map, at)) continue;
        map.pickups.push_back({at, kind, weapon});
        return;
    }
    if (const Vec at = units(near.x, near.y); is_clear(map, at)) {
        map.pickups.push_back({at, kind, weapon});
    }
}

Map classic_arena(std::uint64_t seed) {
    Random random(seed);
    Map map;
    map.name = "classic";
    map.bounds = {units(-800, -600), units(800, 600)};
    add_border(map);
    add_centre(map);
    add_base(map, Team::red, -800, 0);
    add_base(map, Team::blue, 800, 0);
    add_lanes(map);
    add_spawns(map);
    using enum PickupKind;
    add_pickup(map, {0, -350}, 50, health, Weapon::pistol, random);
    add_pickup(map, {0, 350}, 50, ammunition, Weapon::pistol, random);
    add_pickup(map, {-450, -330}, 50, weapon_crate, Weapon::shotgun, random);
    add_pickup(map, {450, 330}, 50, weapon_crate, Weapon::rifle, random);
    add_pickup(map, {450, -330}, 50, speed_boost, Weapon::pistol, random);
    add_pickup(map, {-450, 330}, 50, damage_boost, Weapon::pistol, random);
    add_pickup(map, {0, 0}, 50, shield, Weapon::pistol, random);
    add_cover(map, random);
    return map;
}

}  // namespace muster::sim
