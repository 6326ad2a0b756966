#include <gtest/gtest.h>

#include <set>
#include <string>

#include "muster/bots/bots.hpp"
#include "muster/sim/border.hpp"
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

/// A server of a world of which it has the half, with bots; and ids of its own.
struct Server {
    Server(std::uint32_t origin, std::uint16_t wanted, std::uint16_t ids = 40)
        : world(world_of(100)), bots(world, {.wanted = wanted, .reserved = 0}, origin) {
        const sim::Box all = world.map().bounds;
        sim::Box half = all;
        (origin == 1 ? half.high.x : half.low.x) = 0;
        EXPECT_TRUE(world.set_part({.origin = origin, .regions = {half}}).has_value());
        const auto first = static_cast<sim::PlayerId>(origin == 1 ? 0 : 50);
        EXPECT_TRUE(world.lend_ids(first, ids).has_value());
    }
    void run(int ticks) { bots::run(world, bots, ticks); }
    sim::PlayerId first_bot() const {
        for (const sim::PlayerId id : world.present()) {
            if (world.players()[id].bot && !world.players()[id].ghost) return id;
        }
        return sim::no_player;
    }
    std::size_t own_bots() const {
        std::size_t count = 0;
        for (const sim::PlayerId id : world.present()) {
            count += world.players()[id].bot && !world.players()[id].ghost ? 1U : 0U;
        }
        return count;
    }

    sim::World world;
    Bots bots;
};

/// Takes the first bot over the border; who it is.
sim::PlayerId carry_over(Server& from, Server& to) {
    const sim::PlayerId id = from.first_bot();
    const auto record = from.world.release(id);
    EXPECT_TRUE(record.has_value());
    EXPECT_TRUE(to.world.adopt(*record).has_value());
    return id;
}

TEST(PopulationOfAPart, SteersWhoWasAdoptedAndNobodyWhoWasReleased) {
    Server west(1, 6);
    Server east(2, 6);
    west.run(120);
    east.run(120);
    const sim::PlayerId id = carry_over(west, east);
    const sim::Player& there = east.world.players()[id];
    const sim::Player& ghost = west.world.players()[id];
    ASSERT_TRUE(ghost.ghost);
    const std::uint32_t heard = there.acknowledged;
    const std::uint32_t heard_as_ghost = ghost.acknowledged;
    const sim::Vec at = there.at;
    const sim::Vec ghost_at = ghost.at;
    bool moved = false;
    for (int i = 0; i < 100; ++i) {
        west.run(1);
        east.run(1);
        moved = moved || there.at != at;
    }
    EXPECT_EQ(east.bots.count(), 7U);
    EXPECT_EQ(west.bots.count(), 5U);
    EXPECT_GE(there.acknowledged, heard + 90);
    EXPECT_TRUE(moved);
    EXPECT_EQ(ghost.acknowledged, heard_as_ghost);
    EXPECT_EQ(ghost.at, ghost_at);
    // A ghost's inputs would wait and be consumed by whoever adopts it next.
    ASSERT_TRUE(west.world.adopt(*east.world.release(id)).has_value());
    EXPECT_TRUE(west.world.copy(id)->inputs.empty());
    west.run(30);
    EXPECT_EQ(west.bots.count(), 6U);
    EXPECT_GT(ghost.acknowledged, heard_as_ghost) << "and it comes back as an own one";
}

TEST(PopulationOfAPart, LeavesBotsToOthersWhenItAdoptsNone) {
    sim::World world = world_of(20);
    Bots bots(world, {.wanted = 3, .adopts = false}, 1);
    const auto other = world.join({.name = "Other", .bot = true});
    run(world, bots, 400);
    EXPECT_EQ(bots.count(), 3U);
    EXPECT_EQ(world.players_present(), 4U);
    EXPECT_EQ(world.players()[*other].acknowledged, 0U);
}

