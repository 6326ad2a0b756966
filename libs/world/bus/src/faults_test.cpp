#include "muster/bus/testing.hpp"

#include <gmock/gmock.h>

#include "muster/bus/test_recorder.hpp"

namespace muster::bus {
namespace {

using testing::ElementsAre;
using testing::Pair;

/// A sends numbers on two subjects, B writes down what it gets.
struct Scene {
    explicit Scene(FaultOptions options) : faults(hub, options) {
        auto made = b.subscribe("*", recorder.receiver(), {.messages = 10'000, .bytes = 1 << 20});
        EXPECT_TRUE(made);
        listening = std::move(*made);
    }
    void send(std::string_view subject, int number) {
        EXPECT_TRUE(a.publish(subject, bytes_of(std::to_string(number))));
    }
    std::vector<Recorder::Received> received() {
        EXPECT_TRUE(faults.settle());
        return recorder.wait_for(0);
    }

    std::shared_ptr<Hub> hub = make_hub();
    Faults faults;
    InProcessBus a{hub, "a"}, b{hub, "b"};
    Recorder recorder;
    Subscription listening;
};

std::vector<Recorder::Received> lossy_run(std::uint64_t seed) {
    Scene scene({.seed = seed, .lost_per_mille = 300});
    for (int i = 0; i < 1'000; ++i) scene.send(i % 2 == 0 ? "x" : "y", i);
    return scene.received();
}

TEST(Faults, LoseAboutAsManyAsTheyWereTold) {
    const auto received = lossy_run(1);
    EXPECT_GT(received.size(), 600U);
    EXPECT_LT(received.size(), 800U);
}

TEST(Faults, LoseTheSameForOneSeedAndOthersForAnother) {
    EXPECT_EQ(lossy_run(7), lossy_run(7));
    EXPECT_NE(lossy_run(7), lossy_run(8));
}

TEST(Faults, DelayedMessagesComeWhenTimePassesAndKeepTheOrderOfTheirSubject) {
    Scene scene({.delay_min = milliseconds(10), .delay_max = milliseconds(50)});
    for (int i = 0; i < 200; ++i) scene.send(i % 2 == 0 ? "x" : "y", i);
    scene.faults.advance(milliseconds(9));
    EXPECT_TRUE(scene.received().empty());
    EXPECT_EQ(scene.faults.under_way(), 200U);
    scene.faults.advance(milliseconds(41));
    const auto received = scene.received();
    ASSERT_EQ(received.size(), 200U);
    int last_x = -2, last_y = -1, overtaken = 0, newest = -1;
    for (const auto& [subject, bytes] : received) {
        const int number = std::stoi(bytes);
        int& last = subject == "x" ? last_x : last_y;
        EXPECT_EQ(number, last + 2);
        last = number;
        overtaken += number < newest ? 1 : 0;
        newest = std::max(newest, number);
    }
    EXPECT_GT(overtaken, 0) << "subjects overtake each other";
    EXPECT_EQ(scene.faults.under_way(), 0U);
}

TEST(Faults, ACutWayLosesSilentlyAndOnlyThatWay) {
    Scene scene({});
    Recorder back;
    const auto own = scene.a.subscribe("back", back.receiver());
    ASSERT_TRUE(own);
    scene.faults.cut("a", "b");
    scene.send("x", 1);
    EXPECT_TRUE(scene.b.publish("back", bytes_of("2")));
    EXPECT_THAT(scene.received(), ElementsAre(Pair("back", "2")));
    EXPECT_EQ(back.wait_for(1).size(), 1U);
    EXPECT_EQ(scene.faults.lost(), 1U);
    scene.faults.heal();
    scene.send("x", 3);
    EXPECT_THAT(scene.received(), ElementsAre(Pair("back", "2"), Pair("x", "3")));
}

TEST(Faults, WhoIsDisconnectedLosesWhatWasUnderWay) {
    Scene scene({.delay_min = milliseconds(5), .delay_max = milliseconds(5)});
    scene.send("x", 1);
    scene.faults.disconnect("b");
    scene.send("x", 2);
    EXPECT_TRUE(scene.a.health().connected);
    EXPECT_FALSE(scene.b.health().connected);
    scene.faults.connect("b");
    scene.send("x", 3);
    scene.faults.advance(milliseconds(5));
    EXPECT_THAT(scene.received(), ElementsAre(Pair("x", "3")));
    EXPECT_EQ(scene.faults.lost(), 2U);
}

TEST(Faults, SettlingWaitsForWhatReceiversPublishInTurn) {
    Scene scene({});
    std::vector<Subscription> chain;
    for (int i = 0; i < 20; ++i) {
        auto link = scene.b.subscribe("hop." + std::to_string(i), [&scene, i](auto, auto bytes) {
            const auto next = i == 19 ? std::string("arrived") : "hop." + std::to_string(i + 1);
            EXPECT_TRUE(scene.b.publish(next, bytes));
        });
        ASSERT_TRUE(link);
        chain.push_back(std::move(*link));
    }
    EXPECT_TRUE(scene.a.publish("hop.0", bytes_of("1")));
    EXPECT_THAT(scene.received(), ElementsAre(Pair("arrived", "1")));
}

TEST(Faults, GoingAwayConnectsEverybody) {
    const auto hub = make_hub();
    InProcessBus bus(hub, "b");
    {
        Faults faults(hub);
        faults.disconnect("b");
        EXPECT_FALSE(bus.publish("x", {}));
    }
    EXPECT_TRUE(bus.publish("x", {}));
    EXPECT_EQ(bus.health().reconnects, 1U);
}

}  // namespace
}  // namespace muster::bus
