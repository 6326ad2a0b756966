#include "input_queue.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace muster::sim {
namespace {

/// A client that sends `a_message` inputs every `a_message` ticks, one for each.
struct Line {
    InputQueue queue;
    std::uint32_t sent = 0;
    std::vector<std::uint32_t> consumed;

    void send(std::uint32_t inputs) {
        for (; inputs > 0; --inputs) queue.push({.sequence = ++sent});
    }
    void tick() {
        queue.earn();
        while (const Input* input = queue.take()) consumed.push_back(input->sequence);
    }
    [[nodiscard]] std::uint32_t behind() const { return sent - consumed.back(); }
};

TEST(InputQueue, ConsumesEachInputOnceWhateverBurstsTheyComeIn) {
    for (const std::uint32_t burst : {1U, 2U, 3U, 6U, 12U}) {
        Line line;
        for (std::uint32_t tick = 0; tick < 1'000; ++tick) {
            if (tick % burst == 0) line.send(burst);
            line.tick();
        }
        for (std::size_t n = 0; n < line.consumed.size(); ++n) EXPECT_EQ(line.consumed[n], n + 1);
        EXPECT_LE(line.behind(), burst) << burst;
    }
}

TEST(InputQueue, GivesUpWhatOnlyWaitsAfterAPauseOfTheServers) {
    Line line;
    for (int tick = 0; tick < 200; ++tick) {
        line.send(1);
        line.tick();
    }
    line.send(40);  // while no tick passed
    line.tick();
    EXPECT_GT(line.behind(), 12U);
    for (int tick = 0; tick < 2 * surplus_window; ++tick) {
        line.send(1);
        line.tick();
    }
    EXPECT_LE(line.behind(), 1U);
    for (std::size_t n = 1; n < line.consumed.size(); ++n)
        EXPECT_LT(line.consumed[n - 1], line.consumed[n]);
}

TEST(InputQueue, LetsAClientWhoseClockHurriesGainNothing) {
    Line line;
    for (std::uint32_t tick = 0; tick < 6'000; ++tick) {
        line.send(tick % 10 == 0 ? 2 : 1);
        line.tick();
    }
    EXPECT_LE(line.consumed.size(), 6'000U + credits_max);
    EXPECT_LE(line.behind(), 8U);  // what a window gathers, and one
}

}  // namespace
}  // namespace muster::sim
