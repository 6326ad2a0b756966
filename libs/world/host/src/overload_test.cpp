#include "overload.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "shared.hpp"

namespace muster::host {
namespace {

using namespace std::chrono_literals;

// The services that `seconds` of this load lead through, twice a second.
std::vector<Service> run(OverloadControl& control, Instant& now, double load, int seconds) {
    std::vector<Service> out;
    for (int i = 0; i < 2 * seconds; ++i) {
        now += 500ms;
        if (const auto changed = control.update(now, load)) out.push_back(*changed);
    }
    return out;
}

TEST(Overload, ThinsWhatIsFarFirstAndThenLowersTheRate) {
    OverloadControl control(30);
    Instant now{};
    const auto steps = run(control, now, 0.95, 30);
    ASSERT_EQ(steps.size(), 4);
    EXPECT_EQ(steps[0], (Service{Overload::far_thinned, 30, 6}));
    EXPECT_EQ(steps[1], (Service{Overload::rate_lowered, 20, 6}));
    EXPECT_EQ(steps[2], (Service{Overload::rate_lowered, 15, 6}));
    EXPECT_EQ(steps[3], (Service{Overload::rate_lowered, 10, 6}));
}

TEST(Overload, RecoversStepByStep) {
    OverloadControl control(30);
    Instant now{};
    run(control, now, 0.95, 30);
    const auto steps = run(control, now, 0.3, 60);
    ASSERT_EQ(steps.size(), 4);
    EXPECT_EQ(steps[0].snapshot_rate, 15);
    EXPECT_EQ(steps[2], (Service{Overload::far_thinned, 30, 6}));
    EXPECT_EQ(steps[3], (Service{Overload::none, 30, 3}));
}

TEST(Overload, AShortPeakAndALoadInBetweenChangeNothing) {
    OverloadControl control(30);
    Instant now{};
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(run(control, now, 0.95, 1).empty());
        EXPECT_TRUE(run(control, now, 0.6, 1).empty());
    }
    ASSERT_EQ(run(control, now, 0.95, 4).size(), 1);
    EXPECT_TRUE(run(control, now, 0.6, 60).empty()) << "hysteresis";
}

TEST(Overload, StepsEverySecondWhileNothingIsLeft) {
    OverloadControl control(30);
    Instant now{};
    const auto steps = run(control, now, 1.0, 4);
    ASSERT_EQ(steps.size(), 4);
    EXPECT_EQ(steps.back().snapshot_rate, 10);
    EXPECT_TRUE(run(control, now, 0.6, 60).empty()) << "and comes back only when there is room";
}

TEST(Overload, WaitsLongerEachTimeThatAStepUpWasTooMuch) {
    OverloadControl control(30);
    Instant now{};
    ASSERT_EQ(run(control, now, 0.9, 3).size(), 1);
    std::vector<int> waits;
    for (int i = 0; i < 4; ++i) {
        int waited = 0;
        while (run(control, now, 0.2, 1).empty()) ++waited;
        waits.push_back(waited);
        ASSERT_EQ(run(control, now, 0.9, 3).size(), 1);
    }
    EXPECT_TRUE(std::ranges::is_sorted(waits));
    EXPECT_GE(waits.back(), 4 * std::max(1, waits.front()));
    // One that held is forgotten.
    run(control, now, 0.2, 60);
    ASSERT_EQ(run(control, now, 0.9, 3).size(), 1);
    EXPECT_EQ(run(control, now, 0.2, 4).size(), 1);
}

TEST(Overload, LatenessIsLoadThoughTheThreadIsIdle) {
    Load load;
    Instant now = 1s;
    load.passed(now);
    for (int tick = 0; tick < 30; ++tick) load.ticks(1, tick % 5 == 0 ? 1 : 0);
    load.busy(100ms);
    load.passed(now += 500ms);
    EXPECT_NEAR(load.share(), 0.4, 0.01) << "late for a fifth of its ticks";
    load.ticks(20, 20);
    load.passed(now += 500ms);
    EXPECT_NEAR(load.share(), 1, 0.01);
    load.busy(100ms);
    load.passed(now += 500ms);
    EXPECT_NEAR(load.share(), 0.2, 0.01) << "and that is forgotten after half a second";
}

TEST(Overload, BeginsAtTheRateThatWasChosen) {
    Instant now{};
    OverloadControl fast(60);
    const auto steps = run(fast, now, 1, 60);
    ASSERT_EQ(steps.size(), 5);
    EXPECT_EQ(steps[1].snapshot_rate, 30);
    OverloadControl slow(10);
    EXPECT_EQ(run(slow, now, 1, 60).size(), 1) << "there is no lower one";
}

}  // namespace
}  // namespace muster::host
