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
