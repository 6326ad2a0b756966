#include <gtest/gtest.h>

#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;
using Phase = Match::Phase;

TEST(Match, WaitsForSomebody) {
    Stage stage;
    stage.step(100);
    EXPECT_EQ(stage.match().phase, Phase::waiting);
    stage.enter(Team::red, {});
    EXPECT_EQ(stage.match().phase, Phase::active);
    EXPECT_EQ(stage.match().number, 1U);
}

TEST(Match, EndsWithTheThirdCaptureAndTheNextStartsFromNothing) {
    Stage stage;
    const PlayerId bob = stage.enter(Team::blue, {});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(stage.match().phase, Phase::active);
        stage.put(bob, Stage::red_base);
        stage.step();
        stage.put(bob, Stage::blue_base);
        stage.step();
    }
    EXPECT_EQ(stage.match().phase, Phase::ended);
    EXPECT_EQ(stage.match().winner, Team::blue);
    EXPECT_EQ(stage.match().scores[1], 3);
    stage.step(600);
    EXPECT_EQ(stage.match().phase, Phase::active);
    EXPECT_EQ(stage.match().number, 2U);
    EXPECT_EQ(stage.match().scores[1], 0);
    EXPECT_EQ(stage.match().winner, Team::none);
    EXPECT_EQ(stage.player(bob).score, 0);
    EXPECT_TRUE(stage.player(bob).alive);
    EXPECT_EQ(stage.count(Kind::match_ended), 1);
}

TEST(Match, EndsByTheClockAsADrawWhenNobodyLeads) {
    Stage stage({.match_length = 100});
    stage.enter(Team::red, {});
    stage.step(101);
    EXPECT_EQ(stage.match().phase, Phase::ended);
    EXPECT_EQ(stage.match().winner, Team::none);
}

TEST(Match, OfFreeForAllIsWonByTheBestPlayer) {
    Stage stage({.mode = Mode::free_for_all, .kills_to_win = 1});
    EXPECT_TRUE(stage.world.flags().empty());
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::red, place(40, 0));
    EXPECT_EQ(stage.player(ann).team, Team::none);
    stage.player(bob).health = 1;
    stage.act(ann, Input::strike, right);
    EXPECT_EQ(stage.match().phase, Phase::ended);
    EXPECT_EQ(stage.match().winning_player, ann);
}

TEST(Match, OfFreeForAllIsADrawWhenTheBestAreEqual) {
    Stage stage({.mode = Mode::free_for_all, .match_length = 100});
    const PlayerId ann = stage.enter(Team::none, {});
    const PlayerId bob = stage.enter(Team::none, place(40, 0));
    stage.player(ann).score = 100;
    stage.player(bob).score = 100;
    stage.step(101);
    EXPECT_EQ(stage.match().phase, Phase::ended);
    EXPECT_EQ(stage.match().winning_player, no_player);
}

TEST(Match, OfTeamsCountsTheKillsOfEnemies) {
    Stage stage({.mode = Mode::team_deathmatch, .kills_to_win = 2});
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    for (int i = 0; i < 2; ++i) {
        stage.step(400);
        stage.put(bob, place(40, 0));
        stage.player(bob).health = 1;
        stage.act(ann, Input::strike, right);
    }
    EXPECT_EQ(stage.match().scores[0], 2);
    EXPECT_EQ(stage.match().winner, Team::red);
}

TEST(Match, HurtsNobodyAfterItsEnd) {
    Stage stage({.match_length = 100});
    const PlayerId ann = stage.enter(Team::red, {});
    const PlayerId bob = stage.enter(Team::blue, place(40, 0));
    stage.step(101);
    stage.act(ann, Input::strike | Input::fire, right);
    stage.step(10);
    EXPECT_EQ(stage.player(bob).health, 100);
    EXPECT_EQ(stage.count(Kind::shot), 0);
}

TEST(Match, WaitsAgainWhenEverybodyHasLeft) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.world.leave(ann);
    stage.step();
    EXPECT_EQ(stage.match().phase, Phase::waiting);
}

TEST(Spawning, PrefersTheOwnBaseAndKeepsOffTheEnemys) {
    World world(classic_arena(1), {.players_max = 40}, 1);
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(world.join({.name = "", .team = Team::red}).has_value());
    }
    world.step();
    for (const Player& player : world.players()) {
        ASSERT_TRUE(player.alive);
        ASSERT_TRUE(world.is_free(player.at, player_radius));
        ASSERT_TRUE(player.at.x < 560 * unit || std::abs(player.at.y) > 200 * unit);
        ASSERT_GT(player.protected_until, world.tick());
    }
}

TEST(Spawning, KeepsAwayFromEnemies) {
    int far = 0;
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        Map map = classic_arena(1);
        map.spawns = {{place(-300, 0), Team::none},  {place(0, 0), Team::none},
                      {place(0, 60), Team::none},    {place(0, -60), Team::none},
                      {place(-330, 30), Team::none}, {place(-330, -30), Team::none}};
        Stage stage({.mode = Mode::free_for_all});
        stage.world = World(map, {.mode = Mode::free_for_all}, seed);
        stage.enter(Team::none, place(40, 0));
        stage.step(15);
        const PlayerId bob = stage.world.join({}).value();
        stage.step();
        far += stage.player(bob).at.x < -200 * unit ? 1 : 0;
    }
    EXPECT_EQ(far, 6);
}

TEST(Spawning, SpreadsACrowdOverTicks) {
    World world(classic_arena(1), {.players_max = 1000}, 1);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(world.join({}).has_value());
    const auto alive = [&] { return std::ranges::count(world.players(), true, &Player::alive); };
    world.step();
    EXPECT_EQ(alive(), 64);
    for (int i = 0; i < 15; ++i) world.step();
    EXPECT_EQ(alive(), 1000);
}

}  // namespace
}  // namespace muster::sim
