#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "flow_field.hpp"
#include "grid.hpp"
#include "muster/sim/map.hpp"

/// Maps for the tests of ways.
namespace muster::bots {

inline sim::Map empty_map(int width, int height) {
    sim::Map map;
    map.name = "test";
    map.bounds = {{0, 0}, {width * sim::unit, height * sim::unit}};
    map.flag_bases = {sim::Vec{100 * sim::unit, height / 2 * sim::unit},
                      sim::Vec{(width - 100) * sim::unit, height / 2 * sim::unit}};
    return map;
}

/// Boxes of 15 to 90 units at whole-number places; a generator of its own, so that these tests
/// need nothing but a map.
inline sim::Map scattered_map(int width, int height, int walls, std::uint64_t seed) {
    sim::Map map = empty_map(width, height);
    std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
    const auto below = [&](int n) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return static_cast<sim::Length>(state % static_cast<std::uint64_t>(n));
    };
    for (int i = 0; i < walls; ++i) {
        const sim::Vec low{below(width - 100) * sim::unit, below(height - 100) * sim::unit};
        const sim::Vec high{low.x + (15 + below(75)) * sim::unit,
                            low.y + (15 + below(75)) * sim::unit};
        map.walls.push_back({.box = {low, high}});
    }
    return map;
}

inline bool is_connected(const Grid& grid, sim::Vec from, sim::Vec to) {
    FieldBuilder builder(grid, grid.size());
    const Cell goal = grid.open_near(to);
    if (goal == no_cell) return false;
    builder.start(goal, {0, 0, grid.columns(), grid.rows()});
    std::uint32_t budget = std::numeric_limits<std::uint32_t>::max();
    return builder.work(budget) && builder.directions()[grid.at(from)] != field_unknown;
}

}  // namespace muster::bots
