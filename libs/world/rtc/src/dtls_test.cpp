#include "dtls.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <random>
#include <string>

#include "test_clock.hpp"

namespace muster::rtc {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

/// One side: what it wrote waits in `out`, what it read is in `read`.
struct Side final : DtlsSink {
    Side(const Identity& identity, Dtls::Role role, const Fingerprint& expected, bool own_records)
        : dtls(identity, role, expected, own_records, *this) {}
    void on_dtls_datagram(std::span<const std::byte> datagram) override {
        out.emplace_back(datagram.begin(), datagram.end());
    }
    void on_dtls_open() override { ++opened; }
    void on_dtls_data(std::span<std::byte> data) override {
        read.emplace_back(reinterpret_cast<const char*>(data.data()), data.size());
    }
    void say(std::string_view text) {
        Bytes buffer(record_headroom + text.size() + record_tailroom);
        std::memcpy(buffer.data() + record_headroom, text.data(), text.size());
        dtls.send(std::span(buffer).subspan(record_headroom, text.size()));
    }

    std::deque<Bytes> out;
    std::vector<std::string> read;
    int opened = 0;
    Dtls dtls;
};

std::shared_ptr<const Identity> an_identity() {
    return Identity::make().value();
}

struct Pair {
    explicit Pair(bool server_own = true, bool client_own = true)
        : server(*server_identity, Dtls::Role::server, client_identity->fingerprint(), server_own),
          client(*client_identity, Dtls::Role::client, server_identity->fingerprint(), client_own) {
    }

    /// Carries datagrams until both sides are silent and the time has passed; `lose` says which
    /// are lost.
    void run(std::chrono::milliseconds time = 0ms,
             const std::function<bool(const Bytes&, bool from_client)>& lose = {}) {
        const Instant end = test_clock + time;
        while (true) {
            while (!client.out.empty() || !server.out.empty()) {
                const bool from_client = !client.out.empty();
                auto& source = from_client ? client : server;
                Bytes datagram = std::move(source.out.front());
                source.out.pop_front();
                if (lose && lose(datagram, from_client)) continue;
                (from_client ? server : client).dtls.receive(datagram, test_clock);
            }
            if (test_clock >= end) return;
            test_clock += 10ms;
            server.dtls.handle_timeout(test_clock);
            client.dtls.handle_timeout(test_clock);
        }
    }
    void open() {
        server.dtls.start(test_clock);
        client.dtls.start(test_clock);
        run();
        ASSERT_EQ(server.dtls.state(), Dtls::State::open);
        ASSERT_EQ(client.dtls.state(), Dtls::State::open);
    }

