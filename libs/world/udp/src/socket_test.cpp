#include "muster/udp/socket.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "muster/base/encoding.hpp"

namespace muster::udp {
namespace {

Socket open_here(const Options& options) {
    auto socket = Socket::open(options);
    if (!socket) throw std::runtime_error(socket.error().message);
    return std::move(*socket);
}
Socket open_here(std::string host = "127.0.0.1") {
    return open_here({.host = std::move(host)});
}

Address loopback(std::uint16_t port) {
    Address out;
    out.ip[10] = out.ip[11] = std::byte{0xff};
    out.ip[12] = std::byte{127};
    out.ip[15] = std::byte{1};
    out.port = port;
    return out;
}

struct Got {
    Address from;
    std::string bytes;
};

// What comes until there are `count`, or nothing more comes for two seconds.
std::vector<Got> take(Socket& socket, std::size_t count) {
    std::vector<Got> out;
    while (out.size() < count) {
        pollfd one{socket.descriptor(), POLLIN, 0};
        if (poll(&one, 1, 2'000) <= 0) break;
        socket.receive(count - out.size(), [&](const Address& from, std::span<std::byte> bytes) {
            out.push_back({from, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
        });
    }
    return out;
}

TEST(Socket, CarriesDatagramsOfEverySizeInOrder) {
    Socket a = open_here();
    Socket b = open_here();
    std::vector<std::string> sent;
    for (std::size_t i = 0; i < 200; ++i) {
        sent.emplace_back(1 + i * 7, static_cast<char>('a' + i % 26));
        a.send(loopback(b.port()), as_bytes(sent.back()));
    }
    a.flush();
    const auto got = take(b, sent.size());
    ASSERT_EQ(got.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(got[i].bytes, sent[i]);
        EXPECT_EQ(got[i].from, loopback(a.port()));
    }
    EXPECT_EQ(a.statistics().datagrams_out, 200);
    EXPECT_EQ(b.statistics().datagrams_in, 200);
    EXPECT_EQ(a.statistics().bytes_out, b.statistics().bytes_in);
    EXPECT_LT(a.statistics().send_calls, 10);
}

TEST(Socket, AnEmptyDatagramIsOne) {
    Socket a = open_here();
    Socket b = open_here();
    a.send(loopback(b.port()), {});
    a.send(loopback(b.port()), as_bytes("x"));
    a.send(loopback(b.port()), {});
    a.flush();
    const auto got = take(b, 3);
    ASSERT_EQ(got.size(), 3);
    EXPECT_EQ(got[0].bytes, "");
    EXPECT_EQ(got[1].bytes, "x");
}

TEST(Socket, EqualDatagramsToOneAddressGoAsOneThatTheSystemCuts) {
    Socket a = open_here();
    Socket b = open_here();
    Socket c = open_here();
    for (int i = 0; i < 50; ++i) {
        a.send(loopback(b.port()), as_bytes(std::string(1'100, static_cast<char>('a' + i % 26))));
    }
    a.send(loopback(b.port()), as_bytes("the short end"));
    a.send(loopback(c.port()), as_bytes("another"));
    a.flush();
    const auto got = take(b, 51);
    ASSERT_EQ(got.size(), 51);
    for (std::size_t i = 0; i < 50; ++i) {
        EXPECT_EQ(got[i].bytes, std::string(1'100, static_cast<char>('a' + i % 26)));
    }
    EXPECT_EQ(got[50].bytes, "the short end");
    ASSERT_EQ(take(c, 1).size(), 1);
    EXPECT_EQ(a.statistics().segmented, 51);
    EXPECT_EQ(a.statistics().datagrams_out, 52);
}

TEST(Socket, OneOfIPv6TakesIPv4Too) {
    auto both = Socket::open({.host = "::"});
    if (!both) GTEST_SKIP() << "no IPv6 here";
    Socket a = open_here();
    a.send(loopback(both->port()), as_bytes("over 4"));
    a.flush();
    const auto got = take(*both, 1);
    ASSERT_EQ(got.size(), 1);
    EXPECT_EQ(got[0].from, loopback(a.port()));
    both->send(got[0].from, as_bytes("and back"));
    both->flush();
    ASSERT_EQ(take(a, 1).size(), 1);
}

TEST(Socket, WhatItsFamilyCannotReachIsDroppedAndTheRestGoes) {
    Socket a = open_here();
    Socket b = open_here();
    Address six;
    six.ip[15] = std::byte{1};
    six.port = b.port();
    a.send(six, as_bytes("nowhere"));
    a.send(loopback(b.port()), as_bytes("here"));
    a.send(loopback(0), as_bytes("no such port"));
    a.send(loopback(b.port()), as_bytes("and here"));
    a.flush();
    EXPECT_EQ(take(b, 2).size(), 2);
    EXPECT_EQ(a.statistics().dropped_here, 2);
}

TEST(Socket, CountsWhatTheSystemDropped) {
    Socket a = open_here();
    Socket b = open_here({.host = "127.0.0.1", .receive_buffer = 4'096});
    const std::string bytes(1'000, 'x');
    for (int i = 0; i < 500; ++i) a.send(loopback(b.port()), as_bytes(bytes));
    a.flush();
    std::size_t got = 0;
    while (const std::size_t more = b.receive(64, [](const Address&, std::span<std::byte>) {})) {
        got += more;
    }
    a.send(loopback(b.port()), as_bytes(bytes));  // the next one says how many are missing
    a.flush();
    got += take(b, 1).size();
    EXPECT_EQ(got + b.statistics().dropped_by_system, 501);
    EXPECT_GT(b.statistics().dropped_by_system, 0);
}

TEST(Socket, RefusesATakenPortAndANameThatIsNoAddress) {
    Socket a = open_here();
    const auto taken = Socket::open({.host = "127.0.0.1", .port = a.port()});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::unavailable);
    EXPECT_NE(taken.error().message.find(std::to_string(a.port())), std::string::npos);
    const auto name = Socket::open({.host = "localhost"});
    ASSERT_FALSE(name);
    EXPECT_EQ(name.error().code, Errc::invalid_argument);
    EXPECT_EQ(name.error().field, "udp");
}

}  // namespace
}  // namespace muster::udp
