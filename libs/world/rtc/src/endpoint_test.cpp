#include "muster/rtc/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connection.hpp"
#include "network_sim.hpp"

namespace muster::rtc {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

bool all_open(const Network& network) {
    return std::ranges::all_of(network.callers,
                               [](const auto& caller) { return caller->caller.is_open(); });
}

TEST(Endpoint, OpensAndSaysBackWhatItHears) {
    for (const bool own_records : {true, false}) {
        Network network(1);
        Options options;
        options.own_records = own_records;
        auto& server = network.add_server(options);
        options.own_records = !own_records;
        auto& caller = network.add_caller(options);
        const auto peer = caller.call(server);
        ASSERT_TRUE(peer) << peer.error().message;
        ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
        EXPECT_LE(network.now(), 1s + 15ms);  // of 1 ms each way
        EXPECT_EQ(caller.opened, 1);

        caller.say(reliable_stream, "to be kept");
        caller.say(unreliable_stream, "perhaps");
        caller.say(reliable_stream, "");
        network.run(100ms);
        EXPECT_THAT(server.opened, ElementsAre(*peer));
        EXPECT_THAT(caller.read[reliable_stream], ElementsAre("to be kept", ""));
        EXPECT_THAT(caller.read[unreliable_stream], ElementsAre("perhaps"));
        EXPECT_THAT(caller.read_text, testing::Each(true));
        EXPECT_EQ(server.endpoint.statistics().peers, 1U);
        EXPECT_EQ(server.endpoint.statistics().opening, 0U);
        EXPECT_EQ(server.endpoint.statistics().dropped_bad, 0U);
        EXPECT_EQ(server.endpoint.statistics().dropped_unknown, 0U);

        const auto statistics = server.endpoint.statistics(*peer);
        ASSERT_TRUE(statistics);
        EXPECT_EQ(statistics->address, caller.address);
        EXPECT_EQ(statistics->sctp.messages_received, 3U);
    }
}

TEST(Endpoint, ListsAPeerThatIsAlwaysFlushedByItselfOnceAndForgetsItWhenItGoes) {
    Network network(1);
    auto& server = network.add_server();
    auto& caller = network.add_caller();
    const auto peer = caller.call(server);
    ASSERT_TRUE(peer) << peer.error().message;
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    const std::array<std::byte, 3> message{};
    for (int n = 0; n < 50; ++n) {
        ASSERT_EQ(server.endpoint.send(*peer, unreliable_stream, false, message, {}, network.now()),
                  sctp::Sent::queued);
        server.endpoint.flush(*peer, network.now());
    }
    EXPECT_EQ(server.endpoint.statistics().to_flush, 1U);
    server.endpoint.drop(*peer, network.now());
    EXPECT_EQ(server.endpoint.statistics().to_flush, 0U);
}

TEST(Endpoint, KeepsEveryReliableMessageInOrderOnABadNetwork) {
    Network network(2);
    network.loss = 0.1;
    network.duplication = 0.1;
    network.delay_min = 1ms;
    network.delay_max = 40ms;
    auto& server = network.add_server();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(network.add_caller().call(server));
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 14s));
    std::vector<std::string> said;
    for (int i = 0; i < 50; ++i) {
        said.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) * 40, 'x'));
        for (auto& caller : network.callers) {
            caller->say(reliable_stream, said.back());
            caller->say(unreliable_stream, said.back());
        }
        network.run(33ms);
    }
    network.run(10s);
    for (auto& caller : network.callers) {
        EXPECT_TRUE(caller->read[reliable_stream] == said);
        EXPECT_GE(caller->read[unreliable_stream].size(), 20U);
        EXPECT_LE(caller->read[unreliable_stream].size(), 50U);
        EXPECT_FALSE(caller->closed);
    }
    EXPECT_THAT(server.gone, IsEmpty());
}

