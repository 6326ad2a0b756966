#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <vector>

#include "muster/base/encoding.hpp"
#include "muster/udp/socket.hpp"

namespace muster::udp {
namespace {

constexpr std::size_t shards = 3;

// Opens `shards` sockets of one port, or none when the family is not there.
std::vector<Socket> open_shards(const std::string& host) {
    std::vector<Socket> out;
    for (std::size_t i = 0; i < shards; ++i) {
        auto socket = Socket::open(
            {.host = host, .port = out.empty() ? std::uint16_t{0} : out[0].port(), .shared = true});
        if (!socket) return {};
        out.push_back(std::move(*socket));
    }
    return out;
}

// Many senders each send twice; every datagram must be at the shard that shard_of() names.
void expect_each_at_its_shard(std::vector<Socket>& sockets, const std::string& from,
                              const Address& to) {
    constexpr std::size_t senders = 60;
    std::vector<Socket> all;
    for (std::size_t i = 0; i < senders; ++i) {
        auto socket = Socket::open({.host = from, .receive_buffer = 4'096, .send_buffer = 65'536});
        ASSERT_TRUE(socket);
        all.push_back(std::move(*socket));
    }
    for (int round = 0; round < 2; ++round) {
        for (Socket& one : all) {
            one.send(to, as_bytes("where am I?"));
            one.flush();
        }
    }
    std::array<std::size_t, shards> at{};
    std::size_t total = 0;
    while (total < 2 * senders) {
        std::array<pollfd, shards> polled{};
        for (std::size_t i = 0; i < shards; ++i) polled[i] = {sockets[i].descriptor(), POLLIN, 0};
        ASSERT_GT(poll(polled.data(), shards, 2'000), 0) << total << " came";
        for (std::size_t i = 0; i < shards; ++i) {
            total += sockets[i].receive(64, [&](const Address& sender, std::span<std::byte>) {
                ++at[i];
                EXPECT_EQ(shard_of(sender, shards), i) << "port " << sender.port;
            });
        }
    }
    for (const std::size_t count : at) EXPECT_GT(count, 0) << "a shard that nobody reaches";
}

TEST(Shards, ASenderOfIPv4AlwaysReachesTheSameOne) {
    auto sockets = open_shards("127.0.0.1");
    ASSERT_EQ(sockets.size(), shards);
    const auto attached = attach_shards(sockets[0], shards);
    ASSERT_TRUE(attached) << attached.error().message;
    Address to;
    to.ip[10] = to.ip[11] = std::byte{0xff};
    to.ip[12] = std::byte{127};
    to.ip[15] = std::byte{1};
    to.port = sockets[0].port();
    expect_each_at_its_shard(sockets, "127.0.0.1", to);
}

TEST(Shards, ASenderOfEitherFamilyAlwaysReachesTheSameOneOfIPv6) {
    auto sockets = open_shards("::");
    if (sockets.empty()) GTEST_SKIP() << "no IPv6 here";
    const auto attached = attach_shards(sockets[0], shards);
    ASSERT_TRUE(attached) << attached.error().message;
    Address to;
    to.ip[15] = std::byte{1};
    to.port = sockets[0].port();
    if (Socket::open({.host = "::1"})) expect_each_at_its_shard(sockets, "::1", to);
    to.ip[10] = to.ip[11] = std::byte{0xff};
    to.ip[12] = std::byte{127};
    expect_each_at_its_shard(sockets, "127.0.0.1", to);
}

TEST(Shards, ManyAddressesSpreadEvenly) {
    std::array<int, 4> at{};
    Address from;
    from.ip[10] = from.ip[11] = std::byte{0xff};
    for (unsigned i = 0; i < 4'000; ++i) {
        from.ip[14] = static_cast<std::byte>(i >> 8U);
        from.ip[15] = static_cast<std::byte>(i);
        from.port = static_cast<std::uint16_t>(1'024 + i * 13 % 60'000);
        ++at[shard_of(from, at.size())];
    }
    for (const int count : at) {
        EXPECT_GT(count, 800);
        EXPECT_LT(count, 1'200);
    }
}

}  // namespace
}  // namespace muster::udp
