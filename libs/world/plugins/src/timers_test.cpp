#include "timers.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace muster::plugins {
namespace {

std::vector<std::uint32_t> due(Timers& timers, std::uint64_t now) {
    std::vector<std::uint32_t> out;
    while (const auto timer = timers.take_due(now)) out.push_back(*timer);
    return out;
}

using Ids = std::vector<std::uint32_t>;

TEST(Timers, GoOffOnceAndInTheOrderInWhichTheyAreDue) {
    Timers timers(8);
    const auto late = timers.start(100, 50, 0);
    const auto early = timers.start(100, 20, 0);
    EXPECT_EQ(due(timers, 119), Ids{});
    EXPECT_EQ(due(timers, 150), (Ids{*early, *late}));
    EXPECT_EQ(due(timers, 10'000), Ids{});
}

TEST(Timers, RepeatWithoutMakingUpForWhatTheyMissed) {
    Timers timers(8);
    const auto timer = *timers.start(0, 10, 30);
    EXPECT_EQ(due(timers, 10), Ids{timer});
    EXPECT_EQ(due(timers, 39), Ids{});
    EXPECT_EQ(due(timers, 1'000), Ids{timer}) << "once, though it was due 33 times";
    EXPECT_EQ(due(timers, 1'000), Ids{});
    EXPECT_TRUE(timers.stop(timer));
    EXPECT_FALSE(timers.stop(timer));
    EXPECT_EQ(due(timers, 5'000), Ids{});
}

TEST(Timers, ThatStartTheNextDoNotGoOffInTheSamePass) {
    Timers timers(8);
    (void)timers.start(0, 0, 0);
    int passes = 0;
    while (timers.take_due(7)) {
        (void)timers.start(7, 0, 0);
        ASSERT_LT(++passes, 3);
    }
    EXPECT_EQ(passes, 1);
    EXPECT_EQ(due(timers, 8).size(), 1U);
}

TEST(Timers, HaveAMaximumAndNeverAnIdTwice) {
    Timers timers(2);
    const auto first = *timers.start(0, 1, 0);
    (void)timers.start(0, 1, 0);
    EXPECT_FALSE(timers.start(0, 1, 0));
    EXPECT_TRUE(timers.stop(first));
    EXPECT_GT(*timers.start(0, 1, 0), first + 1);
}

}  // namespace
}  // namespace muster::plugins