TEST(Endpoint, AChannelOpenedByThePeerIsNamedAndAcknowledged) {
    Network network(3);
    auto& server = network.add_server();
    auto& caller = network.add_caller();
    ASSERT_TRUE(caller.call(server));
    EXPECT_FALSE(caller.caller.open_channel(4, "early", reliable, network.now()));
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    EXPECT_FALSE(caller.caller.open_channel(5, "odd", reliable, network.now()));
    for (std::uint16_t i = 0; i < 12; ++i) {  // of which 8 are allowed
        const auto stream = static_cast<std::uint16_t>(i % 8 * 2);
        ASSERT_TRUE(caller.caller.open_channel(stream, "chat" + std::to_string(i), unreliable,
                                               network.now()));
    }
    caller.caller.flush(network.now());
    network.run(500ms);
    EXPECT_EQ(server.channels.size(), 8U);
    EXPECT_EQ(server.channels.front(), "chat0");
    EXPECT_FALSE(caller.closed);
}

/// A caller that closes channels, which Caller itself has no need for.
struct ClosingSide final : ConnectionSink {
    explicit ClosingSide(Dtls::Role role) {
        Connection::Setup setup;
        setup.role = role;
        setup.fingerprint = identity->fingerprint();
        connection.emplace(*identity, setup, *this);
    }
    void on_connection_datagram(std::span<const std::byte> datagram) override {
        out.emplace_back(datagram.begin(), datagram.end());
    }
    void on_connection_open() override {}
    void on_connection_message(std::uint16_t, bool, std::span<const std::byte>) override {}
    void on_connection_channel(std::uint16_t stream, std::string_view,
                               const sctp::Reliability&) override {
        channels.push_back(stream);
    }
    void on_connection_channel_closed(std::uint16_t stream) override { closed.push_back(stream); }

    inline static const auto identity = Identity::make().value();
    std::vector<Bytes> out;
    std::vector<std::uint16_t> channels, closed;
    std::optional<Connection> connection;
};

TEST(Connection, AChannelThatThePeerClosesIsClosedHereToo) {
    ClosingSide server(Dtls::Role::server);
    ClosingSide client(Dtls::Role::client);
    Instant now{1'000'000};
    server.connection->start(now);
    client.connection->start(now);
    const auto exchange = [&] {
        for (int i = 0; i < 20; ++i) {
            now += 1ms;
            for (auto* side : {&client, &server}) {
                auto& other = side == &client ? server : client;
                for (auto& datagram : std::exchange(side->out, {})) {
                    other.connection->receive(datagram, now);
                }
                side->connection->handle_timeout(now);
            }
        }
    };
    exchange();
    ASSERT_TRUE(client.connection->is_open() && server.connection->is_open());
    client.connection->open_channel(4, "a", reliable, now);
    client.connection->flush(now);
    exchange();
    ASSERT_THAT(server.channels, ElementsAre(4));
    client.connection->close_channel(4, now);
    exchange();
    EXPECT_THAT(server.closed, ElementsAre(4));
    EXPECT_THAT(client.closed, ElementsAre(4));  // the server's answer
    // The stream can be used again, and counts as one channel again.
    client.connection->open_channel(4, "b", reliable, now);
    client.connection->flush(now);
    exchange();
    EXPECT_THAT(server.channels, ElementsAre(4, 4));
}

TEST(Endpoint, FollowsAPeerWhoseAddressChanges) {
    Network network(4);
    auto& server = network.add_server();
    auto& caller = network.add_caller();
    const auto peer = caller.call(server);
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    caller.address = parse_address("203.0.113.9:4711").value();
    caller.say(reliable_stream, "from elsewhere");
    network.run(100ms);
    // A record alone proves no address.
    EXPECT_GE(server.endpoint.statistics().dropped_unknown, 1U);
    EXPECT_EQ(server.heard, 0U);
    network.run(6s);  // with a check by its next keep-alive
    EXPECT_EQ(server.endpoint.statistics(*peer)->address, caller.address);
    EXPECT_EQ(server.endpoint.statistics().rebound, 1U);
    EXPECT_THAT(caller.read[reliable_stream], ElementsAre("from elsewhere"));
}

