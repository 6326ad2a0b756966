// Goal: whatever the network does, a client never believes what was not so, and soon believes what
// is. Method: a world of random walkers, a Viewer and a Mirror with a seeded network between them,
// and the frame of each tick as the truth.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "crowd.hpp"
#include "game_generated.h"
#include "muster/protocol/protocol.hpp"
#include "muster/replication/mirror.hpp"
#include "muster/replication/viewer.hpp"

namespace muster::replication {
namespace {

struct Weather {
    std::uint32_t loss = 0, twice = 0;  // of 100
    std::uint32_t late_max = 0;         // ticks, each by itself: this reorders
};

// One client at its end of a bad line.
class Client {
  public:
    Client(sim::PlayerId player, std::uint8_t generation, Weather its_weather, std::uint64_t seed)
        : viewer(player, generation), weather(its_weather), random_(seed) {}

    void exchange(const Frame& frame, const Budget& budget) {
        const auto bytes = viewer.write(frame, budget);
        size = bytes.size();
        size_max = std::max(size_max, size);
        const auto copies = random_.below(100) < weather.twice ? 2 : 1;
        for (int n = 0; n < copies; ++n)
            if (random_.below(100) >= weather.loss)
                under_way_.push_back({frame.tick() + random_.below(weather.late_max + 1),
                                      Bytes(bytes.begin(), bytes.end())});
    }
    // To be called in each tick.
    void deliver(sim::Tick now) {
        for (std::size_t n = 0; n < under_way_.size();) {
            if (under_way_[n].at > now) {
                ++n;
                continue;
            }
            const auto received = mirror.receive(under_way_[n].bytes);
            EXPECT_TRUE(received.has_value()) << received.error().message;
            under_way_.erase(under_way_.begin() + static_cast<long>(n));
        }
        if (random_.below(100) >= weather.loss && mirror.newest() != 0)
            viewer.acknowledge(mirror.newest(), mirror.received_bits());
    }

    Viewer viewer;
    Mirror mirror;
    Weather weather;
    std::size_t size = 0, size_max = 0;

  private:
    struct Letter {
        sim::Tick at;
        Bytes bytes;
    };
    std::deque<Letter> under_way_;
    sim::Random random_;
};

// What was so in each of the last ticks.
class Truth {
  public:
    void add(const Frame& frame) {
        auto& tick = ticks_[frame.tick() % ticks_.size()];
        tick.at = frame.tick();
        tick.alive.assign(tick.alive.size(), false);
        for (const auto& record : frame.entities()) {
            if (record.id >= tick.alive.size()) {
                tick.alive.resize(record.id + 1U);
                tick.records.resize(record.id + 1U);
            }
            tick.alive[record.id] = true;
            tick.records[record.id] = record;
        }
    }
    [[nodiscard]] const EntityRecord* at(sim::Tick when, sim::PlayerId id) const {
        const auto& tick = ticks_[when % ticks_.size()];
        const bool was = tick.at == when && id < tick.alive.size() && tick.alive[id];
        return was ? &tick.records[id] : nullptr;
    }

  private:
    struct Tick {
        sim::Tick at = 0;
        std::vector<bool> alive;
        std::vector<EntityRecord> records;
    };
    std::array<Tick, 200> ticks_;
};

void expect_true(const Mirror& mirror, const Truth& truth) {
    for (const auto& seen : mirror.seen()) {
        const auto* record = truth.at(seen.at, seen.record.id);
        ASSERT_NE(record, nullptr) << seen.record.id << " was not alive in " << seen.at;
        ASSERT_EQ(seen.record, *record);
        ASSERT_LE(mirror.newest() - seen.at, 60U) << "a ghost";
    }
}

// One world, one client of player 3, and a tick of both.
class Scene {
  public:
    Scene(std::uint16_t players, FrameOptions options, Weather weather = {}, std::uint64_t seed = 7,
          bool fires = true)
        : crowd(players, seed, sim::classic_arena(1), fires),
          frame(crowd.world, options),
          client(3, crowd.world.players()[3].generation, weather, seed) {}

    void tick(const Budget& budget = {}, sim::Tick every = 2) {
        crowd.step();
        frame.build(crowd.world);
        truth.add(frame);
        if (crowd.world.tick() % every == 0) client.exchange(frame, budget);
        client.deliver(crowd.world.tick());
    }
    [[nodiscard]] sim::Vec at() const { return crowd.world.players()[3].at; }
    [[nodiscard]] std::int64_t distance(sim::PlayerId id) const {
        return sim::square_root(
            static_cast<std::uint64_t>(sim::distance_squared(crowd.world.players()[id].at, at())));
    }

