#include "muster/territory/geometry.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace muster::territory {
namespace {

constexpr Rectangle whole{0, 0, 100, 40};

TEST(Geometry, RectanglesThatTouchShareNoPoint) {
    EXPECT_FALSE(overlap({0, 0, 10, 10}, {10, 0, 20, 10}));
    EXPECT_FALSE(overlap({0, 0, 10, 10}, {5, 5, 5, 9}));
    EXPECT_TRUE(overlap({0, 0, 10, 10}, {9, 9, 20, 20}));
}

TEST(Geometry, NearIsWithinTheDistanceOnAnySide) {
    EXPECT_TRUE(near({0, 0, 10, 10}, {10, 10, 20, 20}, 0));
    EXPECT_TRUE(near({0, 0, 10, 10}, {15, 0, 20, 10}, 5));
    EXPECT_FALSE(near({0, 0, 10, 10}, {16, 0, 20, 10}, 5));
}

TEST(Geometry, HalvesCutTheLongerSideAndAreNoNarrowerThanAsked) {
    const auto both = halves(whole, 50);
    ASSERT_TRUE(both);
    EXPECT_EQ(both->first, (Rectangle{0, 0, 50, 40}));
    EXPECT_EQ(both->second, (Rectangle{50, 0, 100, 40}));
    EXPECT_FALSE(halves(whole, 51));
    EXPECT_FALSE(halves({0, 0, 1, 1}, 0));
}

TEST(Geometry, TheLargestRectangleOverflowsNothing) {
    constexpr auto low = std::numeric_limits<std::int32_t>::min();
    constexpr auto high = std::numeric_limits<std::int32_t>::max();
    const Rectangle all{low, low, high, high};
    const auto both = halves(all, high);
    ASSERT_TRUE(both);
    EXPECT_TRUE(tiles(all, std::vector{both->first, both->second}));
    EXPECT_TRUE(near(all, all, high));
}

TEST(Geometry, OnlyPartsThatMakeARectangleJoin) {
    EXPECT_EQ(joined({0, 0, 50, 40}, {50, 0, 100, 40}), whole);
    EXPECT_EQ(joined({50, 0, 100, 40}, {0, 0, 50, 40}), whole);
    EXPECT_EQ(joined({0, 20, 100, 40}, {0, 0, 100, 20}), whole);
    EXPECT_FALSE(joined({0, 0, 50, 40}, {50, 0, 100, 20}));
    EXPECT_FALSE(joined({0, 0, 50, 40}, {60, 0, 100, 40}));
    EXPECT_FALSE(joined(whole, whole));
}

TEST(Geometry, TilesKnowsGapsOverlapsAndWhatReachesBeyond) {
    const Rectangle left{0, 0, 50, 40};
    const Rectangle right{50, 0, 100, 40};
    EXPECT_TRUE(tiles(whole, std::vector{left, right}));
    EXPECT_FALSE(tiles(whole, std::vector{left}));
    EXPECT_FALSE(tiles(whole, std::vector{left, right, right}));
    EXPECT_FALSE(tiles(whole, std::vector{left, Rectangle{49, 0, 99, 40}}));
    EXPECT_FALSE(tiles(whole, std::vector{left, Rectangle{60, 0, 110, 40}}));
    EXPECT_FALSE(tiles({}, {}));
}

}  // namespace
}  // namespace muster::territory
