#include "muster/base/time.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(Time, WrittenTimesReadBack) {
    for (const long long ms : {0LL, 1LL, 951'782'400'123LL, 1'763'973'000'999LL}) {
        const Timestamp time{milliseconds(ms)};
        EXPECT_EQ(from_rfc3339(to_rfc3339(time)), time) << ms;
    }
    EXPECT_EQ(to_rfc3339(Timestamp{milliseconds(951'782'400'123)}), "2000-02-29T00:00:00.123Z");
}

TEST(Time, OffsetsAndDecimalsAreUnderstood) {
    const auto time = from_rfc3339("2000-02-29T00:00:00.123Z");
    EXPECT_EQ(from_rfc3339("2000-02-29T02:00:00.123456789+02:00"), time);
    EXPECT_EQ(from_rfc3339("2000-02-28t22:30:00.123-01:30"), time);
}

TEST(Time, WhatIsNoTimeIsRefused) {
    for (const char* text :
         {"", "2000", "2001-02-29T00:00:00Z", "2000-02-29T24:00:00Z", "2000-02-29T00:00:00",
          "2000-02-29T00:00:00.Z", "2000-02-29T00:00:00Zx", "2000-02-29 00:00:00Z"}) {
        EXPECT_FALSE(from_rfc3339(text)) << text;
    }
}

}  // namespace
}  // namespace muster