TEST(PopulationOfAPart, WaitsFiveSecondsForCrossingsToEvenOut) {
    Server west(1, 6);
    Server east(2, 6);
    west.run(60);
    east.run(60);
    carry_over(west, east);
    west.run(299);
    east.run(299);
    EXPECT_EQ(west.bots.count(), 5U);
    EXPECT_EQ(east.bots.count(), 7U);
    // One comes back in time: nobody had to join or leave.
    carry_over(east, west);
    west.run(400);
    east.run(400);
    EXPECT_EQ(west.bots.count(), 6U);
    EXPECT_EQ(east.bots.count(), 6U);
    EXPECT_EQ(west.own_bots(), 6U);
    carry_over(west, east);
    carry_over(west, east);
    std::int32_t lowest = 1'000'000;
    east.run(299);
    for (const sim::PlayerId id : east.world.present()) {
        const sim::Player& player = east.world.players()[id];
        if (!player.ghost) lowest = std::min(lowest, player.score);
    }
    EXPECT_EQ(east.bots.count(), 8U);
    east.run(3);
    EXPECT_EQ(east.bots.count(), 6U);
    EXPECT_EQ(east.own_bots(), 6U);
    west.run(310);
    EXPECT_EQ(west.bots.count(), 6U);
    // What somebody asks for is done at once.
    carry_over(west, east);
    east.run(1);
    east.bots.set_wanted(3);
    east.run(5);
    EXPECT_EQ(east.bots.count(), 3U);
}

TEST(PopulationOfAPart, MakesRoomByAnOwnBotWhosePlaceIsGivenHere) {
    Server west(1, 8, 8);
    Server east(2, 2);
    west.run(60);
    east.run(60);
    ASSERT_EQ(west.world.places_left(), 0U);
    // The lowest-scoring one of all is a ghost, the next one's id is the other server's.
    const sim::PlayerId guest = carry_over(east, west);
    ASSERT_TRUE(west.world
                    .pose(99, {.at = {},
                               .team = Team::red,
                               .alive = true,
                               .bot = true,
                               .health = 100,
                               .score = -10'000,
                               .name = "Bot Ghost 1"})
                    .has_value());
    west.run(1);
    ASSERT_FALSE(west.world.join({.name = "Ada", .team = Team::red}).has_value());
    const sim::PlayerId gone = west.bots.make_room(Team::red);
    EXPECT_LT(gone, 8);
    EXPECT_NE(gone, guest);
    EXPECT_TRUE(west.world.players()[99].present);
    EXPECT_TRUE(west.world.players()[guest].present);
    EXPECT_EQ(west.bots.make_room(Team::red), sim::no_player) << "there is a place now";
    EXPECT_TRUE(west.world.join({.name = "Ada", .team = Team::red}).has_value());
}

TEST(PopulationOfAPart, MakesNoRoomWithGhostsAndGuests) {
    Server west(1, 0, 2);
    Server east(2, 2);
    east.run(60);
    ASSERT_TRUE(west.world.join({.name = "Ada"}).has_value());
    ASSERT_TRUE(west.world.join({.name = "Bea"}).has_value());
    carry_over(east, west);
    west.run(1);
    ASSERT_EQ(west.bots.count(), 1U);
    EXPECT_EQ(west.bots.make_room(Team::none), sim::no_player);
    EXPECT_EQ(west.bots.count(), 1U);
}

TEST(PopulationOfAPart, MovesNobodyToTheOtherTeamForWhatItSeesOfTheRest) {
    Server west(1, 6);
    west.run(60);
    for (sim::PlayerId id = 60; id < 70; ++id) {
        ASSERT_TRUE(
            west.world
                .pose(id, {.at = {}, .team = Team::red, .alive = true, .health = 100, .name = "Cy"})
                .has_value());
    }
    std::set<sim::PlayerId> before;
    for (const sim::PlayerId id : west.world.present()) before.insert(id);
    west.run(600);
    std::set<sim::PlayerId> after;
    for (const sim::PlayerId id : west.world.present()) after.insert(id);
    EXPECT_EQ(before, after);
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