    std::shared_ptr<const Identity> server_identity = an_identity();
    std::shared_ptr<const Identity> client_identity = an_identity();
    Side server, client;
};

TEST(Dtls, OwnRecordsAndOpenSslsUnderstandEachOther) {
    for (const auto& [server_own, client_own] :
         {std::pair{true, true}, {true, false}, {false, true}, {false, false}}) {
        Pair pair(server_own, client_own);
        pair.open();
        EXPECT_EQ(pair.server.dtls.holds_session(), !server_own);
        std::vector<std::string> said;
        for (std::size_t size : {1U, 15U, 16U, 17U, 400U, 1'150U}) {
            said.emplace_back(size, static_cast<char>('a' + said.size()));
            pair.client.say(said.back());
            pair.server.say(said.back());
            pair.run();
        }
        EXPECT_TRUE(pair.server.read == said) << server_own << client_own;
        EXPECT_TRUE(pair.client.read == said) << server_own << client_own;
        pair.client.dtls.close();
        pair.run();
        EXPECT_EQ(pair.server.dtls.state(), Dtls::State::closed);
        EXPECT_EQ(pair.client.dtls.state(), Dtls::State::closed);
    }
}

TEST(Dtls, AnotherCertificateThanTheDescriptionsIsRefused) {
    Pair pair;
    const auto other = an_identity();
    Side stranger(*other, Dtls::Role::client, pair.server_identity->fingerprint(), true);
    pair.server.dtls.start(test_clock);
    stranger.dtls.start(test_clock);
    while (!stranger.out.empty() || !pair.server.out.empty()) {
        auto& source = stranger.out.empty() ? pair.server : stranger;
        auto& target = stranger.out.empty() ? stranger : pair.server;
        Bytes datagram = std::move(source.out.front());
        source.out.pop_front();
        target.dtls.receive(datagram, test_clock);
    }
    EXPECT_EQ(pair.server.dtls.state(), Dtls::State::wrong_identity);
    EXPECT_EQ(pair.server.opened, 0);
    EXPECT_EQ(stranger.opened, 0);
}

TEST(Dtls, TheClientRefusesAWrongServer) {
    Pair pair;
    Side client(*pair.client_identity, Dtls::Role::client, Fingerprint{}, true);
    pair.server.dtls.start(test_clock);
    client.dtls.start(test_clock);
    for (int i = 0; i < 10; ++i) {
        for (auto* side : {&client, &pair.server}) {
            auto& target = side == &client ? pair.server : client;
            for (auto out = std::exchange(side->out, {}); auto& datagram : out) {
                target.dtls.receive(datagram, test_clock);
            }
        }
    }
    EXPECT_EQ(client.dtls.state(), Dtls::State::wrong_identity);
    EXPECT_NE(pair.server.dtls.state(), Dtls::State::open);
}

TEST(Dtls, ShakesHandsWhicheverDatagramIsLost) {
    for (const bool own : {true, false}) {
        for (int lost = 0; lost < 8; ++lost) {
            Pair pair(own, own);
            pair.server.dtls.start(test_clock);
            pair.client.dtls.start(test_clock);
            int count = 0;
            pair.run(3s, [&](const Bytes&, bool) { return count++ == lost; });
            ASSERT_EQ(pair.client.dtls.state(), Dtls::State::open) << own << lost;
            ASSERT_EQ(pair.server.dtls.state(), Dtls::State::open) << own << lost;
            pair.client.say("ping");
            pair.server.say("pong");
            pair.run();
            EXPECT_EQ(pair.server.read, std::vector<std::string>{"ping"}) << own << lost;
            EXPECT_EQ(pair.client.read, std::vector<std::string>{"pong"}) << own << lost;
        }
    }
}

TEST(Dtls, ShakesHandsAtAThirdOfLossEachWay) {
    std::mt19937 random(7);
    for (int round = 0; round < 8; ++round) {
        Pair pair;
        pair.server.dtls.start(test_clock);
        pair.client.dtls.start(test_clock);
        pair.run(15s, [&](const Bytes&, bool) { return random() % 3 == 0; });
        EXPECT_EQ(pair.client.dtls.state(), Dtls::State::open) << round;
        EXPECT_EQ(pair.server.dtls.state(), Dtls::State::open) << round;
    }
}

TEST(Dtls, DataThatOvertakesTheHandshakeIsNotLost) {
    Pair pair;
    pair.server.dtls.start(test_clock);
    pair.client.dtls.start(test_clock);
    while (pair.server.dtls.state() != Dtls::State::open) {
        for (auto out = std::exchange(pair.client.out, {}); auto& datagram : out) {
            pair.server.dtls.receive(datagram, test_clock);
        }
        if (pair.server.dtls.state() == Dtls::State::open) break;
        for (auto out = std::exchange(pair.server.out, {}); auto& datagram : out) {
            pair.client.dtls.receive(datagram, test_clock);
        }
    }
    pair.server.say("early");
    std::ranges::reverse(pair.server.out);
    pair.run();
    EXPECT_EQ(pair.client.dtls.state(), Dtls::State::open);
    EXPECT_EQ(pair.client.read, std::vector<std::string>{"early"});
}

TEST(Dtls, AReplayedOrChangedRecordIsDropped) {
    Pair pair;
    pair.open();
    pair.client.say("once");
    const Bytes record = pair.client.out.front();
    pair.run();
    Bytes again = record;
    EXPECT_FALSE(pair.server.dtls.receive(again, test_clock));
    pair.client.say("second");
    const Bytes second = pair.client.out.front();
    pair.client.out.clear();
    for (std::size_t bit = 0; bit < second.size() * 8; ++bit) {
        Bytes changed = second;
        changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_FALSE(pair.server.dtls.receive(changed, test_clock)) << bit;
    }
    Bytes unchanged = second;
    EXPECT_TRUE(pair.server.dtls.receive(unchanged, test_clock));
    EXPECT_EQ(pair.server.read, (std::vector<std::string>{"once", "second"}));
}

TEST(Dtls, ReorderedRecordsAreReadOnceEach) {
    Pair pair;
    pair.open();
    for (int i = 0; i < 64; ++i) pair.client.say(std::to_string(i));
    std::ranges::reverse(pair.client.out);
    const auto copy = pair.client.out;
    pair.client.out.insert(pair.client.out.end(), copy.begin(), copy.end());
    pair.run();
    ASSERT_EQ(pair.server.read.size(), 64U);
    EXPECT_EQ(pair.server.read.front(), "63");
}

TEST(ReplayWindow, KeepsTheLast64) {
    ReplayWindow window;
    EXPECT_TRUE(window.is_new(0));
    window.mark(100);
    EXPECT_FALSE(window.is_new(100));
    EXPECT_TRUE(window.is_new(99) && window.is_new(37) && window.is_new(101));
    EXPECT_FALSE(window.is_new(36));
    window.mark(37);
    EXPECT_FALSE(window.is_new(37));
    window.mark(101);
    EXPECT_FALSE(window.is_new(37));
    EXPECT_TRUE(window.is_new(38));
    window.mark(1'000);
    EXPECT_FALSE(window.is_new(101));
    EXPECT_TRUE(window.is_new(999));
}

TEST(Dtls, RandomDatagramsDuringAndAfterTheHandshakeAreHarmless) {
    std::mt19937 random(11);
    const auto noise = [&] {
        Bytes bytes(random() % 200);
        for (auto& byte : bytes) byte = static_cast<std::byte>(random());
        if (bytes.size() > 13 && random() % 2 == 0) {
            bytes[0] = static_cast<std::byte>(20 + random() % 4);
            bytes[1] = std::byte{0xFE};
            bytes[2] = std::byte{0xFD};
            bytes[11] = std::byte{0};
            bytes[12] = static_cast<std::byte>(bytes.size() - 13);
        }
        return bytes;
    };
    Pair pair;
    pair.open();
    for (int i = 0; i < 5'000; ++i) {
        Bytes bytes = noise();
        EXPECT_FALSE(pair.server.dtls.receive(bytes, test_clock));
    }
    pair.client.say("still here");
    pair.run();
    EXPECT_EQ(pair.server.read, std::vector<std::string>{"still here"});
}

}  // namespace
}  // namespace muster::rtc
