// A player between two scripted servers of one world, without a network and without time of its
// own.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <utility>

#include "muster/replication/messages.hpp"
#include "player.hpp"
#include "scripted_server.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t id = 5;
constexpr std::uint8_t generation = 3;

class Stage final : public Outlet {
  public:
    Stage() {
        player = std::make_unique<Player>(shared, *this, 7, now);
        EXPECT_TRUE(player->answered(a.accept(player->offer(), now), "ticket", now));
        EXPECT_TRUE(until([&] { return a.is_open; }));
        a.welcome(id, generation, "token-a");
        talking = &a;
        EXPECT_TRUE(until([&] { return player->is_playing(); }));
    }

    /// Time passes in steps of a millisecond. Whoever talks shows a snapshot every other tick.
    bool until(const std::function<bool()>& condition, Instant limit = 8s) {
        for (const auto end = now + limit; now < end; now += 1ms) {
            deliver();
            if (condition()) return true;
            const auto beat = now.count() / 1'000;
            if (beat % 10 == 0) player->handle_timeouts(now);
            if (beat % 33 == 0) player->play(now, now);
            for (auto* server : {&a, &b}) server->handle_timeouts(now);
            if (beat % 33 == 16 && talking != nullptr && talking->is_open && !talking->is_gone) {
                talking->snapshot(ticks[talking] += 2, acknowledged());
            }
        }
        return false;
    }
    void pass(Instant time) {
        (void)until([] { return false; }, time);
    }
    /// A standby at B.
    void connect_next(std::uint32_t number = 1) {
        const auto before = a.offers.size();
        a.invite(number);
        ASSERT_TRUE(until([&] { return a.offers.size() > before; }));
        ASSERT_EQ(a.offers.back().number, number);
        a.answer(number, b.accept(a.offers.back().sdp, now));
        ASSERT_TRUE(until([&] { return b.is_open; }));
        const auto heard = b.inputs.size();
        ASSERT_TRUE(until([&] { return b.inputs.size() > heard; }));
    }
    void cross() {
        b.welcome(id, generation, "token-b");
        talking = &b;
        const auto count = crossings().count;
        ASSERT_TRUE(until([&] { return crossings().count > count; }));
    }
    [[nodiscard]] std::uint32_t acknowledged() const {
        std::uint32_t newest = 0;
        for (const auto* server : {&a, &b}) {
            for (const auto& one : server->inputs) newest = std::max(newest, one.sequence);
        }
        return newest;
    }
    [[nodiscard]] const Crossings& crossings() const { return measured.crossings; }

    Options options;
    Joins joins;
    Measured measured;
    ChatCheck chats{"r"};
    std::shared_ptr<const rtc::Identity> identity = rtc::Identity::make().value();
    Shared shared{options, identity, joins, measured, chats, true, false, {}};
    Instant now{1s};
    ScriptedServer a{identity, 1};
    ScriptedServer b{identity, 2};
    ScriptedServer* talking = nullptr;
    std::map<ScriptedServer*, std::uint32_t> ticks{{&a, 1'000}, {&b, 90'000}};
    std::unique_ptr<Player> player;
    std::array<std::uint16_t, wires_max> sockets{};  ///< that each wire had so far
    bool a_is_cut = false;

