#include <gtest/gtest.h>

#include "muster/sim/border.hpp"
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

bool is_in(const Box& box, Vec at) {
    return at.x >= box.low.x && at.x < box.high.x && at.y >= box.low.y && at.y < box.high.y;
}

/// Where so many are born who join a world that has this region, and again when they died.
std::vector<Vec> births(World& world, const Box& region, std::size_t count) {
    EXPECT_TRUE(world.set_part({.origin = 1, .regions = {region}}).has_value());
    for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(world.join({}).has_value());
    world.step();
    std::vector<Vec> out;
    for (const Player& player : world.players()) {
        if (!player.present) continue;
        EXPECT_TRUE(player.alive);
        EXPECT_TRUE(is_in(region, player.at)) << player.at.x << ' ' << player.at.y;
        EXPECT_TRUE(world.is_free(player.at, player_radius));
        out.push_back(player.at);
    }
    EXPECT_EQ(out.size(), count);
    return out;
}

TEST(Spawning, IsAtTheSpawnsOfOwnRegions) {
    for (const Mode mode : {Mode::free_for_all, Mode::capture_the_flag}) {
        const Map map = classic_arena(1);
        const Box west{map.bounds.low, {0, map.bounds.high.y}};
        World world(map, {.mode = mode, .players_max = 60}, 1);
        for (const Vec at : births(world, west, 60)) {
            if (mode != Mode::free_for_all) continue;
            EXPECT_TRUE(std::ranges::any_of(map.spawns, [&](const SpawnSpec& spec) {
                return is_in(west, spec.at) && std::abs(spec.at.x - at.x) <= 40 * unit &&
                       std::abs(spec.at.y - at.y) <= 40 * unit;
            }));
        }
        // When regions move, so does where everybody is born.
        const Box east{{0, map.bounds.low.y}, map.bounds.high};
        ASSERT_TRUE(world.set_part({.origin = 1, .regions = {east}}).has_value());
        for (PlayerId id = 0; id < 60; ++id) world.leave(id);
        births(world, east, 60);
    }
}

TEST(Spawning, FindsFreePlacesInRegionsWithoutASpawn) {
    Map map = classic_arena(1);
    std::erase_if(map.spawns, [](const SpawnSpec& spec) { return spec.at.x < 0; });
    const Box west{map.bounds.low, {0, map.bounds.high.y}};
    World world(map, {.mode = Mode::free_for_all, .players_max = 300}, 1);
    const auto born = births(world, west, 64);
    // Not all at one place.
    const auto [least, most] = std::ranges::minmax(born, {}, &Vec::x);
    EXPECT_GT(most.x - least.x, 400 * unit);
    World again(map, {.mode = Mode::free_for_all, .players_max = 300}, 1);
    EXPECT_EQ(births(again, west, 64), born);
    EXPECT_EQ(again.hash(), world.hash());
    // In a corner, too, and in a region of which only a little is on the map.
    World corner(map, {.players_max = 20}, 1);
    births(corner, {map.bounds.low, map.bounds.low + place(90, 90)}, 20);
    World edge(map, {.players_max = 20}, 1);
    births(edge, {map.bounds.low - place(5000, 5000), map.bounds.low + place(60, 400)}, 20);
}

TEST(Spawning, FindsPlacesForTheTeamThatHasNoSpawnInARegion) {
    Map map = classic_arena(1);
    std::erase_if(map.spawns, [](const SpawnSpec& spec) { return spec.team == Team::none; });
    const Box west{map.bounds.low, {-300 * unit, map.bounds.high.y}};
    World world(map, {.players_max = 40}, 1);
    births(world, west, 40);
    for (const Player& player : world.players()) {
        if (player.team != Team::red) continue;
        EXPECT_TRUE(std::ranges::any_of(map.spawns, [&](const SpawnSpec& spec) {
            return spec.team == Team::red && std::abs(spec.at.x - player.at.x) <= 40 * unit &&
                   std::abs(spec.at.y - player.at.y) <= 40 * unit;
        })) << "red has its own";
    }
}

TEST(Spawning, IsAnywhereWhenARegionHasNoFreePlace) {
    Stage stage({.mode = Mode::free_for_all}, {wall(-900, -900, 200, 200)});
    ASSERT_TRUE(
        stage.world.set_part({.origin = 1, .regions = {{place(-850, -850), place(-750, -750)}}})
            .has_value());
    const PlayerId ann = stage.world.join({}).value();
    stage.step();
    EXPECT_TRUE(stage.player(ann).alive);
}

}  // namespace
}  // namespace muster::sim
