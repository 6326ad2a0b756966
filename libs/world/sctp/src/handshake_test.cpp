#include <gtest/gtest.h>

#include "chunks.hpp"
#include "cookie.hpp"
#include "link_sim.hpp"

namespace muster::sctp {
namespace {

using sim::Link;
using sim::OwnEnd;

ChunkType first_chunk(std::span<const std::byte> packet) {
    return static_cast<ChunkType>(packet[common_header_bytes]);
}

TEST(Handshake, OpensWhenOneSideStarts) {
    OwnEnd a(1), b(2);
    Link link(a, b, {}, 1);
    a.connect(link.now);
    ASSERT_TRUE(link.open());
    EXPECT_TRUE(a.association.is_open());
    EXPECT_TRUE(b.association.is_open());
}

TEST(Handshake, OpensWhenBothSidesStart) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        OwnEnd a(1), b(2);
        Link link(a, b, {.loss = 20, .duplication = 20, .jitter = Instant{5'000}}, seed);
        a.connect(link.now);
        b.connect(link.now);
        ASSERT_TRUE(link.open()) << "seed " << seed;
        link.run_for(Instant{2'000'000});
        EXPECT_EQ(a.opened, 1);
        EXPECT_EQ(b.opened, 1);
        EXPECT_FALSE(a.closed || b.closed);
    }
}

TEST(Handshake, GivesUpOnAPeerThatDoesNotAnswer) {
    OwnEnd a(1), b(2);
    Link link(a, b, {.loss = 100}, 1);
    a.connect(link.now);
    link.run_for(Instant{120'000'000}, Instant{1'000'000});
    EXPECT_EQ(a.closed, CloseReason::unreachable);
    EXPECT_FALSE(a.association.deadline());
}

TEST(Handshake, SendsWhatWasQueuedBeforeItOpened) {
    OwnEnd a(1), b(2);
    Link link(a, b, {}, 1);
    EXPECT_EQ(a.send(0, 51, sim::numbered(7, 100), {}, link.now), Sent::queued);
    a.connect(link.now);
    ASSERT_TRUE(link.open());
    link.run_for(Instant{100'000});
    ASSERT_EQ(b.received.size(), 1u);
    EXPECT_EQ(b.received[0].ppid, 51u);
    EXPECT_EQ(sim::number_of(b.received[0].bytes), 7u);
}

TEST(Handshake, KeepsNothingOfAnInitThatIsNotFollowed) {
    OwnEnd a(1), b(2);
    Link link(a, b, {}, 1);
    link.passes = [](int, std::span<const std::byte> packet) {
        return first_chunk(packet) != ChunkType::cookie_echo;
    };
    a.connect(link.now);
    link.run_for(Instant{1'000'000});
    EXPECT_EQ(b.opened, 0);
    EXPECT_FALSE(b.association.deadline());
}

TEST(Handshake, RefusesACookieThatIsNotOurs) {
    OwnEnd a(1), b(2);
    Link link(a, b, {}, 1);
    a.wire = [&](std::span<const std::byte> packet) {
        std::vector<std::byte> copy(packet.begin(), packet.end());
        if (first_chunk(packet) == ChunkType::cookie_echo) {
            copy[common_header_bytes + 4 + 20] ^= std::byte{1};
            store32(&copy[8], 0);
            store32(&copy[8], __builtin_bswap32(crc32c(copy)));
        }
        b.receive(copy, link.now);
    };
    b.wire = [&](std::span<const std::byte> packet) { a.receive(packet, link.now); };
    a.connect(link.now);
    EXPECT_EQ(b.opened, 0);
    EXPECT_EQ(b.association.statistics().packets_bad, 1u);
}

TEST(Handshake, RefusesAnOldCookieAndStartsAgain) {
    OwnEnd a(1), b(2);
    Link link(a, b, {}, 1);
    std::vector<std::byte> echo;
    link.passes = [&](int, std::span<const std::byte> packet) {
        if (first_chunk(packet) != ChunkType::cookie_echo || !echo.empty()) return true;
        echo.assign(packet.begin(), packet.end());
        return false;
    };
    a.connect(link.now);
    link.run_for(Instant{100'000});
    ASSERT_FALSE(echo.empty());
    b.receive(echo, link.now + std::chrono::seconds(90));
    EXPECT_EQ(b.opened, 0);
    EXPECT_TRUE(link.open());
}

TEST(Handshake, RefusesARestart) {
    OwnEnd a(1), b(2), again(3);
    Link link(a, b, {}, 1);
    a.connect(link.now);
    ASSERT_TRUE(link.open());
    again.wire = [&](std::span<const std::byte> packet) { b.receive(packet, link.now); };
    b.wire = [&](std::span<const std::byte> packet) { again.receive(packet, link.now); };
    again.connect(link.now);
    EXPECT_TRUE(b.association.is_open());
    EXPECT_EQ(again.opened, 0);
}

TEST(Handshake, AnswersALateInitOfItsPeerWithoutHarm) {
    OwnEnd a(1), b(2);
    Link link(a, b, {}, 1);
    std::vector<std::byte> init;
    link.passes = [&](int from, std::span<const std::byte> packet) {
        if (from == 0 && init.empty()) init.assign(packet.begin(), packet.end());
        return true;
    };
    a.connect(link.now);
    ASSERT_TRUE(link.open());
    b.receive(init, link.now);
    link.run_for(Instant{100'000});
    EXPECT_TRUE(a.association.is_open());
    EXPECT_TRUE(b.association.is_open());
}

TEST(Handshake, IgnoresPacketsWithAnotherTagOrChecksum) {
    OwnEnd a(1), b(2);
    Link link(a, b, {}, 1);
    a.connect(link.now);
    ASSERT_TRUE(link.open());
    std::vector<std::byte> abort(common_header_bytes + 4);
    store16(&abort[0], 5000);
    store16(&abort[2], 5000);
    store32(&abort[4], 12345);
    abort[common_header_bytes] = static_cast<std::byte>(ChunkType::abort);
    store16(&abort[common_header_bytes + 2], 4);
    b.receive(abort, link.now);  // another tag
    store32(&abort[8], 99);      // and a wrong checksum
    b.receive(abort, link.now);
    EXPECT_TRUE(b.association.is_open());
    EXPECT_EQ(b.association.statistics().packets_bad, 2u);
}

TEST(Handshake, LeavesOutChecksumsOnlyWhenBothAgree) {
    for (const bool other : {true, false}) {
        OwnEnd a(1), b(2, {.zero_checksum = other});
        Link link(a, b, {}, 1);
        std::uint64_t zero = 0;
        link.passes = [&](int, std::span<const std::byte> packet) {
            if (load32(&packet[8]) == 0) ++zero;
            return true;
        };
        a.connect(link.now);
        ASSERT_TRUE(link.open());
        (void)a.send(0, 51, sim::numbered(1, 100), {}, link.now);
        link.run_for(Instant{100'000});
        EXPECT_EQ(b.received.size(), 1u);
        EXPECT_EQ(zero > 0, other);
    }
}

TEST(Cookie, IsReadBackAndNotWhenItWasChanged) {
    std::array<std::byte, 32> key{};
    key[3] = std::byte{9};
    const Cookie cookie{.made = Instant{123456789012},
                        .own_tag = 5,
                        .peer = {.tag = 1,
                                 .initial_tsn = 2,
                                 .window = 3,
                                 .out_streams = 4,
                                 .in_streams = 5,
                                 .forward_tsn = true,
                                 .reconfig = false,
                                 .zero_checksum = true}};
    auto bytes = seal(cookie, key);
    const auto read = unseal(bytes, key);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->made, cookie.made);
    EXPECT_EQ(read->own_tag, cookie.own_tag);
    EXPECT_EQ(read->peer, cookie.peer);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] ^= std::byte{1};
        EXPECT_FALSE(unseal(bytes, key)) << i;
        bytes[i] ^= std::byte{1};
    }
}

}  // namespace
}  // namespace muster::sctp
