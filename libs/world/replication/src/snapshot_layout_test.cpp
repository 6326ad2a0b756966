// Goal: snapshots that are laid out by hand are what a FlatBuffers reader expects, byte for byte.
#include "snapshot_layout.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::replication {
namespace {

template <typename Record>
Record random_record(sim::Random& random) {
    Record record;
    auto* bytes = reinterpret_cast<unsigned char*>(&record);
    for (std::size_t n = 0; n < sizeof(record); ++n)
        bytes[n] = static_cast<unsigned char>(random.below(256));
    return record;
}

template <typename Record, typename List>
void expect_same(const std::vector<Record>& expected, const List* list) {
    ASSERT_EQ(list != nullptr, !expected.empty());
    if (list == nullptr) return;
    ASSERT_EQ(list->size(), expected.size());
    EXPECT_EQ(std::memcmp(list->Data(), expected.data(), expected.size() * sizeof(Record)), 0);
}

TEST(SnapshotLayout, IsReadByTheGeneratedCode) {
    sim::Random random(11);
    for (int round = 0; round < 500; ++round) {
        const auto some = [&](std::uint32_t most) {
            return random.below(3) == 0 ? 0U : random.below(most);
        };
        std::vector<EntityRecord> records;
        for (int n = 0; n < 40; ++n) records.push_back(random_record<EntityRecord>(random));
        std::vector<std::uint16_t> entities(some(30));
        for (auto& index : entities) index = static_cast<std::uint16_t>(random.below(40));
        std::vector<EntityRecord> chosen;
        for (const auto index : entities) chosen.push_back(records[index]);
        std::vector<ShotRecord> shots;
        for (auto n = some(9); n > 0; --n) shots.push_back(random_record<ShotRecord>(random));
        std::vector<EffectRecord> effects;
        for (auto n = some(9); n > 0; --n) effects.push_back(random_record<EffectRecord>(random));
        std::vector<sim::PlayerId> gone(some(9));
        for (auto& id : gone) id = static_cast<sim::PlayerId>(random.below(65'536));
        const auto own = random_record<SelfRecord>(random);
        const SnapshotContent content{.tick = random.next(),
                                      .acknowledged = random.next(),
                                      .own = random.below(4) == 0 ? nullptr : &own,
                                      .records = records,
                                      .entities = entities,
                                      .shots = shots,
                                      .effects = effects,
                                      .gone = gone};
        const auto size = snapshot_size({.own = content.own != nullptr,
                                         .entities = entities.size(),
                                         .shots = shots.size(),
                                         .effects = effects.size(),
                                         .gone = gone.size()});
        std::vector<std::byte> bytes(size);  // exactly: a write past the end is found
        ASSERT_EQ(write_snapshot(content, bytes), size);
        const auto message = protocol::read_from_world(bytes);
        ASSERT_TRUE(message.has_value()) << message.error().message;
        const auto* snapshot = (*message)->body_as_Snapshot();
        ASSERT_NE(snapshot, nullptr);
        EXPECT_EQ(snapshot->tick(), content.tick);
        EXPECT_EQ(snapshot->acknowledged(), content.acknowledged);
        ASSERT_EQ(snapshot->own() != nullptr, content.own != nullptr);
        if (content.own != nullptr)
            EXPECT_EQ(std::memcmp(snapshot->own(), content.own, sizeof(own)), 0);
        expect_same(chosen, snapshot->entities());
        expect_same(shots, snapshot->shots());
        expect_same(effects, snapshot->effects());
        expect_same(gone, snapshot->gone());
    }
}

TEST(SnapshotLayout, ThirtyFourEntitiesAndOneselfTake504Bytes) {
    EXPECT_EQ(snapshot_size({.own = true, .entities = 34}), 504U);
}

}  // namespace
}  // namespace muster::replication
