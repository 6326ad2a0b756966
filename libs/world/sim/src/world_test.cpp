#include "muster/sim/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "invariants.hpp"
#include "scripted_players.hpp"
#include "stage.hpp"

namespace {
std::size_t allocations = 0;
}  // namespace

// Counts what this test program allocates, to show that a step allocates nothing.
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace muster::sim {
namespace {

TEST(World, SpawnsWhoJoinedInTheNextStep) {
    World world(classic_arena(1), {}, 1);
    const PlayerId id = world.join({.name = "Ann"}).value();
    EXPECT_TRUE(world.players()[id].present);
    EXPECT_FALSE(world.players()[id].alive);
    world.step();
    EXPECT_TRUE(world.players()[id].alive);
    EXPECT_EQ(world.events().front().kind, Event::Kind::joined);
}

TEST(World, PutsWhoDoesNotChooseIntoTheSmallerTeam) {
    World world(classic_arena(1), {}, 1);
    const auto team_of = [&](Team wish) {
        return world.players()[world.join({.name = "", .team = wish}).value()].team;
    };
    EXPECT_EQ(team_of(Team::none), Team::red);
    EXPECT_EQ(team_of(Team::none), Team::blue);
    EXPECT_EQ(team_of(Team::blue), Team::blue);
    EXPECT_EQ(team_of(Team::none), Team::red);
    EXPECT_EQ(team_of(Team::none), Team::red);
}

TEST(World, IsFullAtPlayersMaxAndGivesTheOldestFreeId) {
    World world(classic_arena(1), {.players_max = 3}, 1);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.join({}).has_value());
    EXPECT_EQ(world.join({}).error().code, Errc::exhausted);
    const std::uint8_t generation = world.players()[2].generation;
    world.leave(2);
    world.leave(0);
    EXPECT_EQ(world.present().size(), 1U);
    EXPECT_EQ(world.join({}).value(), 2);
    EXPECT_NE(world.players()[2].generation, generation);
    EXPECT_EQ(world.join({}).value(), 0);
    EXPECT_TRUE(std::ranges::is_sorted(world.present()));
}

TEST(World, NamesWhoHasNoName) {
    World world(classic_arena(1), {}, 1);
    EXPECT_EQ(world.name_of(world.join({.name = "\x01\x02"}).value()), "Player 1");
    EXPECT_EQ(world.name_of(world.join({.name = "Bob"}).value()), "Bob");
}

TEST(Inputs, MoveByTheDirectionsPressed) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.act(ann, Input::right);
    EXPECT_EQ(stage.player(ann).at, Vec(640, 0));
    EXPECT_EQ(stage.player(ann).velocity, Vec(640, 0));
    EXPECT_EQ(stage.player(ann).acknowledged, 1U);
}

TEST(Inputs, ThatAreReplayedOrOutOfOrderChangeNothing) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.step(12);
    for (const std::uint32_t sequence : {5U, 5U, 4U, 0U, 5U}) {
        stage.world.submit(ann, {.sequence = sequence, .buttons = Input::right});
    }
    stage.step(5);
    EXPECT_EQ(stage.player(ann).at, Vec(640, 0));
    EXPECT_EQ(stage.player(ann).acknowledged, 5U);
}

TEST(Inputs, OfAHurriedClockGainNothing) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, place(-900, -900));
    const PlayerId bob = stage.enter(Team::red, place(-900, -800));
    for (int tick = 0; tick < 300; ++tick) {
        for (int i = 0; i < 4; ++i) stage.submit(ann, Input::right);
        stage.submit(bob, Input::right);
        stage.step();
    }
    const Length ahead = stage.player(ann).at.x - stage.player(bob).at.x;
    EXPECT_GE(ahead, 0);
    EXPECT_LE(ahead, 12 * player_speed);
}

TEST(Inputs, ThatWereHeldUpAreMadeUpFor) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.step(10);
    for (int i = 0; i < 10; ++i) stage.submit(ann, Input::right);
    stage.step();
    EXPECT_EQ(stage.player(ann).at, Vec(10 * 640, 0));
}

TEST(Inputs, WaitInABoundedQueueThatLosesTheOldest) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.step();
    for (int i = 0; i < 1000; ++i) stage.submit(ann, Input::right);
    stage.step(100);
    EXPECT_LE(stage.player(ann).at.x, 32 * player_speed);
    EXPECT_EQ(stage.player(ann).acknowledged, 1000U);
}

