#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "play.hpp"

namespace muster::bots {
namespace {

using sim::Mode;
using sim::unit;
using sim::Vec;

// Counts bots that stayed within 10 units for over 4 s with somewhere to go.
class StuckWatch {
  public:
    explicit StuckWatch(const Play& play) : marks_(play.world.rules().players_max) {}

    void look(const Play& play) {
        for (const Mind& mind : play.crowd.minds()) {
            Mark& mark = marks_[mind.id];
            const sim::Player& player = play.world.players()[mind.id];
            const sim::Tick now = play.world.tick();
            const bool excused = !player.alive || mind.role == Role::defend ||
                                 mind.target != sim::no_player || mind.goal == no_goal;
            if (excused ||
                sim::distance_squared(player.at, mark.at) > std::int64_t{10 * unit} * (10 * unit)) {
                mark = {player.at, now};
            } else if (now - mark.since > 4 * sim::tick_rate) {
                ++stuck;
                where = player.at;
                mark.since = now;
            }
        }
    }
    std::size_t stuck = 0;
    Vec where;

  private:
    struct Mark {
        Vec at;
        sim::Tick since = 0;
    };
    std::vector<Mark> marks_;
};

class NeverStuck : public testing::TestWithParam<Mode> {};

TEST_P(NeverStuck, OnTheClassicArenaOverSeeds) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        // Few bots and few fights: most of the time they walk.
        Play play(sim::classic_arena(seed), GetParam(), 6, seed);
        StuckWatch watch(play);
        for (int i = 0; i < 1500; ++i) {
            play.tick();
            watch.look(play);
        }
        EXPECT_EQ(watch.stuck, 0U)
            << "seed " << seed << " at " << watch.where.x / unit << ',' << watch.where.y / unit;
    }
}

TEST_P(NeverStuck, OnGeneratedMapsOverSeeds) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        const auto map = sim::generate_map(1900, 1300, seed);
        ASSERT_TRUE(map.has_value());
        Play play(*map, GetParam(), 6, seed);
        StuckWatch watch(play);
        for (int i = 0; i < 1200; ++i) {
            play.tick();
            watch.look(play);
        }
        EXPECT_EQ(watch.stuck, 0U)
            << "seed " << seed << " at " << watch.where.x / unit << ',' << watch.where.y / unit;
    }
}

TEST(Bots, FindAWayFromEverySpawnOfAGeneratedMapToEveryFlag) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const auto map = sim::generate_map(2400, 1600, seed);
        ASSERT_TRUE(map.has_value());
        const Grid grid(*map);
        Fields fields(grid);
        const std::array<GoalId, 2> flags{fields.add(map->flag_bases[0], Fields::Extent::whole),
                                          fields.add(map->flag_bases[1], Fields::Extent::whole)};
        fields.finish();
        for (const sim::SpawnSpec& spawn : map->spawns) {
            for (const GoalId flag : flags) {
                EXPECT_NE(fields.toward(flag, grid.at(spawn.at)), field_unknown)
                    << "seed " << seed << " from " << spawn.at.x / unit << ',' << spawn.at.y / unit;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, NeverStuck,
                         testing::Values(Mode::free_for_all, Mode::team_deathmatch,
                                         Mode::capture_the_flag));

TEST(Bots, CaptureFlagsWithinAMatch) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        Play play(sim::classic_arena(seed), Mode::capture_the_flag, 12, seed);
        const auto match = static_cast<int>(play.world.rules().match_length);
        for (int i = 0; i < match && play.counts.captures == 0; ++i) play.tick();
        EXPECT_GT(play.counts.captures, 0U) << seed;
        EXPECT_GT(play.counts.flags_taken, 0U) << seed;
    }
}

TEST(Bots, KillEachOtherInEveryMode) {
    for (const Mode mode : {Mode::free_for_all, Mode::team_deathmatch, Mode::capture_the_flag}) {
        Play play(sim::classic_arena(5), mode, 24, 5);
        play.run(900);
        EXPECT_GT(play.counts.kills, 5U) << static_cast<int>(mode);
        EXPECT_GT(play.counts.pickups, 1U) << static_cast<int>(mode);
    }
}

TEST(Bots, OfMoreSkillWin) {
    sim::Rules rules;
    rules.mode = Mode::free_for_all;
    rules.players_max = 20;
    sim::World world(sim::classic_arena(2), rules, 2);
    Crowd novices(world, {.wanted = 6, .reserved = 0, .adopts = false, .skill = 0}, 3);
    Crowd masters(world, {.wanted = 6, .reserved = 0, .adopts = false, .skill = 100}, 4);
    for (int i = 0; i < 2400; ++i) {
        novices.think();
        masters.think();
        world.step();
    }
    const auto kills = [&](const Crowd& crowd) {
        std::uint32_t sum = 0;
        for (const Mind& mind : crowd.minds()) sum += world.players()[mind.id].kills;
        return sum;
    };
    EXPECT_GT(kills(masters), 2 * kills(novices)) << kills(novices);
}

TEST(Bots, ComeToTheSameStateFromTheSameSeed) {
    const auto hash_after = [](std::uint64_t seed) {
        Play play(sim::classic_arena(7), Mode::capture_the_flag, 12, seed);
        play.run(1000);
        return play.world.hash();
    };
    const std::uint64_t first = hash_after(11);
    EXPECT_EQ(first, hash_after(11));
    EXPECT_NE(first, hash_after(12));
}

TEST(Bots, AimWhereTheTargetWillBe) {
    const Vec from{0, 0};
    const Vec at{300 * unit, 0};
    const Vec velocity{0, 640};
    // 300 units at 450 a second: 40 ticks.
    EXPECT_EQ(lead(from, at, velocity, 40, 100), (Vec{300 * unit, 40 * 640}));
    EXPECT_EQ(lead(from, at, velocity, 40, 50), (Vec{300 * unit, 20 * 640}));
    EXPECT_EQ(lead(from, at, velocity, 0, 100), (Vec{300 * unit, 0}));
}

TEST(Bots, AimOnlyAtEnemiesThatTheySee) {
    Play play(sim::classic_arena(3), Mode::team_deathmatch, 30, 3);
    std::size_t looks = 0;
    for (int i = 0; i < 900; ++i) {
        play.crowd.think();
        for (const Mind& mind : play.crowd.minds()) {
            // Only who looked in this tick.
            if (mind.target == sim::no_player || mind.seen_at != play.world.tick()) continue;
            const sim::Player& me = play.world.players()[mind.id];
            const sim::Player& other = play.world.players()[mind.target];
            ASSERT_NE(me.team, other.team);
            ASSERT_TRUE(play.world.sees(me.at, other.at));
            ASSERT_LE(sim::distance_squared(me.at, other.at), std::int64_t{sight} * sight);
            ++looks;
        }
        play.world.step();
    }
    EXPECT_GT(looks, 100U);
}

}  // namespace
}  // namespace muster::bots
