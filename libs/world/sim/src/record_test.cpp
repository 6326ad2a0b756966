#include <gtest/gtest.h>

#include "invariants.hpp"
#include "muster/sim/border.hpp"
#include "scripted_players.hpp"
#include "stage.hpp"

namespace muster::sim {
namespace {

using Kind = Event::Kind;

Record carried_over(const Record& record) {
    const auto bytes = record.encode();
    EXPECT_LE(bytes.size(), Record::bytes_max);
    auto decoded = Record::decode(bytes);
    EXPECT_TRUE(decoded.has_value()) << decoded.error().message;
    EXPECT_EQ(decoded->encode(), bytes);
    return *decoded;
}

/// Two worlds whose ticks are far apart.
struct Journey {
    Journey() {
        there.step(500);
        ann = here.world.join({.name = "Ann", .team = Team::red, .id = PlayerId{5}}).value();
        here.step();
        here.put(ann, place(10, 20));
    }
    void cross() {
        const Record record = carried_over(here.world.release(ann).value());
        ASSERT_TRUE(there.world.adopt(record).has_value());
        there.sequences[ann] = here.sequences[ann];
    }
    Player& before() { return here.player(ann); }
    Player& after() { return there.player(ann); }
    Stage here;
    Stage there;
    PlayerId ann{};
};

TEST(Record, TakesAllThatThePlayerHas) {
    Journey journey;
    Player& ann = journey.before();
    journey.here.arm(journey.ann, Weapon::rifle);
    ann.ammunition[2] = 11;
    ann.health = 42;
    ann.shield = 7;
    ann.score = -250;
    ann.kills = 3;
    ann.deaths = 2;
    ann.speed_until = journey.here.world.tick() + 100;
    ann.reload_until = journey.here.world.tick() + 20;
    const std::uint8_t generation = ann.generation;
    journey.cross();
    const Player& now = journey.after();
    const Tick tick = journey.there.world.tick();
    EXPECT_TRUE(now.present && now.alive && !now.ghost);
    EXPECT_EQ(now.at, place(10, 20));
    EXPECT_EQ(now.generation, generation);
    EXPECT_EQ(now.weapon, Weapon::rifle);
    EXPECT_EQ(now.ammunition[2], 11);
    EXPECT_EQ(now.health, 42);
    EXPECT_EQ(now.shield, 7);
    EXPECT_EQ(now.score, -250);
    EXPECT_EQ(now.kills, 3);
    EXPECT_EQ(now.deaths, 2);
    EXPECT_EQ(now.speed_until, tick + 100);
    EXPECT_EQ(now.reload_until, tick + 20);
    EXPECT_EQ(now.protected_until, 0U);
    EXPECT_EQ(journey.there.world.name_of(journey.ann), "Ann");
    journey.there.step(20);
    EXPECT_EQ(now.ammunition[2], 30) << "the reload goes on";
}

TEST(Record, LeavesAGhostThatNobodySeesBlink) {
    Journey journey;
    journey.cross();
    EXPECT_TRUE(journey.before().present && journey.before().ghost);
    EXPECT_EQ(journey.before().at, place(10, 20));
    EXPECT_EQ(journey.here.world.release(journey.ann).error().code, Errc::not_found);
    EXPECT_EQ(
        journey.there.world.adopt(journey.there.world.release(journey.ann).value()).has_value(),
        true)
        << "and can come back to where a ghost of it is";
}

TEST(Record, LetsInputsGoOnWithoutGapOrRepeat) {
    Journey journey;
    journey.here.step(12);
    for (int i = 0; i < 15; ++i) journey.here.submit(journey.ann, Input::right);
    journey.here.step();
    EXPECT_EQ(journey.before().acknowledged, 12U) << "as many as were saved up";
    // The page sends to both while it crosses.
    ASSERT_TRUE(journey.there.world.pose(journey.ann, pose_of(journey.here.world, journey.ann)));
    for (std::uint32_t sequence = 10; sequence <= 18; ++sequence) {
        journey.there.world.submit(journey.ann, {.sequence = sequence, .buttons = Input::right});
    }
    const Vec from = journey.before().at;
    journey.cross();
    std::vector<std::uint32_t> acknowledged;
    for (int i = 0; i < 8; ++i) {
        journey.there.step();
        acknowledged.push_back(journey.after().acknowledged);
    }
    EXPECT_EQ(acknowledged, (std::vector<std::uint32_t>{13, 14, 15, 16, 17, 18, 18, 18}));
    EXPECT_EQ(journey.after().at.x - from.x, 6 * player_speed);
}

TEST(Record, RebasesWhatItsInputsSaw) {
    Journey journey;
    journey.here.step(100);
    for (int i = 0; i < 14; ++i) {
        journey.here.submit(journey.ann, 0, 0, 0, journey.here.world.tick() - 3);
    }
    journey.here.step();
    const Record record = journey.here.world.release(journey.ann).value();
    ASSERT_EQ(record.inputs.size(), 2U);
    EXPECT_EQ(record.inputs[0].seen, 1U + 4U) << "four ticks ago by now";
}

TEST(Record, OfTheDeadIsSpawnedWhenItsTimeHasCome) {
    Journey journey;
    Player& ann = journey.before();
    ann.alive = false;
    ann.health = 0;
    ann.respawn_at = journey.here.world.tick() + 50;
    journey.cross();
    journey.there.step(49);
    EXPECT_FALSE(journey.after().alive);
    journey.there.step();
    EXPECT_TRUE(journey.after().alive);
}

TEST(Record, IsRefusedWhereItDoesNotBelong) {
    Journey journey;
    Record record = journey.here.world.release(journey.ann).value();
    const auto refused = [&](auto change) {
        Record other = record;
        change(other);
        const auto adopted = journey.there.world.adopt(other);
        return adopted ? std::string("taken") : adopted.error().field;
    };
    EXPECT_EQ(refused([](Record& r) { r.id = 400; }), "id");
    EXPECT_EQ(refused([](Record& r) { r.player.at.x = 990 * unit; }), "at");
    EXPECT_EQ(refused([](Record& r) { r.player.team = Team::none; }), "team");
    EXPECT_EQ(refused([](Record& r) { r.player.health = 101; }), "health");
    EXPECT_EQ(refused([](Record& r) { r.player.health = 0; }), "health");
    EXPECT_EQ(refused([](Record& r) { r.player.ammunition[0] = 8; }), "ammunition");
    EXPECT_EQ(refused([](Record& r) { r.player.weapon = Weapon::sniper; }), "weapon");
    EXPECT_EQ(refused([](Record& r) { r.player.carries = Team::red; }), "carries");
    EXPECT_EQ(refused([](Record& r) { r.player.protected_until = 1000; }), "protected_until");
    EXPECT_EQ(refused([](Record& r) { r.credits = 13; }), "credits");
    EXPECT_EQ(refused([](Record& r) { r.name = "a\x01"; }), "name");
    EXPECT_EQ(refused([](Record& r) { r.inputs.resize(33); }), "inputs");
    EXPECT_EQ(refused([](Record& r) { r.judged.resize(129); }), "judged");
    ASSERT_TRUE(journey.there.world.pose(
        journey.ann, {.team = Team::red, .generation = 9, .alive = true, .health = 1}));
    EXPECT_EQ(journey.there.world.adopt(record).error().code, Errc::conflict);
    journey.there.world.dispel(journey.ann);
    EXPECT_TRUE(journey.there.world.adopt(record).has_value());
    EXPECT_EQ(journey.there.world.adopt(record).error().code, Errc::conflict);
}

TEST(Record, CanBeCopiedWithoutAnyChange) {
    World world(classic_arena(1), {.players_max = 40}, 1);
    ScriptedPlayers players(world, 1);
    players.join(40);
    for (int i = 0; i < 400; ++i) {
        players.think(4);
        world.step();
    }
    players.think(4);
    const World& seen = world;
    for (const bool is_alone : {true, false}) {
        if (!is_alone) ASSERT_TRUE(world.set_part({.origin = 1}).has_value());
        for (const PlayerId id : world.present()) {
            const std::uint64_t before = world.hash();
            const auto copy = seen.copy(id);
            ASSERT_TRUE(copy.has_value());
            EXPECT_EQ(world.hash(), before);
            EXPECT_FALSE(copy->inputs.empty());
            ASSERT_TRUE(Record::decode(copy->encode()).has_value());
            if (!is_alone) {
                const std::vector<std::byte> bytes = copy->encode();
                EXPECT_EQ(world.release(id)->encode(), bytes);
            }
        }
    }
    EXPECT_EQ(seen.copy(3).error().code, Errc::not_found) << "a ghost is another's to copy";
    EXPECT_EQ(seen.copy(999).error().code, Errc::not_found);
}

TEST(Record, CopiesWhatWasJudgedOnThePlayer) {
    Journey journey;
    const Claim claim{.origin = 7,
                      .number = 3,
                      .player = 9,
                      .team = Team::blue,
                      .victim = journey.ann,
                      .victim_generation = journey.before().generation,
                      .life = journey.before().life,
                      .damage = 5,
                      .match = journey.here.world.match().number};
    ASSERT_TRUE(journey.here.world.set_part({.origin = 1}).has_value());
    ASSERT_TRUE(journey.here.world.judge(claim).has_value());
    ASSERT_EQ(journey.here.world.copy(journey.ann)->judged.size(), 1U);
    EXPECT_EQ(journey.here.world.copy(journey.ann)->judged[0].number, 3U);
}

TEST(Record, PutsNobodyIntoAWall) {
    Stage here;
    for (const WallSpec& wall : {wall(-20, -20, 40, 40), wall(-300, -300, 600, 600)}) {
        Stage there({}, {wall});
        there.step();
        const PlayerId ann = here.enter(Team::red, {});
        const Record record = here.world.release(ann).value();
        here.world.dispel(ann);
        ASSERT_TRUE(there.world.adopt(record).has_value());
        there.step(2);
        check_invariants(there.world);
        EXPECT_TRUE(there.player(ann).alive) << "beside it, or spawned anew";
    }
}

TEST(Record, OfAnEarlierMatchBeginsAnew) {
    Journey journey;
    journey.before().score = 500;
    Stage later({.match_length = 10, .break_length = 1});
    later.enter(Team::blue, {});
    later.step(40);
    ASSERT_GT(later.world.match().number, 1U);
    ASSERT_TRUE(later.world.adopt(journey.here.world.release(journey.ann).value()).has_value());
    EXPECT_EQ(later.player(journey.ann).score, 0);
    later.step();
    EXPECT_TRUE(later.player(journey.ann).alive);
}

TEST(Record, IsRefusedAsBytesThatAreCutOrChanged) {
    Journey journey;
    const auto bytes = journey.here.world.release(journey.ann)->encode();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(Record::decode(std::span(bytes).first(size)).has_value()) << size;
    }
    auto longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_EQ(Record::decode(longer).error().field, "length");
    auto other = bytes;
    other[0] = std::byte{2};
    EXPECT_EQ(Record::decode(other).error().code, Errc::unsupported);
    EXPECT_EQ(Record::decode(std::vector<std::byte>(5000)).error().code, Errc::too_large);
}

/// A world whose players are all taken out and put back now and then does as one left alone: what
/// a record has is all that counts.
TEST(Record, ChangesNothingWhenItComesBackAtOnce) {
    const auto play = [](bool travels) {
        World world(classic_arena(5), {.mode = Mode::capture_the_flag, .players_max = 40}, 5);
        EXPECT_TRUE(world.set_part({}).has_value());
        ScriptedPlayers players(world, 5);
        players.join(40);
        std::vector<std::uint32_t> out;
        for (int tick = 0; tick < 300; ++tick) {
            players.think(4);
            if (travels && tick % 7 == 3) {
                for (PlayerId id = 0; id < 40; ++id) {
                    const Record record = carried_over(world.release(id).value());
                    EXPECT_TRUE(world.adopt(record).has_value());
                }
            }
            world.step();
            check_invariants(world);
        }
        for (const Player& player : world.players()) {
            for (const std::int32_t value : {player.at.x, player.at.y, std::int32_t{player.health},
                                             player.score, std::int32_t{player.ammunition[0]}}) {
                out.push_back(static_cast<std::uint32_t>(value));
            }
        }
        return out;
    };
    EXPECT_EQ(play(false), play(true));
}

}  // namespace
}  // namespace muster::sim
