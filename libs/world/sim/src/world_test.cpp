#include <gtest/gtest.h>

#include "muster/sim/world.hpp"

namespace muster::sim {
namespace {

World arena(Rules rules = {}) {
    return {classic_arena(1), rules, 1};
}

TEST(World, SpawnsWhoJoinedInTheNextStep) {
    World world = arena();
    const PlayerId id = world.join({.name = "Ann"}).value();
    EXPECT_FALSE(world.players()[id].alive);
    world.step();
    EXPECT_TRUE(world.players()[id].alive);
    EXPECT_EQ(world.match().phase, Match::Phase::active);
}

TEST(World, MovesAPlayerByTheDirectionsPressed) {
    World world = arena();
    const PlayerId id = world.join({.name = "Ann"}).value();
    world.step();
    const Vec before = world.players()[id].at;
    world.submit(id, {.sequence = 1, .buttons = Input::right});
    world.step();
    EXPECT_EQ(world.players()[id].at, before + Vec(640, 0));
    EXPECT_EQ(world.players()[id].acknowledged, 1U);
}

}  // namespace
}  // namespace muster::sim
