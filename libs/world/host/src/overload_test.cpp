#include "overload.hpp"

#include <gtest/gtest.h>

#include <vector>

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