TEST(Inputs, OfNobodyAreIgnored) {
    World world(classic_arena(1), {.players_max = 4}, 1);
    for (const int id : {0, 3, 4, 0xffff}) {
        world.submit(static_cast<PlayerId>(id), {.sequence = 1});
        world.leave(static_cast<PlayerId>(id));
    }
    world.step();
    EXPECT_EQ(world.players_present(), 0U);
}

TEST(Inputs, LetAPlayerStandWhoFallsSilent) {
    Stage stage;
    const PlayerId ann = stage.enter(Team::red, {});
    stage.act(ann, Input::right);
    stage.step(20);
    EXPECT_EQ(stage.player(ann).velocity, Vec{});
    EXPECT_EQ(stage.player(ann).at, Vec(640, 0));
}

TEST(World, KeepsItsPromisesWhateverHappens) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Random random(seed);
        const auto mode = static_cast<Mode>(seed % 3);
        World world(classic_arena(seed),
                    {.mode = mode,
                     .players_max = 60,
                     .match_length = 400,
                     .break_length = 30,
                     .respawn = 40,
                     .friendly_fire = seed == 2},
                    seed);
        ScriptedPlayers players(world, seed);
        players.join(50);
        for (int tick = 0; tick < 500; ++tick) {
            players.think(random.below(14));
            if (random.below(20) == 0) world.leave(static_cast<PlayerId>(random.below(60)));
            if (random.below(20) == 0) players.join(1);
            world.step();
            check_invariants(world);
        }
    }
}

TEST(World, ComputesTheSameMatchOnEveryBuild) {
    World world(classic_arena(7), {.players_max = 100}, 7);
    ScriptedPlayers players(world, 7);
    players.join(100);
    for (int tick = 0; tick < 600; ++tick) {
        players.think(static_cast<Tick>(tick % 13));
        world.step();
    }
    // Changes with every change of the rules; then take the new value, the same for dev and
    // release.
    EXPECT_EQ(world.hash(), 6396541197544182009U);
}

TEST(World, DiffersAfterADifferentInput) {
    const auto hash_after = [](Angle aim) {
        Stage stage;
        const PlayerId ann = stage.enter(Team::red, {});
        stage.act(ann, 0, aim);
        return stage.world.hash();
    };
    EXPECT_EQ(hash_after(1), hash_after(1));
    EXPECT_NE(hash_after(1), hash_after(2));
}

TEST(World, AllocatesNothingInTheSteadyState) {
    World world(classic_arena(1), {.players_max = 200, .match_length = 300, .break_length = 60}, 1);
    ScriptedPlayers players(world, 1);
    players.join(200);
    players.think(5);
    world.step();
    const std::size_t before = allocations;
    for (int tick = 0; tick < 500; ++tick) {
        players.think(5);
        world.step();
    }
    EXPECT_EQ(allocations - before, 0U);
    EXPECT_EQ(world.match().number, 2U) << "a change of matches included";
    {
        const std::string text(100, 'x');
    }
    EXPECT_GT(allocations, 0U) << "the counter counts";
}

TEST(PlayersNear, FindsThoseWithinTheRadius) {
    World world(classic_arena(1), {.mode = Mode::free_for_all, .players_max = 100}, 1);
    ScriptedPlayers players(world, 1);
    players.join(100);
    for (int tick = 0; tick < 60; ++tick) {
        players.think(0);
        world.step();
    }
    std::array<PlayerId, 100> found{};
    for (const Length radius : {10 * unit, 100 * unit, 3000 * unit}) {
        const std::size_t count = world.players_near({}, radius, found);
        std::size_t expected = 0;
        for (const Player& player : world.players()) {
            expected +=
                player.alive && distance_squared(player.at, {}) <= std::int64_t{radius} * radius;
        }
        EXPECT_EQ(count, expected);
    }
    EXPECT_EQ(world.players_near({}, 3000 * unit, std::span(found).first(3)), 3U);
}

TEST(Sees, IsBlockedByStandingWallsOnly) {
    Random random(3);
    const Map map = classic_arena(3);
    const World world(map, {}, 1);
    for (int i = 0; i < 3000; ++i) {
        const Vec from = place(random.between(-790, 790), random.between(-590, 590));
        const Vec to = place(random.between(-790, 790), random.between(-590, 590));
        const bool blocked = std::ranges::any_of(map.walls, [&](const WallSpec& wall) {
            return meets_box(from, to - from, wall.box) != moment_never;
        });
        ASSERT_EQ(world.sees(from, to), !blocked) << i;
    }
}

}  // namespace
}  // namespace muster::sim
