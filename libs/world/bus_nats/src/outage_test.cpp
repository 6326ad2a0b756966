#include <gmock/gmock.h>

#include <atomic>

#include "muster/bus/test_recorder.hpp"
#include "muster/bus_nats/bus_nats.hpp"
#include "nats_server.hpp"

namespace muster::bus_nats {
namespace {

using bus::becomes;
using bus::bytes_of;
using bus::patience;
using bus::Recorder;
using testing::HasSubstr;

Options quick(std::vector<std::string> servers) {
    return {.servers = std::move(servers),
            .reconnect_wait = milliseconds(10),
            .reconnect_jitter = milliseconds(10)};
}

std::unique_ptr<bus::Bus> join(Options options) {
    auto made = connect(std::move(options));
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
}

/// Two servers of one cluster.
struct Cluster {
    NatsServer first{{"--cluster_name", "test", "--cluster_listen", "nats://127.0.0.1:-1"}};
    NatsServer second{{"--cluster_name", "test", "--cluster_listen", "nats://127.0.0.1:-1",
                       "--routes", "nats://127.0.0.1:" + std::to_string(first.cluster_port())}};
    NatsServer& of(const bus::Bus& bus) {
        return bus.health().peer.ends_with(":" + std::to_string(first.port())) ? first : second;
    }
    NatsServer& other_than(const NatsServer& server) { return &server == &first ? second : first; }
};

TEST(Outage, ManyDeathsOfTheServerAreSurvivedWithAllSubscriptions) {
    NatsServer server;
    const auto ours = join(quick({server.url()}));
    const auto theirs = join(quick({server.url()}));
    std::vector<Recorder> recorders(20);
    std::vector<bus::Subscription> subscriptions;
    for (std::size_t i = 0; i < recorders.size(); ++i) {
        auto made = theirs->subscribe("s." + std::to_string(i), recorders[i].receiver());
        ASSERT_TRUE(made);
        subscriptions.push_back(std::move(*made));
    }
    for (int round = 1; round <= 5; ++round) {
        server.kill();
        ASSERT_TRUE(
            becomes([&] { return !ours->health().connected && !theirs->health().connected; }));
        server.start();
        ASSERT_TRUE(ours->flush(patience));
        ASSERT_TRUE(theirs->flush(patience));
        for (std::size_t i = 0; i < recorders.size(); ++i) {
            ASSERT_TRUE(ours->publish("s." + std::to_string(i), bytes_of(std::to_string(round))));
        }
        for (auto& recorder : recorders) {
            EXPECT_EQ(recorder.wait_for_bytes(std::to_string(round)).size(),
                      static_cast<std::size_t>(round));
        }
        EXPECT_EQ(theirs->health().reconnects, static_cast<std::uint64_t>(round));
    }
}

TEST(Outage, HealthSaysWhyWhileNobodyAnswers) {
    NatsServer server;
    const auto bus = join(quick({server.url()}));
    EXPECT_THAT(bus->health().peer, HasSubstr(std::to_string(server.port())));
    server.kill();
    ASSERT_TRUE(becomes([&] { return bus->health().reason.contains("no NATS server answers"); }));
    const auto refused = bus->publish("a", {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr(std::to_string(server.port())));
}

TEST(Outage, WhenItsServerDiesABusGoesOnThroughAnotherOfTheCluster) {
    Cluster cluster;
    const auto ours = join(quick({cluster.first.url(), cluster.second.url()}));
    const auto theirs = join(quick({cluster.first.url(), cluster.second.url()}));
    Recorder recorder;
    auto own = theirs->subscribe("strip", recorder.receiver());
    ASSERT_TRUE(own);
    auto& dying = cluster.of(*ours);
    const auto surviving = ":" + std::to_string(cluster.other_than(dying).port());
    dying.kill();
    for (const auto* bus : {ours.get(), theirs.get()}) {
        ASSERT_TRUE(becomes([&] { return bus->health().peer.ends_with(surviving); }));
    }
    ASSERT_TRUE(ours->publish("strip", bytes_of("after")));
    EXPECT_EQ(recorder.wait_for_bytes("after").back().second, "after");
}

TEST(Outage, ServersOfTheClusterThatWereNotGivenAreLearnt) {
    Cluster cluster;
    // The server tells of others once it knows them itself.
    std::unique_ptr<bus::Bus> there = join(quick({cluster.second.url()}));
    Recorder recorder;
    auto own = there->subscribe("probe", recorder.receiver());
    ASSERT_TRUE(own);
    const auto ours = join(quick({cluster.first.url()}));
    std::atomic<bool> met = false;
    auto probe = there->subscribe("probe", [&](auto, auto) { met = true; });
    ASSERT_TRUE(probe);
    ASSERT_TRUE(becomes([&] { return ours->publish("probe", {}) && met; }));
    cluster.first.kill();
    ASSERT_TRUE(becomes([&] {
        return ours->health().peer.ends_with(":" + std::to_string(cluster.second.port()));
    }));
    ASSERT_TRUE(ours->publish("probe", bytes_of("through the second")));
    EXPECT_FALSE(recorder.wait_for_bytes("through the second").empty());
}

TEST(Outage, AServerThatHangsMakesNobodyWaitAndIsLeft) {
    NatsServer server;
    auto options = quick({server.url()});
    options.ping_interval = milliseconds(100);
    options.write_timeout = milliseconds(500);
    options.outgoing = {.messages = 4, .bytes = 4 << 20};
    options.connect_timeout = milliseconds(200);
    const auto bus = join(options);
    server.pause();
    // Far more than the sockets hold; if one publish waited for the server this would not end.
    const std::string large(bus::message_bytes_max, 'x');
    std::uint64_t accepted = 0;
    ASSERT_TRUE(becomes([&] {
        if (bus->publish("large", bytes_of(large))) ++accepted;
        return !bus->health().connected;
    }));
    EXPECT_GT(accepted, 4U);
    ASSERT_TRUE(becomes([&] { return bus->statistics().dropped_out > 0; }));
    server.resume();
    EXPECT_TRUE(bus->flush(patience));
    EXPECT_TRUE(bus->health().connected);
}

TEST(Outage, ABusMayStartBeforeItsServerIfItIsToldTo) {
    NatsServer server;
    server.kill();
    auto options = quick({server.url()});
    const auto refused = connect(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr(server.url()));
    options.start_disconnected = true;
    const auto bus = join(options);
    ASSERT_NE(bus, nullptr);
    EXPECT_FALSE(bus->health().connected);
    EXPECT_THAT(bus->health().reason, HasSubstr(server.url()));
    Recorder recorder;
    auto own = bus->subscribe("early", recorder.receiver());
    ASSERT_TRUE(own);
    server.start();
    ASSERT_TRUE(bus->flush(patience));
    ASSERT_TRUE(bus->publish("early", bytes_of("x")));
    EXPECT_EQ(recorder.wait_for(1).size(), 1U);
    EXPECT_EQ(bus->health().reconnects, 0U);
}

TEST(Outage, ABusThatIsDisconnectedEndsAtOnce) {
    NatsServer server;
    auto options = quick({server.url()});
    options.reconnect_wait = milliseconds(600'000);
    auto bus = join(options);
    auto own = bus->subscribe("a", [](auto, auto) {});
    ASSERT_TRUE(own);
    server.kill();
    ASSERT_TRUE(becomes([&] { return bus->health().reason.contains("no NATS server answers"); }));
    bus.reset();  // ten minutes before its next attempt
}

}  // namespace
}  // namespace muster::bus_nats
