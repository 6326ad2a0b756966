#include "histogram.hpp"

#include <gtest/gtest.h>

namespace muster::host {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, KnowsQuantilesToSixPercent) {
    Histogram histogram;
    for (int i = 1; i <= 1'000; ++i) histogram.record(5s, std::chrono::microseconds(i));
    const auto got = histogram.summary(5s);
    EXPECT_EQ(got.count, 1'000);
    EXPECT_NEAR(got.p50_us, 500, 35);
    EXPECT_NEAR(got.p99_us, 990, 65);
    EXPECT_EQ(got.max_us, 1'000);
}

TEST(Histogram, ForgetsWhatIsOlderThanTenSeconds) {
    Histogram histogram;
    histogram.record(1s, 10ms);
    histogram.record(8s, 1ms);
    EXPECT_EQ(histogram.summary(9s).max_us, 10'000);
    EXPECT_EQ(histogram.summary(12s).max_us, 1'000);
    EXPECT_EQ(histogram.summary(9s, 2).count, 1);
    EXPECT_EQ(histogram.summary(60s).count, 0);
    histogram.record(61s, 2ms);
    EXPECT_EQ(histogram.summary(61s).count, 1);
}

TEST(Histogram, TakesAnyDuration) {
    Histogram histogram;
    histogram.record(0s, -1ns);
    histogram.record(0s, 0ns);
    histogram.record(0s, std::chrono::hours(24 * 365));
    const auto got = histogram.summary(0s);
    EXPECT_EQ(got.count, 3);
    EXPECT_GT(got.max_us, 1e9);
}

}  // namespace
}  // namespace muster::host
