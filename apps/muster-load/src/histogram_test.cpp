#include "histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "dice.hpp"

namespace muster::load {
namespace {

TEST(Histogram, IsExactForSmallValues) {
    Histogram histogram;
    for (std::uint64_t value = 1; value <= 100; ++value) histogram.add(value);
    EXPECT_EQ(histogram.count(), 100);
    EXPECT_EQ(histogram.at(0.5), 50);
    EXPECT_EQ(histogram.at(0.99), 99);
    EXPECT_EQ(histogram.at(1), 100);
    EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, AgreesWithSortingWithinASixtyFourthAndNeverFlatters) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Dice dice(seed);
        Histogram histogram;
        std::vector<std::uint64_t> values;
        for (int i = 0; i < 20'000; ++i) {
            const auto value = dice.next() >> dice.next() % 60;
            values.push_back(std::min(value, Histogram::value_max));
            histogram.add(value);
        }
        std::ranges::sort(values);
        for (const double share : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
            const auto rank = static_cast<std::size_t>(share * 20'000 + 0.999'999) - 1;
            const auto real = values[rank];
            EXPECT_GE(histogram.at(share), real) << "seed " << seed << ", " << share;
            EXPECT_LE(histogram.at(share), real + real / 64 + 1) << "seed " << seed;
        }
        EXPECT_EQ(histogram.max(), values.back());
    }
}

TEST(Histogram, MergedIsAsIfAllHadBeenAddedToOne) {
    Dice dice(9);
    Histogram one, other, both;
    for (int i = 0; i < 1'000; ++i) {
        const auto value = dice.next() % 1'000'000;
        (i % 3 == 0 ? one : other).add(value);
        both.add(value);
    }
    one.merge(other);
    EXPECT_EQ(one.count(), both.count());
    EXPECT_EQ(one.max(), both.max());
    EXPECT_DOUBLE_EQ(one.mean(), both.mean());
    for (const double share : {0.1, 0.5, 0.99}) EXPECT_EQ(one.at(share), both.at(share));
}

TEST(Histogram, EmptyOneSaysNothingButNought) {
    EXPECT_EQ(Histogram{}.at(0.99), 0);
    EXPECT_EQ(Histogram{}.mean(), 0);
}

}  // namespace
}  // namespace muster::load