TEST(Endpoint, AVanishedPeerIsGoneAfterSilence) {
    Network network(5);
    auto& server = network.add_server();
    auto& caller = network.add_caller();
    const auto peer = caller.call(server);
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    network.run(60s);
    EXPECT_THAT(server.gone, IsEmpty());  // the keep-alive checks keep it
    caller.is_connected = false;
    network.run(29s);
    EXPECT_THAT(server.gone, IsEmpty());
    network.run(4s);
    EXPECT_EQ(server.gone[*peer], Gone::timed_out);
    EXPECT_EQ(caller.closed, "timed_out");
    EXPECT_EQ(server.endpoint.statistics().peers, 0U);
    EXPECT_FALSE(server.endpoint.statistics(*peer));
    EXPECT_EQ(server.endpoint.send(*peer, 0, true, {}, reliable, network.now()),
              sctp::Sent::closed);
}

TEST(Endpoint, OneWhoNeverComesIsForgotten) {
    Network network(6);
    auto& server = network.add_server();
    auto& caller = network.add_caller();
    caller.is_connected = false;
    const auto peer = caller.call(server);
    network.run(14s);
    EXPECT_THAT(server.gone, IsEmpty());
    network.run(2s);
    EXPECT_EQ(server.gone[*peer], Gone::never_came);
    EXPECT_EQ(caller.closed, "never_came");
    EXPECT_EQ(server.endpoint.statistics().opening, 0U);
}

TEST(Endpoint, GoodbyesAreHeardBothWays) {
    Network network(7);
    auto& server = network.add_server();
    auto& first = network.add_caller();
    auto& second = network.add_caller();
    const auto first_peer = first.call(server);
    const auto second_peer = second.call(server);
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    first.caller.close(network.now());
    server.endpoint.drop(*second_peer, network.now());
    network.run(10ms);
    EXPECT_EQ(server.gone[*first_peer], Gone::closed);
    EXPECT_EQ(server.gone[*second_peer], Gone::dropped);
    EXPECT_EQ(second.closed, "closed");
    // The slots are used again, the ids are not.
    const auto third = network.add_caller().call(server);
    EXPECT_NE(*third, *first_peer);
    EXPECT_NE(*third, *second_peer);
}

TEST(Endpoint, RefusesAnotherCertificateThanTheOffers) {
    Network network(8);
    auto& server = network.add_server();
    auto& caller = network.add_caller();
    auto offer = parse_offer(caller.caller.offer()).value();
    offer.fingerprint[0] ^= std::byte{1};
    const Candidate candidate{"192.0.2.1", 7};
    const auto accepted = server.endpoint.accept(offer, {&candidate, 1}, network.now());
    ASSERT_TRUE(caller.caller.start(accepted->sdp, std::nullopt, network.now()));
    network.run(2s);
    EXPECT_EQ(server.gone[accepted->peer], Gone::wrong_identity);
    EXPECT_EQ(caller.opened, 0);
    EXPECT_EQ(server.endpoint.statistics().handshakes_failed, 1U);
}

