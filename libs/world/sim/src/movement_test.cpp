#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "movement.hpp"
#include "muster/sim/input.hpp"

namespace muster::sim {
namespace {

constexpr Box bounds{{-100 * unit, -100 * unit}, {100 * unit, 100 * unit}};

Vec slid(Vec at, Vec step, const std::vector<Box>& boxes) {
    std::vector<std::uint16_t> near(boxes.size());
    std::iota(near.begin(), near.end(), std::uint16_t{0});
    return slide(at, step, bounds, {near, boxes});
}

TEST(Movement, IsAsFastOnADiagonalAsAlongAnAxis) {
    EXPECT_EQ(wanted_step(Input::right, false), (Vec{640, 0}));
    EXPECT_EQ(wanted_step(Input::up, true), (Vec{0, -960}));
    EXPECT_EQ(wanted_step(Input::up | Input::left, false), (Vec{-452, -452}));
    EXPECT_EQ(wanted_step(Input::down | Input::right, true), (Vec{678, 678}));
}

TEST(Movement, CancelsOppositeDirections) {
    EXPECT_EQ(wanted_step(Input::left | Input::right | Input::down, false), (Vec{0, 640}));
    EXPECT_EQ(wanted_step(0x0f, false), Vec{});
}

TEST(Movement, StopsWhereItTouchesAWall) {
    const Box wall{{20 * unit, -50 * unit}, {30 * unit, 50 * unit}};
    EXPECT_EQ(slid({3 * unit, 0}, {960, 0}, {wall}), (Vec{5 * unit, 0}));
    EXPECT_EQ(slid({46 * unit, 0}, {-640, 0}, {wall}), (Vec{45 * unit, 0}));
}

TEST(Movement, SlidesAlongAWall) {
    const Box wall{{20 * unit, -50 * unit}, {30 * unit, 50 * unit}};
    EXPECT_EQ(slid({5 * unit, 0}, {452, 452}, {wall}), (Vec{5 * unit, 452}));
}

TEST(Movement, StaysWithinTheBorder) {
    EXPECT_EQ(slid({84 * unit, -84 * unit}, {640, -640}, {}), (Vec{85 * unit, -85 * unit}));
}

TEST(Movement, IsNeverInAWallNorFasterThanAsked) {
    Random random(7);
    for (int round = 0; round < 60; ++round) {
        std::vector<Box> boxes;
        for (int i = 0; i < 12; ++i) {
            const Vec low{random.between(-100, 80) * unit, random.between(-100, 80) * unit};
            boxes.push_back(
                {low, low + Vec{random.between(4, 40) * unit, random.between(4, 40) * unit}});
        }
        const auto is_free = [&](Vec at) {
            for (const Box& box : boxes) {
                if (overlaps(at, player_radius, box)) return false;
            }
            return at.x >= bounds.low.x + player_radius && at.x <= bounds.high.x - player_radius &&
                   at.y >= bounds.low.y + player_radius && at.y <= bounds.high.y - player_radius;
        };
        Vec at{random.between(-85, 85) * unit, random.between(-85, 85) * unit};
        if (!is_free(at)) continue;
        Vec step;
        for (int tick = 0; tick < 300; ++tick) {
            if (tick % 20 == 0) {
                step =
                    wanted_step(static_cast<std::uint8_t>(random.below(16)), random.below(2) == 1);
            }
            const Vec next = slid(at, step, boxes);
            ASSERT_TRUE(is_free(next)) << round << " " << tick;
            ASSERT_TRUE(step.x >= 0 ? next.x >= at.x && next.x <= at.x + step.x
                                    : next.x <= at.x && next.x >= at.x + step.x);
            ASSERT_TRUE(step.y >= 0 ? next.y >= at.y && next.y <= at.y + step.y
                                    : next.y <= at.y && next.y >= at.y + step.y);
            at = next;
        }
    }
}

}  // namespace
}  // namespace muster::sim
