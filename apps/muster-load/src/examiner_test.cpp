#include "examiner.hpp"

#include <gtest/gtest.h>

namespace muster::load {
namespace {

constexpr sim::PlayerId self = 1;

EntityRecord at(sim::PlayerId id, std::uint16_t x, std::uint16_t y) {
    EntityRecord record{};
    record.id = id;
    record.x = x;
    record.y = y;
    record.health = 100;
    return record;
}

struct Scene {
    Memory memory{8};
    Verdict verdict;
    Histogram ages;
    std::vector<EntityRecord> records{at(self, 1'000, 1'000), at(2, 1'050, 1'000),
                                      at(3, 1'200, 1'000)};

    void examine(sim::Tick before, sim::Tick now) {
        Examiner examiner({.view_steps = 100, .age_max = 30}, verdict, ages);
        const Truth earlier(before, records);
        examiner.examine(memory, self, &earlier, Truth(now, records));
    }
};

TEST(Examiner, FindsNothingWrongWithAClientThatKnowsItAll) {
    Scene scene;
    scene.memory.remember(94, scene.records);
    scene.memory.remember(100, std::vector{scene.records[1]});
    scene.examine(60, 100);
    EXPECT_EQ(scene.verdict.records, 1);
    EXPECT_EQ(scene.verdict.in_view, 1) << "only 2 is in view";
    EXPECT_EQ(scene.verdict.mismatches(), 0);
    EXPECT_EQ(scene.ages.max(), 0);
}

TEST(Examiner, OneWrongByteOfARecordIsSeen) {
    for (std::size_t i = 2; i < sizeof(EntityRecord); ++i) {
        Scene scene;
        auto wrong = scene.records[1];
        reinterpret_cast<std::byte*>(&wrong)[i] ^= std::byte{1};
        scene.memory.remember(100, std::vector{wrong});
        scene.examine(60, 100);
        EXPECT_EQ(scene.verdict.records_wrong, 1) << "byte " << i;
    }
}

TEST(Examiner, AnEntityThatIsNotThereIsWrong) {
    Scene scene;
    scene.memory.remember(100, std::vector{scene.records[1], at(77, 1, 1)});
    scene.examine(60, 100);
    EXPECT_EQ(scene.verdict.records_wrong, 1);
}

TEST(Examiner, AStarvedClientIsSeen) {
    Scene scene;
    scene.examine(60, 100);
    EXPECT_EQ(scene.verdict.in_view_unknown, 1);
    scene.memory.remember(69, scene.records);
    scene.examine(60, 100);
    EXPECT_EQ(scene.verdict.in_view_stale, 1);
    scene.memory.remember(70, scene.records);
    scene.examine(60, 100);
    EXPECT_EQ(scene.verdict.in_view_stale, 1) << "no more than before";
    EXPECT_EQ(scene.verdict.in_view, 3);
}

TEST(Examiner, WhatCameAfterTheTickDoesNotCount) {
    Scene scene;
    scene.memory.remember(101, scene.records);
    scene.examine(60, 100);
    EXPECT_EQ(scene.verdict.in_view_unknown, 1);
}

TEST(Examiner, WhoCameIntoViewJustNowNeedNotBeKnown) {
    Scene scene;
    Examiner examiner({.view_steps = 100, .age_max = 30}, scene.verdict, scene.ages);
    auto far = scene.records;
    far[1].x = 1'101;
    auto another = scene.records;
    another[1].look = 0x1000;  // another generation of the id
    examiner.examine(scene.memory, self, nullptr, Truth(100, scene.records));
    for (const auto& records :
         {far, another, std::vector{scene.records[0]}, std::vector{scene.records[1]}}) {
        const Truth earlier(60, records);
        examiner.examine(scene.memory, self, &earlier, Truth(100, scene.records));
    }
    EXPECT_EQ(scene.verdict.in_view, 0);
    EXPECT_EQ(scene.verdict.clients, 5);
}

TEST(Examiner, InACrowdOnlyTheNearestMustBeKnown) {
    Scene scene;
    for (std::uint16_t id = 10; id < 30; ++id) {
        scene.records.push_back(at(id, static_cast<std::uint16_t>(1'000 + id), 1'000));
    }
    scene.memory.remember(90, std::span(scene.records).first(13));
    Examiner examiner({.view_steps = 100, .age_max = 30, .nearest_max = 10}, scene.verdict,
                      scene.ages);
    const Truth earlier(60, scene.records);
    examiner.examine(scene.memory, self, &earlier, Truth(100, scene.records));
    EXPECT_EQ(scene.verdict.in_view, 10);
    EXPECT_EQ(scene.verdict.mismatches(), 0);
}

}  // namespace
}  // namespace muster::load
