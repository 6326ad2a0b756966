#include "relay.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace muster::load {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> bytes_of(std::uint32_t number) {
    std::vector<std::byte> out(4 + number % 60);
    std::memcpy(out.data(), &number, 4);
    return out;
}

std::uint32_t number_of(std::span<const std::byte> bytes) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), 4);
    return number;
}

// One datagram a millisecond; when each came out, or never.
std::vector<std::optional<Instant>> pass(const Weather& weather, std::uint64_t seed,
                                         std::uint32_t count) {
    Relay relay(weather, seed, 10'000);
    std::vector<std::optional<Instant>> out(count);
    for (std::uint32_t i = 0; i < count + 1'000; ++i) {
        const Instant now = i * Instant(1ms);
        if (i < count) relay.put(i, Relay::Way::up, bytes_of(i), now);
        relay.take(now, [&](std::uint64_t flow, Relay::Way way, std::span<std::byte> bytes) {
            EXPECT_EQ(flow, number_of(bytes));
            EXPECT_EQ(bytes.size(), bytes_of(number_of(bytes)).size());
            EXPECT_EQ(way, Relay::Way::up);
            EXPECT_FALSE(out[flow].has_value()) << "twice";
            out[flow] = now;
        });
    }
    EXPECT_EQ(relay.under_way(), 0);
    return out;
}

TEST(Relay, InCalmWeatherEverythingPassesAtOnceInOrder) {
    const auto out = pass({}, 1, 1'000);
    for (std::uint32_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], i * Instant(1ms));
}

TEST(Relay, LosesItsShareAndDelaysTheRestWithinTheJitter) {
    const Weather weather{.loss = 0.05, .delay = 50ms, .jitter = 10ms};
    const std::uint32_t count = 20'000;
    const auto out = pass(weather, 7, count);
    std::uint32_t lost = 0, overtaken = 0;
    Instant least{1s}, most{0};
    for (std::uint32_t i = 0; i < count; ++i) {
        if (!out[i]) {
            ++lost;
            continue;
        }
        const auto took = *out[i] - i * Instant(1ms);
        least = std::min(least, took);
        most = std::max(most, took);
        if (i > 0 && out[i - 1] && *out[i - 1] > *out[i]) ++overtaken;
    }
    EXPECT_NEAR(lost, count * 0.05, count * 0.05 * 0.15);
    EXPECT_GE(least, 40ms);
    EXPECT_LE(least, 42ms);
    EXPECT_LE(most, 61ms);  // take() is called once a millisecond
    EXPECT_GE(most, 59ms);
    EXPECT_GT(overtaken, 0U);
}

TEST(Relay, TheSameSeedIsTheSameWeatherAndAnotherIsAnother) {
    const Weather weather{.loss = 0.1, .delay = 20ms, .jitter = 20ms};
    EXPECT_EQ(pass(weather, 3, 500), pass(weather, 3, 500));
    EXPECT_NE(pass(weather, 3, 500), pass(weather, 4, 500));
}

TEST(Relay, MoreLossLeavesTheDelaysOfWhatStillPasses) {
    const auto little = pass({.loss = 0.01, .delay = 20ms, .jitter = 20ms}, 3, 500);
    const auto much = pass({.loss = 0.5, .delay = 20ms, .jitter = 20ms}, 3, 500);
    for (std::size_t i = 0; i < much.size(); ++i) {
        if (much[i]) EXPECT_EQ(much[i], little[i]);
    }
}

TEST(Relay, DropsAndCountsWhatIsOverItsLimit) {
    Relay relay({.loss = 0, .delay = 1s}, 1, 10);
    for (std::uint32_t i = 0; i < 25; ++i) relay.put(i, Relay::Way::down, bytes_of(i), 0us);
    EXPECT_EQ(relay.under_way(), 10);
    EXPECT_EQ(relay.counts().overflowed, 15);
    EXPECT_EQ(relay.deadline(), Instant(1s));
}

TEST(Relay, MayBePutIntoWhileItIsTakenFrom) {
    Relay relay({.loss = 0, .delay = 1ms}, 1, 100);
    relay.put(0, Relay::Way::up, bytes_of(0), 0us);
    std::uint64_t rounds = 0;
    for (Instant now{0}; now < 50ms; now += 1ms) {
        relay.take(now, [&](std::uint64_t flow, Relay::Way, std::span<std::byte> bytes) {
            ++rounds;
            // Two for one while there is room: the pool grows while a datagram of it is used.
            relay.put(flow, Relay::Way::up, bytes, now);
            relay.put(flow, Relay::Way::up, bytes, now);
        });
    }
    EXPECT_GT(rounds, 1'000U);
    EXPECT_EQ(relay.under_way(), 100);
}

}  // namespace
}  // namespace muster::load
