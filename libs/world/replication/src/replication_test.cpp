// Goal: whatever the network does, a client never believes what was not so, and soon believes what
// is. Method: a world of random walkers, a Viewer and a Mirror with a seeded network between them,
// and the frame of each tick as the truth.
#include <gtest/gtest.h>

#include <deque>
#include <unordered_map>

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
    Client(sim::PlayerId player, std::uint8_t generation, Weather weather, std::uint64_t seed)
        : viewer(player, generation), weather(weather), random_(seed) {}

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
        auto& tick = ticks_[frame.tick()];
        for (const auto& record : frame.entities()) tick[record.id] = record;
        ticks_.erase(frame.tick() - 200);
    }
    [[nodiscard]] const EntityRecord* at(sim::Tick tick, sim::PlayerId id) const {
        const auto one = ticks_.find(tick);
        if (one == ticks_.end()) return nullptr;
        const auto record = one->second.find(id);
        return record == one->second.end() ? nullptr : &record->second;
    }

  private:
    std::unordered_map<sim::Tick, std::unordered_map<sim::PlayerId, EntityRecord>> ticks_;
};

void expect_true(const Mirror& mirror, const Truth& truth) {
    for (const auto& seen : mirror.seen()) {
        const auto* record = truth.at(seen.at, seen.record.id);
        ASSERT_NE(record, nullptr) << seen.record.id << " was not alive in " << seen.at;
        ASSERT_EQ(seen.record, *record);
        ASSERT_LE(mirror.newest() - seen.at, 60U) << "a ghost";
    }
}

TEST(Replication, EveryRecordThatAClientHasWasSoInItsTick) {
    Crowd crowd(60, 7);
    Frame frame(crowd.world, {});
    Client client(3, crowd.world.players()[3].generation, {}, 1);
    Truth truth;
    std::uint64_t records = 0;
    for (int n = 0; n < 600; ++n) {
        crowd.step();
        frame.build(crowd.world);
        truth.add(frame);
        if (n % 2 == 0) client.exchange(frame, {});
        client.deliver(crowd.world.tick());
        expect_true(client.mirror, truth);
        records += client.mirror.seen().size();
        if (client.mirror.newest() == frame.tick())
            EXPECT_EQ(client.mirror.own_at(), crowd.world.players()[3].at);
    }
    EXPECT_GT(records, 600U * 10U);
}

}  // namespace
}  // namespace muster::replication
