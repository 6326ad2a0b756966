#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "muster/sim/fixed.hpp"

namespace muster::sim {
namespace {

TEST(Direction, IsTheCosineAndSineToALastPlace) {
    for (std::uint32_t angle = 0; angle < 65'536; ++angle) {
        const Direction direction = direction_of(static_cast<Angle>(angle));
        const double turn = angle * 2 * std::numbers::pi / 65'536;
        ASSERT_NEAR(direction.cos, std::cos(turn) * 32'768, 1.5) << angle;
        ASSERT_NEAR(direction.sin, std::sin(turn) * 32'768, 1.5) << angle;
    }
}

TEST(Angle, UndoesADirection) {
    for (std::uint32_t angle = 0; angle < 65'536; angle += 7) {
        const Direction direction = direction_of(static_cast<Angle>(angle));
        const Angle found = angle_of({direction.cos * 100, direction.sin * 100});
        const auto error = static_cast<std::int16_t>(found - angle);
        ASSERT_LE(std::abs(error), 8) << angle;
    }
}

TEST(Angle, OfTheAxesIsExact) {
    EXPECT_EQ(angle_of({5, 0}), 0);
    EXPECT_EQ(angle_of({0, 5}), 16'384);
    EXPECT_EQ(angle_of({-5, 0}), 32'768);
    EXPECT_EQ(angle_of({0, -5}), 49'152);
    EXPECT_EQ(angle_of({7, 7}), 8'192);
    EXPECT_EQ(angle_of({}), 0);
}

TEST(SquareRoot, IsTheLargestWhoseSquareIsNotMore) {
    Random random(1);
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t v =
            ((std::uint64_t{random.next()} << 32) | random.next()) >> random.below(64);
        const std::uint64_t root = square_root(v);
        ASSERT_LE(root * root, v);
        if (root < UINT32_MAX) {
            ASSERT_GT((root + 1) * (root + 1), v);
        }
    }
    EXPECT_EQ(square_root(0), 0U);
    EXPECT_EQ(square_root(UINT64_MAX), UINT32_MAX);
}

TEST(Random, IsTheSameSequenceOnEveryBuild) {
    Random random(42);
    EXPECT_EQ(random.next(), 360'185'622U);
}

TEST(Random, StaysWithinWhatIsAsked) {
    Random random(3);
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_LT(random.below(7), 7U);
        const std::int32_t value = random.between(-3, 2);
        ASSERT_TRUE(value >= -3 && value <= 2);
    }
}

}  // namespace
}  // namespace muster::sim
