#include <gtest/gtest.h>

#include <set>
#include <string>

#include "muster/bots/bots.hpp"
#include "names.hpp"

namespace muster::bots {
namespace {

using sim::Mode;
using sim::Team;

sim::World world_of(std::uint16_t places, Mode mode = Mode::capture_the_flag) {
    sim::Rules rules;
    rules.mode = mode;
    rules.players_max = places;
    return {sim::classic_arena(1), rules, 1};
}

void run(sim::World& world, Bots& bots, int ticks) {
    for (int i = 0; i < ticks; ++i) {
        bots.think();
        world.step();
    }
}

std::array<int, 3> sizes(const sim::World& world) {
    std::array<int, 3> sizes{};
    for (const sim::PlayerId id : world.present()) {
        ++sizes[static_cast<std::size_t>(world.players()[id].team)];
    }
    return sizes;
}

TEST(Population, ComesAFewATickUntilAsManyAreThereAsWanted) {
    sim::World world = world_of(100);
    Bots bots(world, {.wanted = 60}, 1);
    run(world, bots, 1);
    EXPECT_GE(bots.count(), 1U);
    EXPECT_LE(bots.count(), 5U);
    run(world, bots, 30);
    EXPECT_EQ(bots.count(), 60U);
    EXPECT_EQ(sizes(world)[1], 30);
    EXPECT_EQ(sizes(world)[2], 30);
    bots.set_wanted(10);
    run(world, bots, 30);
    EXPECT_EQ(bots.count(), 10U);
    EXPECT_EQ(sizes(world)[1], 5);
    EXPECT_EQ(sizes(world)[2], 5);
}

TEST(Population, LeavesReservedPlacesFreeForPeople) {
    sim::World world = world_of(20);
    Bots bots(world, {.wanted = 100, .reserved = 3}, 1);
    run(world, bots, 30);
    EXPECT_EQ(world.players_present(), 17U);
    // As people come, bots go, so that the next ones find a place too.
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.join({.name = "Ada"}).has_value());
    run(world, bots, 30);
    EXPECT_EQ(world.players_present(), 17U);
    EXPECT_EQ(bots.count(), 14U);
}

TEST(Population, MakesRoomForAPersonByTheLowestScoringBotOfTheTeam) {
    sim::World world = world_of(12, Mode::team_deathmatch);
    Bots bots(world, {.wanted = 12, .reserved = 0}, 1);
    run(world, bots, 1200);
    ASSERT_EQ(world.players_present(), 12U);
    std::int32_t lowest = 1'000'000;
    for (const sim::PlayerId id : world.present()) {
        const sim::Player& player = world.players()[id];
        if (player.team == Team::blue) lowest = std::min(lowest, player.score);
    }
    std::vector<sim::Player> before(world.players().begin(), world.players().end());
    const sim::PlayerId gone = bots.make_room(Team::blue);
    ASSERT_NE(gone, sim::no_player);
    EXPECT_FALSE(world.players()[gone].present);
    EXPECT_EQ(before[gone].team, Team::blue);
    EXPECT_EQ(before[gone].score, lowest);
    EXPECT_EQ(bots.count(), 11U);
    // There is room now: nobody else has to go.
    EXPECT_EQ(bots.make_room(Team::blue), sim::no_player);
}

TEST(Population, MakesNoRoomWhenPeopleDoNotGoFirstOrNoBotIsThere) {
    sim::World world = world_of(6);
    Bots second(world, {.wanted = 6, .reserved = 0, .people_first = false}, 1);
    run(world, second, 10);
    EXPECT_EQ(second.make_room(Team::red), sim::no_player);
    sim::World full = world_of(2);
    Bots none(full, {.wanted = 2}, 1);
    ASSERT_TRUE(full.join({.name = "Ada"}).has_value());
    ASSERT_TRUE(full.join({.name = "Bea"}).has_value());
    EXPECT_EQ(none.make_room(Team::red), sim::no_player);
}

TEST(Population, BalancesTheTeamsWhenPeopleLeave) {
    sim::World world = world_of(40);
    Bots bots(world, {.wanted = 20, .reserved = 0}, 1);
    std::vector<sim::PlayerId> people;
    for (int i = 0; i < 8; ++i) {
        const auto id = world.join({.name = "P", .team = Team::red});
        ASSERT_TRUE(id.has_value());
        people.push_back(*id);
    }
    run(world, bots, 60);
    EXPECT_EQ(sizes(world)[1], sizes(world)[2]);
    for (const sim::PlayerId id : people) world.leave(id);
    run(world, bots, 1200);
    EXPECT_EQ(bots.count(), 20U);
    EXPECT_LE(std::abs(sizes(world)[1] - sizes(world)[2]), 1);
}

TEST(Population, ForgetsABotThatSomebodyElseRemoved) {
    sim::World world = world_of(10);
    Bots bots(world, {.wanted = 4, .reserved = 0}, 1);
    run(world, bots, 10);
    world.leave(world.present().front());
    run(world, bots, 60);
    EXPECT_EQ(bots.count(), 4U);
    EXPECT_EQ(world.players_present(), 4U);
}

TEST(Population, HasNamesThatNobodyTakesForAPersons) {
    std::set<std::string> names;
    std::set<std::string> first;
    for (std::uint32_t i = 0; i < 7'200; ++i) {
        const std::string name = bot_name(i);
        EXPECT_LE(name.size(), 24U);
        EXPECT_EQ(name.substr(0, 4), "Bot ");
        names.insert(name);
        first.insert(name.substr(4, name.rfind(' ') - 4));
    }
    EXPECT_EQ(names.size(), 7'200U);
    EXPECT_GE(first.size(), 60U);
}

}  // namespace
}  // namespace muster::bots