TEST(Endpoint, HoldsItsLimits) {
    Network network(9);
    Options options;
    options.limits.peers_max = 3;
    options.limits.handshakes_per_address_max = 1;
    auto& server = network.add_server(options);
    for (int i = 0; i < 3; ++i) {
        auto& caller = network.add_caller({}, "198.51.100.1:" + std::to_string(1'000 + i));
        ASSERT_TRUE(caller.call(server));
    }
    const auto refused = network.add_caller().call(server);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    network.callers.pop_back();
    // One at a time from one address: the others' hellos are said again.
    EXPECT_TRUE(network.run_until([&] { return all_open(network); }, 5s));
    EXPECT_GT(server.endpoint.statistics().handshakes_refused, 0U);
    EXPECT_EQ(server.endpoint.statistics().handshakes, 3U);
}

TEST(Endpoint, HandshakesOverTheRateWait) {
    Network network(10);
    Options options;
    options.limits.handshakes_per_second = 2;
    auto& server = network.add_server(options);
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(network.add_caller().call(server));
    EXPECT_TRUE(network.run_until([&] { return all_open(network); }, 14s));
    EXPECT_GE(network.now(), 3s);
    EXPECT_GT(server.endpoint.statistics().handshakes_refused, 0U);
}

TEST(Endpoint, RandomAndReplayedDatagramsAreHarmless) {
    Network network(11);
    std::vector<Bytes> seen;
    network.tap = [&](const Address&, const Address&, std::span<const std::byte> datagram) {
        if (seen.size() < 200) seen.emplace_back(datagram.begin(), datagram.end());
    };
    auto& server = network.add_server();
    auto& caller = network.add_caller();
    ASSERT_TRUE(caller.call(server));
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    for (int i = 0; i < 50; ++i) caller.say(reliable_stream, "message " + std::to_string(i));
    network.run(1s);
    const std::size_t heard = server.heard;
    auto& random = network.random();
    const Address stranger = parse_address("203.0.113.66:66").value();
    for (int i = 0; i < 60'000; ++i) {
        Bytes datagram;
        if (random() % 2 == 0) {
            datagram = seen[random() % seen.size()];
            for (auto flips = random() % 4; flips > 0; --flips) {
                datagram[random() % datagram.size()] ^= static_cast<std::byte>(random());
            }
        } else {
            datagram.resize(random() % 64);
            for (auto& byte : datagram) byte = static_cast<std::byte>(random());
        }
        server.endpoint.receive(random() % 2 == 0 ? caller.address : stranger, datagram,
                                network.now());
    }
    network.run(5s);
    EXPECT_EQ(server.heard, heard);
    EXPECT_FALSE(caller.closed);
    caller.say(reliable_stream, "still here");
    network.run(1s);
    EXPECT_EQ(server.endpoint.statistics().rebound, 0U);  // by a replayed check
    EXPECT_EQ(caller.read[reliable_stream].back(), "still here");
}

TEST(Endpoint, TheAddressOfSomebodyWhoPlaysIsNotTakenByAnothersCheck) {
    Network network(13);
    auto& server = network.add_server();
    auto& player = network.add_caller({}, "198.51.100.1:1000");
    const auto peer = player.call(server);
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    auto& forger = network.add_caller({}, "198.51.100.1:1000");
    ASSERT_TRUE(forger.call(server));
    for (int n = 0; n < 50; ++n) {
        player.say(unreliable_stream, "here");
        network.run(100ms);
    }
    EXPECT_FALSE(forger.caller.is_open());
    EXPECT_EQ(player.read[unreliable_stream].size(), 50U);
    EXPECT_EQ(server.endpoint.statistics(*peer)->address, player.address);
    EXPECT_THAT(server.gone, IsEmpty());
}

TEST(Endpoint, ANewSessionFromTheSameSocketTakesItsAddress) {
    Network network(12);
    auto& server = network.add_server();
    auto& first = network.add_caller({}, "198.51.100.1:1000");
    const auto first_peer = first.call(server);
    ASSERT_TRUE(network.run_until([&] { return all_open(network); }, 1s));
    first.is_connected = false;
    auto& second = network.add_caller({}, "198.51.100.1:1000");
    ASSERT_TRUE(second.call(server));
    // Not while the first may still be there.
    ASSERT_TRUE(network.run_until([&] { return second.caller.is_open(); }, 6s));
    EXPECT_GE(network.now(), 2s);
    second.say(reliable_stream, "mine");
    network.run(31s);
    EXPECT_THAT(second.read[reliable_stream], ElementsAre("mine"));
    EXPECT_EQ(server.gone[*first_peer], Gone::timed_out);
}

}  // namespace
}  // namespace muster::rtc
