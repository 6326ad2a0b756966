#include "fields.hpp"

#include <gtest/gtest.h>

#include "test_maps.hpp"

namespace muster::bots {
namespace {

using sim::unit;
using sim::Vec;

// Steps from a cell to the goal by the field; -1 when it leads nowhere.
int steps_to_goal(Fields& fields, const Grid& grid, GoalId goal, Cell cell) {
    for (int steps = 0; steps < 5000; ++steps) {
        const std::uint8_t says = fields.toward(goal, cell);
        if (says == field_arrived) return steps;
        if (says >= 8 || !grid.has_exit(cell, says)) return -1;
        cell = grid.neighbour(cell, says);
    }
    return -1;
}

TEST(Fields, LeadFromEveryCellThatCanReachTheGoalToIt) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const sim::Map map = scattered_map(1200, 1000, 40, seed);
        const Grid grid(map);
        Fields fields(grid);
        const GoalId goal = fields.add({600 * unit, 500 * unit}, Fields::Extent::whole);
        fields.finish();
        std::size_t led = 0;
        for (Cell cell = 0; cell < grid.size(); ++cell) {
            if (fields.toward(goal, cell) == field_unknown) continue;
            ASSERT_GE(steps_to_goal(fields, grid, goal, cell), 0) << seed << ' ' << cell;
            ++led;
        }
        EXPECT_GT(led, grid.size() / 2) << seed;
    }
}

TEST(Fields, TakeTheShortWay) {
    const Grid grid(empty_map(1600, 1200));
    Fields fields(grid);
    const GoalId goal = fields.add({1520 * unit, 592 * unit}, Fields::Extent::whole);
    fields.finish();
    // 32 units a cell: straight along a row.
    EXPECT_EQ(steps_to_goal(fields, grid, goal, grid.at({48 * unit, 592 * unit})), 46);
}

TEST(Fields, AreComputedWithinTheBudgetOfEachTick) {
    const Grid grid(empty_map(1600, 1200));
    Fields fields(grid);
    const GoalId goal = fields.add({100 * unit, 600 * unit}, Fields::Extent::whole);
    fields.finish();
    const Cell from = grid.at({800 * unit, 600 * unit});
    ASSERT_EQ(fields.toward(goal, from), 4);
    fields.move(goal, {1500 * unit, 600 * unit});
    // 1,900 cells and their clearing, 200 a tick; until then the old one serves.
    sim::Tick ticks = 0;
    for (; fields.toward(goal, from) == 4 && ticks < 100; ++ticks) fields.work(1000 + ticks, 200);
    EXPECT_GE(ticks, 9U);
    EXPECT_LE(ticks, 12U);
}

TEST(Fields, FollowAGoalThatWalks) {
    const Grid grid(empty_map(1600, 1200));
    Fields fields(grid);
    const GoalId flag = fields.add({100 * unit, 600 * unit}, Fields::Extent::whole);
    fields.finish();
    const Cell middle = grid.at({800 * unit, 600 * unit});
    EXPECT_EQ(fields.toward(flag, middle), 4);
    fields.move(flag, {1500 * unit, 600 * unit});
    for (sim::Tick tick = 1; tick < 100; ++tick) {
        fields.work(tick, 500);
        static_cast<void>(fields.toward(flag, middle));
    }
    EXPECT_EQ(fields.toward(flag, middle), 0);
}

TEST(Fields, LeadRoundAWallThatReturnedAndThroughOneThatFell) {
    sim::Map map = empty_map(1600, 1200);
    map.walls.push_back(
        {.box = {{800 * unit, 0}, {820 * unit, 1100 * unit}}, .destructible = true});
    Grid grid(map);
    Fields fields(grid);
    const GoalId goal = fields.add({1500 * unit, 100 * unit}, Fields::Extent::whole);
    fields.finish();
    const Cell from = grid.at({100 * unit, 100 * unit});
    const int round = steps_to_goal(fields, grid, goal, from);
    grid.set_standing(0, false);
    const auto settle = [&](sim::Tick begin) {
        for (sim::Tick tick = begin; tick < begin + 100; ++tick) {
            static_cast<void>(fields.toward(goal, from));
            fields.work(tick, 500);
        }
    };
    settle(100);
    const int through = steps_to_goal(fields, grid, goal, from);
    EXPECT_GT(round, 60);
    EXPECT_GT(through, 0);
    EXPECT_LT(through, 50);
    grid.set_standing(0, true);
    settle(300);
    EXPECT_EQ(steps_to_goal(fields, grid, goal, from), round);
}

TEST(Fields, TheManyAreKeptInABoundedNumberOfPlacesAndTheUnusedGoFirst) {
    const Grid grid(empty_map(320, 320));
    Fields fields(grid);
    constexpr std::size_t many = Fields::slots_max + 40;
    for (std::size_t i = 0; i < many; ++i) {
        const auto at = static_cast<sim::Length>(20 + i % 280);
        fields.add({at * unit, at * unit}, Fields::Extent::near);
    }
    fields.finish();
    const auto known = [&](std::size_t goal) {
        return fields.toward(static_cast<GoalId>(goal), 0) != field_unknown;
    };
    const auto known_of_all = [&] {
        std::size_t count = 0;
        for (std::size_t i = 0; i < many; ++i) count += known(i) ? 1 : 0;
        return count;
    };
    static_cast<void>(known_of_all());
    sim::Tick tick = 0;
    for (; tick < 40; ++tick) fields.work(tick, 10'000);
    EXPECT_EQ(known_of_all(), Fields::slots_max);
    // Those without a place are the last; they get one when others were not asked for in 5 s.
    for (; tick < 420; ++tick) {
        fields.work(tick, 10'000);
        for (std::size_t i = many - 40; i < many; ++i) static_cast<void>(known(i));
    }
    for (std::size_t i = many - 40; i < many; ++i) EXPECT_TRUE(known(i)) << i;
}

TEST(Fields, OfOneRegionAreLimitedToIt) {
    const Grid grid(empty_map(8000, 6000));
    Fields fields(grid);
    const GoalId goal = fields.add({4000 * unit, 3000 * unit}, Fields::Extent::near);
    fields.finish();
    EXPECT_TRUE(fields.covers(goal, {3100 * unit, 3000 * unit}));
    EXPECT_FALSE(fields.covers(goal, {2000 * unit, 3000 * unit}));
    static_cast<void>(fields.toward(goal, 0));
    for (sim::Tick tick = 1; tick < 10; ++tick) fields.work(tick, 2000);
    EXPECT_EQ(fields.toward(goal, grid.at({3100 * unit, 3000 * unit})), 0);
    EXPECT_EQ(fields.toward(goal, grid.at({2000 * unit, 3000 * unit})), field_unknown);
}

}  // namespace
}  // namespace muster::bots
