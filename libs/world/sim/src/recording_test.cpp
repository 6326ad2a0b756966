#include "muster/sim/recording.hpp"

#include <gtest/gtest.h>

#include "scripted_players.hpp"

namespace muster::sim {
namespace {

constexpr Rules rules{.players_max = 40, .match_length = 500, .break_length = 60};

struct Played {
    World world{classic_arena(3), rules, 9};
    Recorder recorder;
    explicit Played(int ticks, std::size_t bytes_max = 1 << 20)
        : recorder(world.map(), rules, 9, bytes_max) {
        world.record_to(&recorder);
        ScriptedPlayers players(world, 4);
        players.join(30);
        for (int tick = 0; tick < ticks; ++tick) {
            players.think(static_cast<Tick>(tick / 100));
            if (tick == 300) players.join(5);
            if (tick == 310) world.leave(7);
            if (tick == 320) world.leave(7);
            world.step();
        }
    }
};

TEST(Recording, PlaysTheSameMatchAgain) {
    const Played played(1300);
    const auto again = replay(played.recorder.bytes());
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(again->ticks, 1300U);
    EXPECT_EQ(again->hashes_checked, 2U);
    EXPECT_EQ(again->world.hash(), played.world.hash());
}

TEST(Recording, TakesAboutThreeBytesAnInput) {
    const Played played(600);
    const std::size_t inputs = 300 * 30 + 10 * 35 + 290 * 34;
    EXPECT_LT(played.recorder.bytes().size(), inputs * 16 / 5 + to_json(played.world.map()).size());
}

TEST(Recording, ShowsWhereAMatchFirstDiffers) {
    const Played played(700);
    std::vector<std::byte> bytes(played.recorder.bytes().begin(), played.recorder.bytes().end());
    bytes[5] ^= std::byte{1};  // of the seed
    const auto again = replay(bytes);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, Errc::conflict);
    EXPECT_NE(again.error().message.find("tick 600"), std::string::npos);
}

TEST(Recording, EndsAtItsLimitAndCanStillBePlayed) {
    const Played played(700, 20'000);
    EXPECT_TRUE(played.recorder.full());
    EXPECT_LE(played.recorder.bytes().size(), 20'000U);
    const auto again = replay(played.recorder.bytes());
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_GT(again->ticks, 10U);
    EXPECT_LT(again->ticks, 700U);
}

TEST(Recording, CanBeTakenInPartsAndTheLimitCountsAllOfThem) {
    World world(classic_arena(3), rules, 9);
    Recorder recorder(world.map(), rules, 9, 20'000);
    world.record_to(&recorder);
    ScriptedPlayers players(world, 4);
    players.join(30);
    std::vector<std::byte> all;
    for (int tick = 0; tick < 700; ++tick) {
        players.think(static_cast<Tick>(tick / 100));
        world.step();
        if (tick % 50 != 0) continue;
        const auto part = recorder.take();
        all.insert(all.end(), part.begin(), part.end());
        EXPECT_TRUE(recorder.bytes().empty());
    }
    EXPECT_TRUE(recorder.full());
    EXPECT_LE(all.size(), 20'000U);
    const auto again = replay(all);
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_GT(again->ticks, 100U);
}

TEST(Recording, IsRefusedWithTheOffsetWhenItIsNone) {
    EXPECT_EQ(replay({}).error().code, Errc::invalid_argument);
    const Played played(20);
    std::vector<std::byte> bytes(played.recorder.bytes().begin(), played.recorder.bytes().end());
    bytes.push_back(std::byte{0x55});
    const auto again = replay(bytes);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, Errc::invalid_argument);
    EXPECT_NE(again.error().message.find("byte " + std::to_string(bytes.size())), std::string::npos)
        << again.error().message;
}

}  // namespace
}  // namespace muster::sim