  private:
    struct Datagram {
        rtc::Address from, to;
        std::vector<std::byte> bytes;
    };
    void transmit(std::size_t wire, const rtc::Address& to,
                  std::span<const std::byte> datagram) override {
        up_.push_back({address_of(wire), to, {datagram.begin(), datagram.end()}});
    }
    void close(std::size_t wire) override { ++sockets[wire]; }
    [[nodiscard]] rtc::Address address_of(std::size_t wire) const {
        const auto port = 1'000 + 100 * wire + sockets[wire];
        return rtc::parse_address("127.0.0.1:" + std::to_string(port)).value();
    }
    void deliver() {
        bool is_any = true;
        while (is_any) {
            is_any = false;
            for (auto* server : {&a, &b}) {
                for (auto bytes = std::move(server->outbox); !bytes.empty(); bytes.pop_front()) {
                    is_any = true;
                    if (server == &a && a_is_cut) continue;
                    for (std::size_t wire = 0; wire < wires_max; ++wire) {
                        if (address_of(wire) != bytes.front().to) continue;
                        player->receive(wire, bytes.front().bytes, now);
                    }
                }
                server->outbox.clear();
            }
            for (auto datagrams = std::exchange(up_, {}); !datagrams.empty();
                 datagrams.pop_front()) {
                is_any = true;
                auto& one = datagrams.front();
                auto& server = one.to == a.address() ? a : b;
                if (&server == &a && a_is_cut) continue;
                server.receive(one.from, one.bytes, now);
            }
        }
    }
    std::deque<Datagram> up_;
};

