#include <gtest/gtest.h>

#include <algorithm>

#include "chunks.hpp"
#include "link_sim.hpp"
#include "matrix_sim.hpp"

namespace muster::sctp {
namespace {

using sim::Link;
using sim::OwnEnd;
using Policy = Reliability::Policy;

constexpr Reliability unreliable{.policy = Policy::retransmissions, .limit = 0, .ordered = false};

struct Pair {
    explicit Pair(const Options& options = {}) : a(2, options), b(3, options), link(a, b, {}, 1) {
        a.connect(link.now);
        b.connect(link.now);
        EXPECT_TRUE(link.open());
        link.run_for(Instant{100'000});
    }
    void lose_from(int end) {
        link.passes = [end](int from, std::span<const std::byte>) { return from != end; };
    }
    OwnEnd a, b;
    Link link;
};

TEST(LimitedReliability, KeepsOnlyTheNewestThatWait) {
    Pair pair;
    pair.lose_from(1);  // no SACK: the window fills, and the rest waits
    for (std::uint32_t i = 0; i < 100; ++i) {
        (void)pair.a.send(3, 53, sim::numbered(i, 1'000), unreliable, pair.link.now);
        pair.a.flush(pair.link.now);
    }
    EXPECT_LE(pair.a.association.messages_pending(3), 15u);
    EXPECT_GT(pair.a.association.statistics().dropped_stale, 80u);
    pair.link.passes = nullptr;
    pair.link.run_for(Instant{2'000'000});
    EXPECT_EQ(sim::number_of(pair.b.received.back().bytes), 99u);
    EXPECT_EQ(pair.a.association.messages_pending(3), 0u);
}

TEST(LimitedReliability, DropsWhatOutlivedItsTimeBeforeItWasSent) {
    Pair pair({.unreliable_queue_messages_max = 100});
    pair.lose_from(1);
    for (std::uint32_t i = 0; i < 40; ++i) {
        (void)pair.a.send(3, 53, sim::numbered(i, 1'000),
                          {.policy = Policy::lifetime, .limit = 50, .ordered = false},
                          pair.link.now);
    }
    pair.link.run_for(Instant{3'000'000});
    pair.link.passes = nullptr;
    pair.link.run_for(Instant{8'000'000});
    EXPECT_LE(pair.b.received.size(), 12u);
    EXPECT_GE(pair.a.association.statistics().dropped_stale, 25u);
    EXPECT_EQ(pair.a.association.messages_pending(3), 0u);
    EXPECT_TRUE(pair.a.association.is_open());
}

TEST(LimitedReliability, SkipsALostMessageOfAnOrderedStream) {
    Pair pair;
    int packets = 0;
    pair.link.passes = [&](int from, std::span<const std::byte>) {
        return from == 1 || ++packets != 2;
    };
    for (std::uint32_t i = 0; i < 6; ++i) {
        (void)pair.a.send(3, 53, sim::numbered(i, 1'000),
                          {.policy = Policy::retransmissions, .limit = 0, .ordered = true},
                          pair.link.now);
        pair.a.flush(pair.link.now);
    }
    pair.link.run_for(Instant{1'000'000});
    std::vector<std::uint32_t> numbers;
    for (const auto& message : pair.b.received) {
        numbers.push_back(sim::number_of(message.bytes).value_or(99));
    }
    EXPECT_EQ(numbers, (std::vector<std::uint32_t>{0, 2, 3, 4, 5}));
    EXPECT_EQ(pair.a.association.statistics().abandoned, 1u);
    EXPECT_EQ(pair.a.association.statistics().retransmitted, 0u);
}

TEST(LimitedReliability, DoesNotHoldUpTheReliable) {
    Pair pair;
    for (std::uint32_t i = 0; i < 6; ++i) {
        (void)pair.a.send(0, 53, sim::numbered(i, 60'000), {}, pair.link.now);
    }
    for (std::uint32_t i = 0; i < 60; ++i) {
        (void)pair.a.send(1, 53, sim::numbered(i, 400), unreliable, pair.link.now);
        pair.link.run_for(Instant{16'667});
    }
    const auto of = [&](std::uint16_t stream) {
        return std::ranges::count(pair.b.received, stream, &sim::Received::stream);
    };
    EXPECT_EQ(of(0), 6);
    EXPECT_GE(of(1), 40);
}

TEST(Streams, AreResetBothWaysAndCanBeUsedAgain) {
    Pair pair;
    const std::array<std::uint16_t, 1> stream{5};
    for (int round = 0; round < 3; ++round) {
        (void)pair.a.send(5, 53, sim::numbered(1, 5'000), {}, pair.link.now);
        pair.a.reset_streams(stream, pair.link.now);
        EXPECT_EQ(pair.a.send(5, 53, sim::numbered(2, 4), {}, pair.link.now), Sent::closed);
        pair.b.reset_streams(stream, pair.link.now);
        pair.link.run_for(Instant{1'000'000});
        EXPECT_EQ(pair.b.received.size(), static_cast<std::size_t>(round + 1));
        EXPECT_EQ(pair.b.streams_reset.size(), static_cast<std::size_t>(round + 1));
        EXPECT_EQ(pair.a.streams_reset.size(), static_cast<std::size_t>(round + 1));
    }
}

TEST(Streams, AreResetOnABadWire) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        OwnEnd a(4), b(5);
        Link link(a, b, {.loss = 15, .duplication = 10, .jitter = Instant{30'000}}, seed);
        a.connect(link.now);
        ASSERT_TRUE(link.open());
        const std::array<std::uint16_t, 2> streams{1, 2};
        for (std::uint32_t i = 0; i < 10; ++i) {
            (void)a.send(1, 53, sim::numbered(i, 2'000), {}, link.now);
        }
        a.reset_streams(streams, link.now);
        link.run_for(Instant{60'000'000});
        EXPECT_EQ(b.received.size(), 10u) << seed;
        std::ranges::sort(b.streams_reset);  // 2 had nothing to wait for
        EXPECT_EQ(b.streams_reset, (std::vector<std::uint16_t>{1, 2})) << seed;
        EXPECT_EQ(a.send(1, 53, sim::numbered(10, 4), {}, link.now), Sent::queued) << seed;
        link.run_for(Instant{20'000'000});
        EXPECT_EQ(b.received.size(), 11u) << seed;
    }
}

TEST(Matrix, HoldsForASample) {
    const auto cases = sim::matrix(1);
    for (std::size_t i = 0; i < cases.size(); i += 29) {
        auto which = cases[i];
        which.ticks = 20;
        const auto result = sim::run_case(which);
        EXPECT_EQ(result.broken, "") << sim::describe(which);
    }
}

}  // namespace
}  // namespace muster::sctp
