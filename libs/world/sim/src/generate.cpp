#include <algorithm>
#include <array>

#include "map_parts.hpp"
#include "muster/base/assert.hpp"
#include "reach.hpp"

namespace muster::sim {
namespace {

constexpr std::uint32_t side_min = 800;
constexpr std::uint32_t side_max = 32'768;
constexpr Length border = 20;
/// Walls of a cell stay this far inside it, so that the cells' edges are streets wide enough to
/// walk, and one piece of cover a cell encloses nothing: this is why every map is connected.
constexpr Length street = 40;
constexpr Length base_depth = 280;
constexpr Length base_height = 520;

struct Cell {
    Length left, top, right, bottom;  ///< in units
};

void add_mirrored(Map& map, Length left, Length top, Length width, Length height,
                  std::uint16_t health, bool destructible) {
    add_wall(map, left, top, width, height, health, destructible);
    WallSpec twin = map.walls.back();
    const Length sum = map.bounds.low.x + map.bounds.high.x;
    twin.box.low.x = sum - map.walls.back().box.high.x;
    twin.box.high.x = sum - map.walls.back().box.low.x;
    map.walls.push_back(twin);
}

/// One piece of cover, and the same on the other side of the map.
void add_cover(Map& map, const Cell& cell, Random& random) {
    const auto put = [&](Length width, Length height, std::uint16_t health, bool destructible) {
        const Length left = random.between(cell.left + street, cell.right - street - width);
        const Length top = random.between(cell.top + street, cell.bottom - street - height);
        add_mirrored(map, left, top, width, height, health, destructible);
    };
    switch (random.below(7)) {
        case 0: {  // a corner
            const Length left = random.between(cell.left + street, cell.right - street - 80);
            const Length top = random.between(cell.top + street, cell.bottom - street - 80);
            const bool right = random.below(2) == 1;
            const bool low = random.below(2) == 1;
            add_mirrored(map, left, low ? top + 65 : top, 80, 15, 500, false);
            add_mirrored(map, right ? left + 65 : left, top, 15, 80, 500, false);
            break;
        }
        case 1:
            put(random.between(120, cell.right - cell.left - 2 * street), 15, 300, true);
            break;
        case 2:
            put(15, random.between(80, cell.bottom - cell.top - 2 * street), 500, false);
            break;
        case 3:
        case 4:
            put(random.between(40, 80), random.between(15, 30), 120, true);
            break;
        case 5: {
            const Length side = random.between(50, 70);
            put(side, side, 200, true);
            break;
        }
        default:
            break;  // an open place
    }
}

std::optional<Vec> clear_place(const Map& map, const Cell& cell, Random& random) {
    for (int tries = 0; tries < 8; ++tries) {
        const Vec at = units(random.between(cell.left + street, cell.right - street),
                             random.between(cell.top + street, cell.bottom - street));
        // Only the walls of this cell can be near, and those come last.
        const std::size_t recent = std::min<std::size_t>(map.walls.size(), 4);
        const bool clear = std::all_of(
            map.walls.end() - static_cast<std::ptrdiff_t>(recent), map.walls.end(),
            [&](const WallSpec& wall) { return !overlaps(at, place_clearance, wall.box); });
        if (clear) return at;
    }
    return {};
}

Vec twin_of(const Map& map, Vec at) {
    return {map.bounds.low.x + map.bounds.high.x - at.x, at.y};
}

void add_places(Map& map, const Cell& cell, Random& random) {
    if (random.below(100) < 56) {
        if (const auto at = clear_place(map, cell, random)) {
            map.spawns.push_back({*at, Team::none});
            map.spawns.push_back({twin_of(map, *at), Team::none});
        }
    }
    if (random.below(100) < 30) {
        using enum PickupKind;
        constexpr std::array<PickupSpec, 8> kinds{{{{}, health, Weapon::pistol},
                                                   {{}, ammunition, Weapon::pistol},
                                                   {{}, weapon_crate, Weapon::shotgun},
                                                   {{}, weapon_crate, Weapon::rifle},
                                                   {{}, weapon_crate, Weapon::sniper},
                                                   {{}, speed_boost, Weapon::pistol},
                                                   {{}, damage_boost, Weapon::pistol},
                                                   {{}, shield, Weapon::pistol}}};
        if (const auto at = clear_place(map, cell, random)) {
            PickupSpec spec = kinds[random.below(kinds.size())];
            spec.at = *at;
            map.pickups.push_back(spec);
            spec.at = twin_of(map, *at);
            map.pickups.push_back(spec);
        }
    }
}

void add_bases(Map& map, Length left, Length right, Length middle) {
    add_base(map, Team::red, left, middle);
    add_base(map, Team::blue, right, middle);
    for (const Vec at : {Vec{80, -150}, {80, 150}, {140, -100}, {140, 100}, {200, 0}}) {
        map.spawns.push_back({units(left + at.x, middle + at.y), Team::red});
        map.spawns.push_back({units(right - at.x, middle + at.y), Team::blue});
    }
}

void keep_only_reachable(Map& map) {
    Reach reach(map);
    MUSTER_ASSERT(reach.start(map.spawns.front().at));
    std::erase_if(map.spawns, [&](const SpawnSpec& spawn) { return !reach.reached(spawn.at); });
    std::erase_if(map.pickups, [&](const PickupSpec& pickup) { return !reach.reached(pickup.at); });
    for (const Vec base : map.flag_bases) MUSTER_ASSERT(reach.reached(base));
}

}  // namespace

Result<Map> generate_map(std::uint32_t width, std::uint32_t height, std::uint64_t seed) {
    for (const auto& [side, field] : {std::pair{width, "width"}, std::pair{height, "height"}}) {
        if (side >= side_min && side <= side_max) continue;
        return fail(Errc::invalid_argument, "a map's side is between 800 and 32768 units", field);
    }
    Random random(seed);
    Map map;
    map.name = "generated " + std::to_string(width) + "x" + std::to_string(height);
    const auto wide = static_cast<Length>(width);
    const auto high = static_cast<Length>(height);
    const Length left = -(wide / 2);
    const Length top = -(high / 2);
    const Length right = left + wide;
    const Length bottom = top + high;
    map.bounds = {units(left, top), units(right, bottom)};
    add_wall(map, left, top, wide, border, 1000);
    add_wall(map, left, bottom - border, wide, border, 1000);
    add_wall(map, left, top, border, high, 1000);
    add_wall(map, right - border, top, border, high, 1000);
    const Length middle = top + high / 2;
    add_bases(map, left, right, middle);

    // The left half by the seed, the right half its mirror image: no side is better.
    const Length inner_wide = (wide - 2 * border) / 2;
    const Length inner_high = high - 2 * border;
    const Length columns = std::max(1, inner_wide / 320);
    const Length rows = std::max(1, inner_high / 240);
    for (Length row = 0; row < rows; ++row) {
        for (Length column = 0; column < columns; ++column) {
            const Cell cell{left + border + inner_wide * column / columns,
                            top + border + inner_high * row / rows,
                            left + border + inner_wide * (column + 1) / columns,
                            top + border + inner_high * (row + 1) / rows};
            const bool base = cell.left < left + base_depth &&
                              cell.bottom > middle - base_height / 2 &&
                              cell.top < middle + base_height / 2;
            if (base) continue;
            add_cover(map, cell, random);
            add_places(map, cell, random);
        }
    }
    keep_only_reachable(map);
    return map;
}

}  // namespace muster::sim
