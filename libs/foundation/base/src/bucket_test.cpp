#include "muster/base/bucket.hpp"

#include <gtest/gtest.h>

#include <string>

namespace muster {
namespace {

constexpr Timestamp start{milliseconds(1'700'000'000'000)};

int taken(Bucket& bucket, Timestamp now, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += bucket.take(now) ? 1 : 0;
    return count;
}

TEST(Bucket, GivesTheBurstAtOnceAndNoMore) {
    Bucket bucket(Rate{10, 5});
    EXPECT_EQ(taken(bucket, start, 100), 5);
}

TEST(Bucket, RegainsItsRateAndNeverMoreThanTheBurst) {
    Bucket bucket(Rate{10, 5});
    EXPECT_EQ(taken(bucket, start, 100), 5);
    EXPECT_EQ(taken(bucket, start + milliseconds(99), 100), 0);
    EXPECT_EQ(taken(bucket, start + milliseconds(100), 100), 1);
    EXPECT_EQ(taken(bucket, start + milliseconds(400), 100), 3);
    EXPECT_EQ(taken(bucket, start + std::chrono::hours(1), 100), 5);
}

TEST(Bucket, OverALongTimeTheRateHolds) {
    Bucket bucket(Rate{50, 200});
    int count = 0;
    for (int ms = 0; ms < 60'000; ++ms) count += taken(bucket, start + milliseconds(ms), 2);
    EXPECT_NEAR(count, 200 + 60 * 50, 1);
}

TEST(Bucket, WaitSaysWhenTheNextTokenComes) {
    Bucket bucket(Rate{10.0 / 60, 2});
    EXPECT_EQ(bucket.wait(start), milliseconds(0));
    EXPECT_EQ(taken(bucket, start, 3), 2);
    const milliseconds wait = bucket.wait(start);
    EXPECT_EQ(wait, milliseconds(6000));
    EXPECT_FALSE(bucket.take(start + wait - milliseconds(1)));
    EXPECT_TRUE(bucket.take(start + wait));
}

TEST(Bucket, TakesSeveralOrNone) {
    Bucket bucket(Rate{1, 5});
    EXPECT_TRUE(bucket.take(start, 3));
    EXPECT_FALSE(bucket.take(start, 3));
    EXPECT_TRUE(bucket.take(start, 2));
    EXPECT_FALSE(bucket.take(start, 6)) << "more than the burst is never there";
}

TEST(Bucket, AClockThatJumpsBackLocksNobodyOut) {
    Bucket bucket(Rate{1, 5});
    EXPECT_EQ(taken(bucket, start, 10), 5);
    const Timestamp before = start - std::chrono::hours(5);
    EXPECT_FALSE(bucket.take(before));
    EXPECT_EQ(bucket.wait(before), milliseconds(1000));
    EXPECT_TRUE(bucket.take(before + milliseconds(1000)));
}

TEST(Buckets, KeysDoNotShareTheirTokens) {
    Buckets<std::string> buckets(Rate{1, 2}, 10);
    EXPECT_TRUE(buckets.take("a", start));
    EXPECT_TRUE(buckets.take("a", start));
    EXPECT_FALSE(buckets.take("a", start));
    EXPECT_TRUE(buckets.take("b", start));
    EXPECT_EQ(buckets.wait("a", start), milliseconds(1000));
    EXPECT_EQ(buckets.wait("b", start), milliseconds(0));
}

TEST(Buckets, AtItsLimitTheFullestIsForgotten) {
    Buckets<int> buckets(Rate{1, 3}, 3);
    EXPECT_TRUE(buckets.take(1, start, 3));
    EXPECT_TRUE(buckets.take(2, start, 1));
    EXPECT_TRUE(buckets.take(3, start, 2));
    EXPECT_TRUE(buckets.take(4, start, 3));  // 2 had the most left
    EXPECT_EQ(buckets.size(), 3U);
    EXPECT_FALSE(buckets.take(1, start)) << "the emptiest is remembered";
    EXPECT_TRUE(buckets.take(3, start));
    EXPECT_FALSE(buckets.take(3, start));
    for (int key = 100; key < 10'000; ++key) EXPECT_TRUE(buckets.take(key, start));
    EXPECT_EQ(buckets.size(), 3U);
}

TEST(Buckets, AClockThatJumpsBackLocksNoKeyOut) {
    Buckets<int> buckets(Rate{1, 3}, 3);
    EXPECT_TRUE(buckets.take(1, start, 3));
    const Timestamp before = start - std::chrono::hours(5);
    EXPECT_FALSE(buckets.take(1, before));
    EXPECT_TRUE(buckets.take(1, before + milliseconds(1000)));
}

TEST(Buckets, ARefusedKeyIsNotRemembered) {
    Buckets<int> buckets(Rate{1, 3}, 3);
    EXPECT_FALSE(buckets.take(1, start, 4));
    EXPECT_EQ(buckets.size(), 0U);
}

}  // namespace
}  // namespace muster
