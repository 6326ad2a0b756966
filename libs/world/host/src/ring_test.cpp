#include "ring.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace muster::host {
namespace {

TEST(Ring, IsFullAtItsCapacityAndTakesAgainAfterOneWasTaken) {
    Ring<int> ring(4);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(ring.push(int{i}));
    EXPECT_FALSE(ring.push(4));
    EXPECT_EQ(ring.depth(), 4);
    std::vector<int> got;
    EXPECT_EQ(ring.drain([&](int& value) { got.push_back(value); }, 1), 1);
    EXPECT_TRUE(ring.push(5));
    EXPECT_FALSE(ring.push(6));
    ring.drain([&](int& value) { got.push_back(value); });
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 5}));
    EXPECT_EQ(ring.depth(), 0);
}

TEST(Ring, WhatDidNotFitIsLeftAsItWas) {
    Ring<std::unique_ptr<int>> ring(1);
    ASSERT_TRUE(ring.push(std::make_unique<int>(1)));
    auto second = std::make_unique<int>(2);
    EXPECT_FALSE(ring.push(std::move(second)));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(*second, 2);
}

TEST(Ring, LosesAndReordersNothingBetweenTwoThreads) {
    constexpr unsigned count = 50'000;
    Ring<unsigned> ring(64);
    std::thread sender([&] {
        for (unsigned i = 0; i < count;) {
            if (ring.push(unsigned{i})) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    unsigned expected = 0;
    while (expected < count) {
        if (ring.drain([&](unsigned& value) { ASSERT_EQ(value, expected++); }) == 0) {
            std::this_thread::yield();
        }
    }
    sender.join();
    EXPECT_EQ(ring.depth(), 0);
}

}  // namespace
}  // namespace muster::host