TEST(Crossing, AnInvitationIsAnsweredAndTheNextServerHearsEveryThirdMessageFromThenOn) {
    Stage stage;
    EXPECT_FALSE(stage.shared.is_spread);
    stage.connect_next(17);
    EXPECT_TRUE(stage.shared.is_spread);
    EXPECT_LE(stage.a.offers.back().sdp.size(), 4'000);
    const auto at_a = stage.a.inputs.size();
    const auto at_b = stage.b.inputs.size();
    stage.pass(1'000ms);
    const auto to_a = stage.a.inputs.size() - at_a;
    EXPECT_GT(to_a, 20);
    EXPECT_NEAR(static_cast<double>(stage.b.inputs.size() - at_b), static_cast<double>(to_a) / 3,
                2);
    EXPECT_LE(stage.a.inputs.back().sequence - stage.b.inputs.back().sequence, 4);
    EXPECT_EQ(stage.a.inputs.back().steps, 6);
    EXPECT_EQ(stage.b.inputs.back().steps, 16) << "all that it may lack";
    EXPECT_GT(stage.a.inputs.back().tick, 1'000);
    EXPECT_EQ(stage.b.inputs.back().tick, 0);
    EXPECT_EQ(stage.b.inputs.back().received, 0);
    EXPECT_GT(stage.b.inputs.back().seen, stage.a.inputs.back().seen);
    EXPECT_EQ(stage.crossings().count, 0);
}

TEST(Crossing, TheWelcomeMakesTheSecondConnectionThePlayersAndItsNumbersGoOn) {
    Stage stage;
    stage.connect_next();
    const auto sequence = stage.acknowledged();
    stage.cross();
    stage.a.moved(true);
    ASSERT_TRUE(stage.until([&] { return stage.a.is_gone; }, 1s));
    EXPECT_FALSE(stage.b.is_gone);
    stage.pass(3s);
    EXPECT_TRUE(stage.player->is_playing());
    EXPECT_GT(stage.b.inputs.back().sequence, sequence + 100);
    EXPECT_GT(stage.b.inputs.back().tick, 90'000);
    EXPECT_EQ(stage.player->ticket(), "token-b");
    EXPECT_FALSE(stage.player->is_at_first_server());
    EXPECT_EQ(stage.crossings().count, 1);
    EXPECT_EQ(stage.crossings().gap.count(), 1);
    EXPECT_LT(stage.crossings().gap.max(), 150'000);
    EXPECT_EQ(stage.crossings().strangers + stage.crossings().doubles, 0);
    EXPECT_TRUE(stage.crossings().falls.empty());
    EXPECT_EQ(stage.measured.freezes, 0);
}

TEST(Crossing, TheServerBeforeIsHeardUntilItsLastWordOrForTwoSeconds) {
    Stage stage;
    stage.a.chat(stage.chats.line(1));
    stage.connect_next();
    stage.cross();
    stage.b.chat(stage.chats.line(3));
    stage.pass(100ms);
    stage.a.chat(stage.chats.line(2));
    stage.pass(100ms);
    EXPECT_EQ(stage.chats.deliveries(), 3);
    stage.player->end_hearing(3, Instant::max());
    EXPECT_EQ(stage.chats.lost() + stage.chats.doubled() + stage.chats.out_of_order(), 0);
    EXPECT_FALSE(stage.a.is_gone);
    EXPECT_TRUE(stage.until([&] { return stage.a.is_gone; }, 2s));
}

TEST(Crossing, ALineThatBothServersSayIsDoubled) {
    Stage stage;
    stage.connect_next();
    stage.cross();
    stage.a.chat(stage.chats.line(1));
    stage.b.chat(stage.chats.line(1));
    stage.pass(100ms);
    EXPECT_EQ(stage.chats.doubled(), 1);
}

TEST(Crossing, WhoIsMovedBeforeTheNextServerSpeaksWaitsAndSaysItThere) {
    Stage stage;
    stage.connect_next();
    stage.talking = nullptr;
    stage.a.moved(true);
    stage.pass(1s);
    stage.player->say("hello", stage.now);
    stage.pass(200ms);
    EXPECT_TRUE(stage.b.chats.empty());
    stage.cross();
    ASSERT_TRUE(stage.until([&] { return !stage.b.chats.empty(); }));
    EXPECT_EQ(stage.crossings().count, 1);
    EXPECT_EQ(stage.crossings().unconnected, 0);
    EXPECT_TRUE(stage.crossings().falls.empty());
}

TEST(Crossing, WhoIsMovedWithoutASecondConnectionComesBackWithItsTicket) {
    Stage stage;
    stage.a.moved(false);
    ASSERT_TRUE(stage.until([&] { return stage.player->wants_back(); }));
    EXPECT_FALSE(stage.player->is_playing());
    EXPECT_EQ(stage.player->ticket(), "token-a");
    const auto sequence = stage.acknowledged();
    const auto answer = stage.b.accept(stage.player->come_back(stage.now), stage.now);
    EXPECT_FALSE(stage.player->wants_back());
    ASSERT_TRUE(stage.player->answered(answer, "a.signed.ticket", stage.now));
    ASSERT_TRUE(stage.until([&] { return stage.b.is_open; }));
    stage.b.welcome(id, generation, "token-b");
    stage.talking = &stage.b;
    ASSERT_TRUE(stage.until([&] { return stage.player->is_playing(); }));
    stage.pass(500ms);
    EXPECT_GT(stage.b.inputs.back().sequence, sequence);
    EXPECT_GT(stage.b.inputs.front().sequence, sequence) << "it waits for the first snapshot";
    EXPECT_EQ(stage.player->ticket(), "a.signed.ticket~token-b") << "what proves who it is";
    EXPECT_EQ(stage.crossings().unconnected, 1);
    EXPECT_EQ(stage.crossings().back.count(), 1);
    EXPECT_EQ(stage.crossings().count, 0);
}

TEST(Crossing, ASnapshotThatOvertakesItsWelcomeIsShownAfterIt) {
    Stage stage;
    stage.connect_next();
    stage.b.snapshot(stage.ticks[&stage.b] += 2, stage.acknowledged());
    stage.talking = nullptr;
    stage.pass(20ms);
    EXPECT_EQ(stage.crossings().gap.count(), 0);
    stage.b.welcome(id, generation, "token-b");
    ASSERT_TRUE(stage.until([&] { return stage.crossings().count == 1; }, 200ms));
    EXPECT_EQ(stage.crossings().gap.count(), 1);
}

TEST(Crossing, WhoIsToldALowerRateSendsLessOftenAndMoreAtOnce) {
    Stage stage;
    stage.a.notice(10);
    stage.pass(200ms);
    const auto before = stage.a.inputs.size();
    const auto sequence = stage.a.inputs.back().sequence;
    stage.pass(1'000ms);
    EXPECT_NEAR(static_cast<double>(stage.a.inputs.size() - before), 10, 1);
    EXPECT_NEAR(static_cast<double>(stage.a.inputs.back().sequence - sequence), 60, 8);
    EXPECT_EQ(stage.a.inputs.back().steps, 16);
}

TEST(Crossing, AServerThatFallsSilentIsLeftForTheStandbyAndElseLost) {
    Stage stage;
    stage.connect_next();
    stage.a_is_cut = true;
    stage.pass(1'400ms);
    EXPECT_TRUE(stage.crossings().falls.empty());
    stage.pass(300ms);
    EXPECT_TRUE(stage.player->is_playing()) << "the standby may have the word yet";
    EXPECT_TRUE(stage.until([&] { return stage.player->wants_back(); }, 700ms));
    EXPECT_EQ(stage.crossings().falls.size(), 1);
}

TEST(Crossing, AServerThatIsLateIsNotLeftWhileItsDatagramsCome) {
    Stage stage;
    stage.shared.is_spread = true;
    stage.pass(1s);
    stage.talking = nullptr;
    stage.pass(4'800ms);
    EXPECT_TRUE(stage.crossings().falls.empty());
    stage.talking = &stage.a;
    stage.pass(1s);
    EXPECT_TRUE(stage.player->is_playing());
    stage.talking = nullptr;
    EXPECT_TRUE(stage.until([&] { return stage.player->wants_back(); }, 5'200ms));
}

TEST(Crossing, WhoLeftASilentServerInVainIsSlowerToLeaveItAgain) {
    Stage stage;
    stage.shared.is_spread = true;
    stage.a_is_cut = true;
    ASSERT_TRUE(stage.until([&] { return stage.player->wants_back(); }, 1'700ms));
    EXPECT_EQ(stage.player->strikes(stage.now), 0);
    stage.a_is_cut = false;
    const auto answer = stage.a.accept(stage.player->come_back(stage.now), stage.now);
    ASSERT_TRUE(stage.player->answered(answer, "ticket", stage.now));
    EXPECT_EQ(stage.player->strikes(stage.now), 1);
}

TEST(Crossing, AStandbyThatSpeaksAfterTheServerFellSilentIsInTime) {
    Stage stage;
    stage.connect_next();
    stage.a_is_cut = true;
    stage.pass(1'700ms);
    stage.cross();
    stage.pass(500ms);
    EXPECT_TRUE(stage.player->is_playing());
    EXPECT_TRUE(stage.crossings().falls.empty());
}

TEST(Crossing, ANewInvitationReplacesAStandbyAndARefusalForgetsIt) {
    Stage stage;
    stage.connect_next(1);
    const auto offers = stage.a.offers.size();
    stage.a.invite(2);
    ASSERT_TRUE(stage.until([&] { return stage.b.is_gone && stage.a.offers.size() > offers; }));
    stage.a.answer(2, "");
    stage.pass(100ms);
    EXPECT_EQ(stage.crossings().refused, 1);
    stage.connect_next(3);
    stage.cross();
    EXPECT_EQ(stage.crossings().count, 1);
}

TEST(Crossing, WhoComesOutAsSomebodyElseIsLostAndWhoSeesItselfIsDouble) {
    Stage stage;
    stage.connect_next();
    stage.b.welcome(id, generation + 1, "token-b");
    ASSERT_TRUE(stage.until([&] { return stage.crossings().count == 1; }));
    EXPECT_EQ(stage.crossings().strangers, 1);
    stage.b.snapshot(95'000, 0, {4, 6});
    stage.pass(20ms);
    EXPECT_EQ(stage.crossings().doubles, 0);
    stage.b.snapshot(95'002, 0, {4, id, 6});
    ASSERT_TRUE(stage.until([&] { return stage.crossings().doubles == 1; }));
}

TEST(Crossing, InAWorldOfOneServerABrokenConnectionIsTheEnd) {
    Stage stage;
    stage.a_is_cut = true;
    stage.pass(5s);
    EXPECT_FALSE(stage.player->is_over()) << "nobody said that there is another server";
    ASSERT_TRUE(stage.until([&] { return stage.player->is_over(); }, 60s));
    EXPECT_FALSE(stage.player->wants_back());
}

}  // namespace
}  // namespace muster::load