    Crowd crowd;
    Frame frame;
    Client client;
    Truth truth;
};

constexpr FrameOptions sees_all{.view = 2'000 * sim::unit, .cell = 150 * sim::unit};

TEST(Replication, EveryRecordThatAClientHasWasSoInItsTick) {
    Scene scene(60, {});
    std::size_t records = 0;
    for (int n = 0; n < 400; ++n) {
        scene.tick();
        expect_true(scene.client.mirror, scene.truth);
        records += scene.client.mirror.seen().size();
        if (scene.client.mirror.newest() == scene.frame.tick())
            EXPECT_EQ(scene.client.mirror.own_at(), scene.at());
    }
    EXPECT_GT(records, 400U * 10U);
}

TEST(Replication, IsTrueInBadWeatherAndCompleteOnceItIsCalm) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Scene scene(50, {}, {.loss = 25, .twice = 20, .late_max = 9}, seed);
        for (int n = 0; n < 300; ++n) {
            scene.tick();
            if (n % 3 == 0) expect_true(scene.client.mirror, scene.truth);
        }
        scene.client.weather = {};
        scene.crowd.still = true;
        for (int n = 0; n < 150; ++n) scene.tick();
        expect_true(scene.client.mirror, scene.truth);
        const auto view = scene.frame.options().view;
        for (const auto& record : scene.frame.entities()) {
            const auto id = record.id;
            if (id == 3) continue;
            const bool seen = scene.client.mirror.find(id) != nullptr;
            if (scene.distance(id) < view - 10 * sim::unit) EXPECT_TRUE(seen) << id;
            if (scene.distance(id) > view * 115 / 100 + 10 * sim::unit) EXPECT_FALSE(seen) << id;
        }
        for (const auto& seen : scene.client.mirror.seen())
            EXPECT_NE(scene.frame.entity(seen.record.id), nullptr) << seen.record.id;
        EXPECT_EQ(scene.client.mirror.seen().size(), scene.client.viewer.visible());
    }
}

TEST(Replication, NeverTakesMoreThanItsBudget) {
    for (const std::size_t bytes : {120U, 200U, 350U, 600U, 1'100U}) {
        Scene scene(120, sees_all, {.loss = 10}, bytes);
        for (int n = 0; n < 60; ++n) {
            scene.tick({.bytes = bytes});
            ASSERT_LE(scene.client.size, bytes);
        }
        EXPECT_GT(scene.client.size_max, bytes * 3 / 4);
        EXPECT_GT(scene.client.mirror.seen().size(), 5U);
    }
}

TEST(Replication, KeepsEachOfACrowdOf500FreshWithin500Ms) {
    Scene scene(501, sees_all, {}, 3, false);
    for (int n = 0; n < 100; ++n) scene.tick();
    for (int n = 0; n < 60; ++n) {
        scene.tick();
        ASSERT_LE(scene.client.viewer.stalest(), 30U);
        ASSERT_EQ(scene.client.viewer.visible(), 500U);
        ASSERT_EQ(scene.client.mirror.seen().size(), 500U);
        for (const auto& seen : scene.client.mirror.seen())
            ASSERT_LE(scene.client.mirror.newest() - seen.at, 30U);
    }
    EXPECT_LE(scene.client.size_max, Budget{}.bytes);
}

TEST(Replication, ShrinksTheViewWhenMoreAreThereThanCanBeKeptFresh) {
    Scene scene(300, sees_all, {}, 3, false);
    const Budget small{.bytes = 250};
    for (int n = 0; n < 220; ++n) scene.tick(small);
    for (int n = 0; n < 60; ++n) {
        scene.tick(small);
        ASSERT_LE(scene.client.viewer.stalest(), 40U);
    }
    EXPECT_LT(scene.client.viewer.visible(), 200U);
    // The nearest are not among those who are left out.
    std::vector<std::pair<std::int64_t, sim::PlayerId>> near;
    for (const auto& record : scene.frame.entities())
        if (record.id != 3) near.emplace_back(scene.distance(record.id), record.id);
    std::ranges::sort(near);
    for (std::size_t n = 0; n < 40; ++n)
        EXPECT_NE(scene.client.mirror.find(near[n].second), nullptr) << near[n].first / sim::unit;
}

TEST(Replication, ShowsWhoComesIntoABusyViewWithinASecond) {
    constexpr std::uint16_t players = 700;
    constexpr sim::Tick settled = 120, every = 3, second = 60;
    Crowd crowd(players, 7, *sim::generate_map(4'000, 3'000, 3));
    for (int n = 0; n < 900; ++n) crowd.step();  // from their bases
    Frame frame(crowd.world, {});
    std::vector<Client> clients;
    for (sim::PlayerId id = 0; id < players; id += 40)
        clients.emplace_back(id, crowd.world.players()[id].generation, Weather{}, id);
    // By client and player: since when it has been alive and in view.
    std::vector<std::array<sim::Tick, players>> since(clients.size());
    std::uint64_t compared = 0, unknown = 0;
    const auto view = frame.options().view - 4 * sim::unit;
    for (sim::Tick tick = 1; tick <= 240; ++tick) {
        crowd.step();
        frame.build(crowd.world);
        for (std::size_t n = 0; n < clients.size(); ++n) {
            const auto self = static_cast<sim::PlayerId>(n * 40);
            if ((tick + n) % every == 0) clients[n].exchange(frame, {.far_every = 6});
            clients[n].deliver(crowd.world.tick());
            for (sim::PlayerId id = 0; id < players; ++id) {
                const auto distance = sim::distance_squared(crowd.world.players()[id].at,
                                                            crowd.world.players()[self].at);
                const bool is_seen = frame.entity(id) != nullptr && frame.entity(self) != nullptr &&
                                     id != self && distance <= std::int64_t{view} * view;
                if (!is_seen) since[n][id] = tick;
                if (tick < settled || tick - since[n][id] < second) continue;
                ++compared;
                if (clients[n].mirror.find(id) == nullptr) ++unknown;
            }
        }
    }
    EXPECT_GT(compared, 100'000U);
    EXPECT_LT(unknown * 1'000, compared) << unknown << " of " << compared;
}

TEST(Replication, ThirtyTwoInViewCostAtMost15KilobytesASecond) {
    Scene scene(33, sees_all);
    std::size_t bytes = 0, packets = 0;
    for (int n = 0; n < 900; ++n) {
        scene.tick();
        if (scene.crowd.world.tick() % 2 != 0) continue;
        bytes += scene.client.size + 28 + 37 + 28;  // IP and UDP, DTLS, SCTP
        ++packets;
    }
    EXPECT_EQ(packets, 450U);
    RecordProperty("bytes_a_second", static_cast<int>(bytes / 15));
    EXPECT_LE(bytes / 15, 15'000U);
}

TEST(Replication, IntroducesAStrangerOnceAndAgainOnlyWhenAsked) {
    Scene scene(80, {});
    std::map<sim::PlayerId, int> introduced;
    for (int n = 0; n < 400; ++n) {
        scene.tick();
        std::array<sim::PlayerId, 8> ids;
        const auto count = scene.client.viewer.take_strangers(scene.frame, ids);
        for (std::size_t i = 0; i < count; ++i) ++introduced[ids[i]];
    }
    for (const auto& seen : scene.client.mirror.seen())
        EXPECT_EQ(introduced[seen.record.id], 1) << seen.record.id;
    for (const auto& [id, times] : introduced) EXPECT_EQ(times, 1) << id;
    EXPECT_EQ(introduced.count(3), 0U);
    ASSERT_FALSE(scene.client.mirror.seen().empty());
    const auto again = scene.client.mirror.seen().front().record.id;
    scene.client.viewer.forget_stranger(again);
    std::array<sim::PlayerId, 8> ids;
    ASSERT_EQ(scene.client.viewer.take_strangers(scene.frame, ids), 1U);
    EXPECT_EQ(ids[0], again);
}

std::vector<sim::PlayerId> gone_in(std::span<const std::byte> bytes) {
    const auto message = protocol::read_from_world(bytes);
    const auto* gone = (*message)->body_as_Snapshot()->gone();
    return gone == nullptr ? std::vector<sim::PlayerId>{}
                           : std::vector<sim::PlayerId>(gone->begin(), gone->end());
}

TEST(Replication, RepeatsAGoodbyeUntilItIsAcknowledgedOrASecondHasPassed) {
    for (const bool acknowledges : {true, false}) {
        Scene scene(20, sees_all, {}, 5, false);
        for (int n = 0; n < 60; ++n) scene.tick();
        ASSERT_NE(scene.client.mirror.find(9), nullptr);
        scene.crowd.world.leave(9);
        const auto left_at = scene.crowd.world.tick();
        scene.client.weather.loss = 100;
        for (int n = 0; n < 20; ++n) scene.tick();
        ASSERT_NE(scene.client.mirror.find(9), nullptr) << "nothing came";
        int said = 0;
        for (int n = 0; n < 70; ++n) {
            scene.crowd.step();
            scene.frame.build(scene.crowd.world);
            const auto bytes = scene.client.viewer.write(scene.frame, {});
            const auto gone = gone_in(bytes);
            if (std::ranges::find(gone, 9) == gone.end()) break;
            ASSERT_LE(scene.crowd.world.tick() - left_at, 61U);
            ASSERT_TRUE(scene.client.mirror.receive(bytes).has_value());
            EXPECT_EQ(scene.client.mirror.find(9), nullptr);
            ++said;
            if (acknowledges)
                scene.client.viewer.acknowledge(scene.client.mirror.newest(),
                                                scene.client.mirror.received_bits());
        }
        EXPECT_GE(said, acknowledges ? 1 : 38);
        EXPECT_LE(said, acknowledges ? 1 : 41);
    }
}

TEST(Replication, NoShotIsMissedAtAnyRateThoughEverySecondPacketIsLost) {
    for (const sim::Tick every : {1U, 2U, 3U, 4U, 6U}) {
        Scene scene(16, sees_all, {}, every + 20);
        std::uint64_t fired = 0, written = 0, heard = 0;
        constexpr sim::Tick end = 360;  // a multiple of each of the rates
        for (sim::Tick n = 1; n <= end; ++n) {
            scene.crowd.step();
            scene.frame.build(scene.crowd.world);
            const auto due = scene.crowd.world.tick() % every == 0;
            if (n > every && n <= end - every)
                for (const auto& event : scene.crowd.world.events())
                    fired += event.kind == sim::Event::Kind::shot ? 1U : 0U;
            if (!due) continue;
            const auto bytes = scene.client.viewer.write(scene.frame, {.bytes = 1'100});
            if (++written % 2 == 0) continue;
            ASSERT_TRUE(scene.client.mirror.receive(bytes).has_value());
            heard = scene.client.mirror.counts().shots;
        }
        EXPECT_GT(fired, 20U);
        EXPECT_GE(heard, fired) << "every " << every;
    }
}

TEST(Replication, TellsOnlyThoseOfAnEffectWhoCanSeeIt) {
    Scene scene(120, {.view = 200 * sim::unit, .cell = 100 * sim::unit});
    std::size_t effects = 0;
    for (int n = 0; n < 400; ++n) {
        scene.crowd.step();
        scene.frame.build(scene.crowd.world);
        const auto bytes = scene.client.viewer.write(scene.frame, {});
        const auto message = protocol::read_from_world(bytes);
        const auto* list = (*message)->body_as_Snapshot()->effects();
        if (list == nullptr) continue;
        for (const auto* effect : *list) {
            ++effects;
            if (effect->player() == 3 || effect->other() == 3) continue;
            const auto& scale = scene.frame.scale();
            const sim::Vec at{scale.low.x + effect->x() * scale.step,
                              scale.low.y + effect->y() * scale.step};
            EXPECT_LE(sim::distance_squared(at, scene.at()),
                      std::int64_t{201 * sim::unit} * (201 * sim::unit));
        }
    }
    EXPECT_GT(effects, 0U);
}

TEST(Replication, BuildsTheSameFromAPoolOfFrames) {
    Crowd crowd(100, 9);
    Frame alone(crowd.world, {});
    std::vector<Frame> pool;
    for (int n = 0; n < 3; ++n) pool.emplace_back(crowd.world, FrameOptions{});
    Viewer one(3, crowd.world.players()[3].generation), two(3, crowd.world.players()[3].generation);
    for (std::size_t n = 0; n < 200; ++n) {
        crowd.step();
        alone.build(crowd.world);
        auto& next = pool[n % 3];
        next.build(crowd.world, n == 0 ? nullptr : &pool[(n - 1) % 3]);
        if (n % 3 != 0) continue;
        const auto first = one.write(alone, {});
        const auto second = two.write(next, {});
        ASSERT_TRUE(std::ranges::equal(first, second)) << n;
    }
}

TEST(Replication, AViewerWhoPausedBeginsAnew) {
    Scene scene(40, sees_all, {}, 5, false);
    for (int n = 0; n < 60; ++n) scene.tick();
    const auto known = scene.client.mirror.seen().size();
    for (int n = 0; n < 300; ++n) scene.crowd.step();
    for (int n = 0; n < 12; ++n) scene.tick();
    expect_true(scene.client.mirror, scene.truth);
    EXPECT_EQ(scene.client.mirror.seen().size(), known);
    EXPECT_EQ(scene.client.viewer.visible(), known);
}

}  // namespace
}  // namespace muster::replication
