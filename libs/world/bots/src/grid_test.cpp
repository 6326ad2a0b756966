#include "grid.hpp"

#include <gtest/gtest.h>

#include "muster/sim/rules.hpp"
#include "test_maps.hpp"

namespace muster::bots {
namespace {

using sim::Length;
using sim::unit;
using sim::Vec;

// Whether a circle at `at` touches a standing wall or the border: the plain definition.
bool touches(const sim::Map& map, const Grid& grid, Vec at, Length radius) {
    if (at.x - radius < map.bounds.low.x || at.x + radius > map.bounds.high.x ||
        at.y - radius < map.bounds.low.y || at.y + radius > map.bounds.high.y) {
        return true;
    }
    for (std::size_t i = 0; i < map.walls.size(); ++i) {
        if (!grid.is_standing(static_cast<std::uint16_t>(i))) continue;
        const sim::Box& box = map.walls[i].box;
        const Vec nearest{std::clamp(at.x, box.low.x, box.high.x),
                          std::clamp(at.y, box.low.y, box.high.y)};
        if (sim::distance_squared(at, nearest) < std::int64_t{radius} * radius) return true;
    }
    return false;
}

TEST(Grid, EveryExitOfAnOpenCellIsAWalkThatTouchesNoWall) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        const sim::Map map = scattered_map(800, 600, 24, seed);
        const Grid grid(map);
        std::size_t exits = 0;
        for (Cell cell = 0; cell < grid.size(); ++cell) {
            if (!grid.open(cell)) continue;
            for (Way way = 0; way < 8; ++way) {
                if (!grid.has_exit(cell, way)) continue;
                ++exits;
                if (grid.exits(cell) == 0xff && cell % 4 != 0) continue;
                const Vec from = grid.centre(cell);
                const Vec to = grid.centre(grid.neighbour(cell, way));
                for (int i = 0; i <= 8; ++i) {
                    const Vec at{from.x + (to.x - from.x) * i / 8,
                                 from.y + (to.y - from.y) * i / 8};
                    ASSERT_FALSE(touches(map, grid, at, sim::player_radius))
                        << "seed " << seed << " cell " << cell << " way " << int{way};
                }
            }
        }
        EXPECT_GT(exits, grid.size()) << "seed " << seed;
    }
}

TEST(Grid, AGapOfOneSideMoreThanAPlayerIsFoundWhereverItLies) {
    for (int shift = 0; shift < 40; shift += 2) {
        sim::Map map = empty_map(800, 640);
        // A wall across, with a gap of 66 units: a side, a player, and what it keeps from walls.
        const Length x = 390 * unit;
        const Length gap = (200 + shift) * unit;
        map.walls.push_back({.box = {{x, 0}, {x + 20 * unit, gap}}});
        map.walls.push_back({.box = {{x, gap + 66 * unit}, {x + 20 * unit, 640 * unit}}});
        const Grid grid(map);
        EXPECT_TRUE(is_connected(grid, {100 * unit, 100 * unit}, {700 * unit, 600 * unit}))
            << shift;
    }
}

TEST(Grid, AGapThatNoPlayerFitsThroughIsNoWay) {
    for (int shift = 0; shift < 40; shift += 2) {
        sim::Map map = empty_map(800, 640);
        const Length x = 390 * unit;
        const Length gap = (200 + shift) * unit;
        map.walls.push_back({.box = {{x, 0}, {x + 20 * unit, gap}}});
        map.walls.push_back({.box = {{x, gap + 28 * unit}, {x + 20 * unit, 640 * unit}}});
        const Grid grid(map);
        EXPECT_FALSE(is_connected(grid, {100 * unit, 100 * unit}, {700 * unit, 600 * unit}))
            << shift;
    }
}

TEST(Grid, AWallThatFallsAndReturnsLeavesTheGridAsAFreshOne) {
    sim::Map map = scattered_map(900, 700, 30, 3);
    for (auto& wall : map.walls) wall.destructible = true;
    Grid grid(map);
    const Grid whole(map);
    const std::uint32_t before = grid.version();
    for (std::uint16_t wall = 0; wall < 30; wall += 3) grid.set_standing(wall, false);
    EXPECT_NE(grid.version(), before);
    sim::Map fewer = map;
    fewer.walls.clear();
    for (std::size_t i = 0; i < map.walls.size(); ++i) {
        if (i >= 30 || i % 3 != 0) fewer.walls.push_back(map.walls[i]);
    }
    const Grid without(fewer);
    std::size_t opened = 0;
    for (Cell cell = 0; cell < grid.size(); ++cell) {
        ASSERT_EQ(grid.exits(cell), without.exits(cell)) << cell;
        ASSERT_EQ(grid.open(cell), without.open(cell)) << cell;
        opened += grid.exits(cell) != whole.exits(cell) ? 1 : 0;
    }
    EXPECT_GT(opened, 10U);
    for (std::uint16_t wall = 0; wall < 30; wall += 3) grid.set_standing(wall, true);
    for (Cell cell = 0; cell < grid.size(); ++cell) {
        ASSERT_EQ(grid.exits(cell), whole.exits(cell)) << cell;
    }
}

TEST(Grid, WhoStandsBesideAWallStillFindsAWayOut) {
    // Wherever a player can stand, the cell has an exit.
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        const sim::Map map = scattered_map(1000, 800, 25, seed);
        const Grid grid(map);
        std::size_t stood = 0;
        std::size_t without = 0;
        for (Length y = 20 * unit; y < 780 * unit; y += 11 * unit) {
            for (Length x = 20 * unit; x < 980 * unit; x += 9 * unit) {
                if (touches(map, grid, {x, y}, sim::player_radius)) continue;
                ++stood;
                without += grid.exits(grid.at({x, y})) == 0 ? 1 : 0;
            }
        }
        EXPECT_GT(stood, 1000U);
        // Pockets between scattered walls, narrower than a cell, are no places to go to.
        EXPECT_LE(without * 80, stood) << "seed " << seed;
    }
}

TEST(Grid, TheLargestMapHasABoundedNumberOfCells) {
    const Grid small(empty_map(1600, 1200));
    EXPECT_EQ(small.side(), 32 * unit);
    const Grid large(empty_map(32'768, 32'768));
    EXPECT_EQ(large.side(), 48 * unit);
    EXPECT_EQ(large.size(), 466'489U);
}

TEST(Grid, WaysAreTheClosestOfEight) {
    EXPECT_EQ(way_of({100, 0}), 0);
    EXPECT_EQ(way_of({100, 90}), 1);
    EXPECT_EQ(way_of({10, 100}), 2);
    EXPECT_EQ(way_of({-100, 100}), 3);
    EXPECT_EQ(way_of({-100, -10}), 4);
    EXPECT_EQ(way_of({-100, -100}), 5);
    EXPECT_EQ(way_of({0, -100}), 6);
    EXPECT_EQ(way_of({100, -100}), 7);
}

}  // namespace
}  // namespace muster::bots
