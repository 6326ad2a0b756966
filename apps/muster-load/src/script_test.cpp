#include "script.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "muster/sim/input.hpp"

namespace muster::load {
namespace {

constexpr Ground arena{-800, -600, 1'600, 1'200};

struct Walk {
    double x = 0, y = 0;
    double farthest = 0, nearest_to_middle = 1e9;
    int fired = 0, steps = 0;
};

// Moves as the simulation would without walls: 2.5 units a tick along an axis.
Walk walk(Script& script, Walk walk, int ticks) {
    for (int i = 0; i < ticks; ++i) {
        const sim::Vec at{static_cast<sim::Length>(walk.x * sim::unit),
                          static_cast<sim::Length>(walk.y * sim::unit)};
        const auto step = script.next(at);
        const auto held = [&](unsigned button) { return (step.buttons & button) != 0 ? 1 : 0; };
        walk.x += 2.5 * (held(sim::Input::right) - held(sim::Input::left));
        walk.y += 2.5 * (held(sim::Input::down) - held(sim::Input::up));
        walk.fired += held(sim::Input::fire);
        ++walk.steps;
        walk.farthest = std::max(walk.farthest, std::hypot(walk.x, walk.y));
        walk.nearest_to_middle = std::min(walk.nearest_to_middle, std::hypot(walk.x, walk.y));
    }
    return walk;
}

TEST(Script, WalksAboutTheWholeMapAndStaysOnIt) {
    double least_x = 0, most_x = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Script script(Pattern::uniform, seed, arena);
        Walk here;
        for (int i = 0; i < 40; ++i) {
            here = walk(script, here, 60);
            EXPECT_LE(std::abs(here.x), 800);
            EXPECT_LE(std::abs(here.y), 600);
            least_x = std::min(least_x, here.x);
            most_x = std::max(most_x, here.x);
        }
        EXPECT_GT(here.fired, 0);
        EXPECT_LT(here.fired, here.steps / 2);
    }
    EXPECT_LT(least_x, -600);
    EXPECT_GT(most_x, 600);
}

TEST(Script, ACrowdGathersInTheMiddleAndStays) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Script script(Pattern::crowd, seed, arena);
        Walk here;
        here.x = -750;
        here.y = 550;
        here = walk(script, here, 600);
        here.farthest = 0;
        here = walk(script, here, 600);
        EXPECT_LT(here.farthest, 160) << "seed " << seed;
    }
}

TEST(Script, GivesUpOnAPlaceThatAWallKeepsItFrom) {
    Script script(Pattern::uniform, 5, arena);
    std::uint8_t first = 0;
    bool changed = false;
    for (int i = 0; i < 600; ++i) {
        const auto step = script.next({0, 0});  // never moves
        const auto ways = static_cast<std::uint8_t>(step.buttons & 15U);
        if (i == 0) first = ways;
        changed = changed || (ways != first && ways != 0);
    }
    EXPECT_TRUE(changed);
}

// Past a wall that leaves a way at either end, and straight where there is none.
TEST(Script, AWalkGoesAcrossTheWholeMapToAndFroRoundWhatIsInTheWay) {
    int turns_along_x = 0, turns_along_y = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Script script(Pattern::walk, seed, arena);
        double x = -700, y = 0;
        int far_x = 0, far_y = 0, passed = 0;
        for (int i = 0; i < 60 * 120; ++i) {
            const auto step = script.next(
                {static_cast<sim::Length>(x * sim::unit), static_cast<sim::Length>(y * sim::unit)});
            const auto held = [&](unsigned button) {
                return (step.buttons & button) != 0 ? 2.5 : 0.0;
            };
            const auto is_wall = [](double at_x, double at_y) {
                return std::abs(at_x) < 20 && std::abs(at_y) < 200;
            };
            const double to_x = x + held(sim::Input::right) - held(sim::Input::left);
            const double before = x;
            if (!is_wall(to_x, y)) x = to_x;
            const double to_y = y + held(sim::Input::down) - held(sim::Input::up);
            if (!is_wall(x, to_y)) y = to_y;
            passed += (before < 0) != (x < 0) ? 1 : 0;
            const int side_x = x > 600 ? 1 : x < -600 ? -1 : 0;
            const int side_y = y > 450 ? 1 : y < -450 ? -1 : 0;
            turns_along_x += side_x != 0 && side_x != far_x ? 1 : 0;
            turns_along_y += side_y != 0 && side_y != far_y ? 1 : 0;
            far_x = side_x != 0 ? side_x : far_x;
            far_y = side_y != 0 ? side_y : far_y;
            ASSERT_LE(std::abs(x), 800);
            ASSERT_LE(std::abs(y), 600);
        }
        EXPECT_GT(passed, 2) << "seed " << seed;
    }
    // Two minutes are some eleven widths of the map.
    EXPECT_GT(turns_along_x, 30 * 3);
    EXPECT_GT(turns_along_y, 30 * 3);
}

TEST(Script, IsTheSameBySeed) {
    const auto play = [](std::uint64_t seed) {
        Script script(Pattern::uniform, seed, arena);
        const auto end = walk(script, {}, 500);
        return std::pair(end.x, end.y);
    };
    EXPECT_EQ(play(3), play(3));
    EXPECT_NE(play(3), play(4));
}

}  // namespace
}  // namespace muster::load
