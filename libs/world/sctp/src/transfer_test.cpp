#include <gtest/gtest.h>

#include <map>

#include "link_sim.hpp"

namespace muster::sctp {
namespace {

using sim::Conditions;
using sim::Link;
using sim::OwnEnd;

constexpr Reliability unreliable{
    .policy = Reliability::Policy::retransmissions, .limit = 0, .ordered = false};

struct Pair {
    explicit Pair(const Conditions& conditions = {}, std::uint64_t seed = 1,
                  const Options& options = {})
        : a(static_cast<std::uint32_t>(seed * 2), options),
          b(static_cast<std::uint32_t>(seed * 2 + 1), options),
          link(a, b, conditions, seed) {
        a.connect(link.now);
        b.connect(link.now);
        EXPECT_TRUE(link.open());
    }
    OwnEnd a, b;
    Link link;
};

TEST(Transfer, CarriesMessagesOfAllSizes) {
    Pair pair;
    const std::vector<std::size_t> sizes{4, 40, 1'000, 1'120, 1'121, 3'000, 60'000, 65'536};
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
        EXPECT_EQ(pair.a.send(1, 53, sim::numbered(i, sizes[i]), {}, pair.link.now), Sent::queued);
    }
    pair.link.run_for(Instant{3'000'000});
    ASSERT_EQ(pair.b.received.size(), sizes.size());
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
        EXPECT_EQ(pair.b.received[i].bytes.size(), sizes[i]);
        EXPECT_EQ(sim::number_of(pair.b.received[i].bytes), i);
    }
    EXPECT_EQ(pair.a.association.reliable_bytes_pending(), 0u);
    EXPECT_EQ(pair.a.association.messages_pending(1), 0u);
    EXPECT_EQ(pair.a.association.statistics().retransmitted, 0u);
    EXPECT_FALSE(pair.a.association.deadline());
}

TEST(Transfer, BundlesTheSackWithData) {
    Pair pair;
    const auto before = pair.link.carried;
    for (int i = 0; i < 60; ++i) {  // one message each way a tick
        (void)pair.a.send(0, 53, sim::numbered(1, 400), unreliable, pair.link.now);
        (void)pair.b.send(0, 53, sim::numbered(1, 40), unreliable, pair.link.now);
        pair.link.run_for(Instant{16'667});
    }
    EXPECT_EQ(pair.a.received.size(), 60u);
    EXPECT_LE(pair.link.carried - before, 125u);
}

TEST(Transfer, RefusesWhatIsTooMuch) {
    Pair pair;
    const auto now = pair.link.now;
    EXPECT_EQ(pair.a.send(16, 53, sim::numbered(1, 4), {}, now), Sent::closed);
    EXPECT_EQ(pair.a.send(0, 53, sim::numbered(1, 65'537), {}, now), Sent::too_large);
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(pair.a.send(0, 53, sim::numbered(1, 65'536), {}, now), Sent::queued);
    }
    EXPECT_EQ(pair.a.send(0, 53, sim::numbered(1, 4), {}, now), Sent::full);
}

TEST(Transfer, ClosesWhenThePeerIsUnreachable) {
    Pair pair;
    pair.link.conditions.loss = 100;
    (void)pair.a.send(0, 53, sim::numbered(1, 100), {}, pair.link.now);
    pair.link.run_for(Instant{90'000'000}, Instant{100'000});
    EXPECT_EQ(pair.a.closed, CloseReason::unreachable);
    EXPECT_FALSE(pair.b.closed);
}

TEST(Transfer, ShutsDownAfterWhatWasQueued) {
    Pair pair;
    (void)pair.a.send(0, 53, sim::numbered(1, 30'000), {}, pair.link.now);
    pair.a.shut_down(pair.link.now);
    EXPECT_EQ(pair.a.send(0, 53, sim::numbered(1, 4), {}, pair.link.now), Sent::closed);
    pair.link.run_for(Instant{2'000'000});
    EXPECT_EQ(pair.b.received.size(), 1u);
    EXPECT_EQ(pair.a.closed, CloseReason::shut_down);
    EXPECT_EQ(pair.b.closed, CloseReason::shut_down);
}

TEST(Transfer, AbortsAtOnce) {
    Pair pair;
    pair.a.association.abort("enough", pair.link.now);
    pair.link.run_for(Instant{10'000});
    EXPECT_EQ(pair.a.closed, CloseReason::closed_here);
    EXPECT_EQ(pair.b.closed, CloseReason::aborted);
}

}  // namespace
}  // namespace muster::sctp
