#include "muster/host/world_server.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <random>

#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "muster/bus/in_process.hpp"
#include "muster/sim/recording.hpp"
#include "testing/stand.hpp"

namespace muster::host {
namespace {

using testing::Player;
using testing::Stand;
using namespace std::chrono_literals;

Result<Joined> join_with(WorldServer& server, JoinRequest request) {
    const auto answer = std::make_shared<std::promise<Result<Joined>>>();
    auto future = answer->get_future();
    server.join(std::move(request), [answer](Result<Joined> got) { answer->set_value(got); });
    if (future.wait_for(5s) != std::future_status::ready) {
        return fail(Errc::timeout, "no answer to a join");
    }
    return future.get();
}

TEST(WorldServer, RefusesWrongOptionsWithTheField) {
    const auto refused = [](auto change) {
        Options options = testing::small_server();
        change(options);
        const auto server = WorldServer::open(std::move(options));
        return server ? std::string("nothing") : server.error().field;
    };
    EXPECT_EQ(refused([](Options& o) { o.worlds.clear(); }), "worlds");
    EXPECT_EQ(refused([](Options& o) { o.worlds[0].name = "A b"; }), "worlds");
    EXPECT_EQ(refused([](Options& o) { o.worlds.push_back(o.worlds[0]); }), "worlds");
    EXPECT_EQ(refused([](Options& o) { o.tick_rate = 25; }), "tick_rate");
    EXPECT_EQ(refused([](Options& o) { o.snapshot_rate = 25; }), "snapshot_rate");
    EXPECT_EQ(refused([](Options& o) { o.snapshot_bytes = 50; }), "snapshot_bytes");
    EXPECT_EQ(refused([](Options& o) { o.udp_host = "localhost"; }), "udp");
    EXPECT_EQ(refused([](Options& o) { o.worlds[0].recording_file = "/nowhere/x"; }),
              "recording_file");
    const Spread spread{
        .bus = std::make_shared<bus::InProcessBus>(bus::make_hub()), .life = 1, .ask = {}};
    EXPECT_EQ(refused([&](Options& o) {
                  o.worlds[0].spread = spread;
                  o.worlds[0].recording_file = "/tmp/x";
              }),
              "recording_file");
    EXPECT_EQ(refused([&](Options& o) {
                  o.worlds[0].spread = spread;
                  o.worlds.push_back(o.worlds[0]);
                  o.worlds[1].name = "another";
              }),
              "worlds");
    EXPECT_EQ(refused([](Options& o) {
                  o.worlds[0].spread = Spread{.bus = nullptr, .life = 1, .ask = {}};
              }),
              "spread.bus");
    EXPECT_EQ(refused([&](Options& o) {
                  o.worlds[0].spread = spread;
                  o.worlds[0].spread->life = 0;
              }),
              "spread.life");
}

TEST(WorldServer, SharesItsPortWithItsOwnShardsOnly) {
    Options options = testing::small_server();
    options.shards = 2;
    const auto first = WorldServer::open(options);
    ASSERT_TRUE(first) << first.error().message;
    options.udp_port = (*first)->udp_port();
    for (const std::uint16_t shards : std::array<std::uint16_t, 3>{1, 2, 3}) {
        options.shards = shards;
        const auto second = WorldServer::open(options);
        ASSERT_FALSE(second) << shards;
        EXPECT_EQ(second.error().field, "udp");
    }
}

TEST(WorldServer, RefusesAWrongJoinWithTheField) {
    Stand stand;
    Player player;
    const auto field = [&](auto change) {
        JoinRequest request{.sdp = player.offer(), .name = "Anna", .remote_address = "::1"};
        change(request);
        const auto joined = join_with(*stand.server, std::move(request));
        return joined ? std::string("joined")
                      : std::string(name_of(joined.error().code)) + " " + joined.error().field;
    };
    EXPECT_EQ(field([](JoinRequest& r) { r.sdp = "v=0"; }), "invalid_argument sdp");
    EXPECT_EQ(field([](JoinRequest& r) { r.sdp = std::string(70'000, 'x'); }),
              "invalid_argument sdp");
    EXPECT_EQ(field([](JoinRequest& r) { r.name = "\xff"; }), "invalid_argument name");
    EXPECT_EQ(field([](JoinRequest& r) { r.resume = "abc"; }), "invalid_argument resume");
    EXPECT_EQ(field([](JoinRequest& r) { r.world = "moon"; }), "not_found ");
    EXPECT_EQ(field([](JoinRequest&) {}), "joined");
    EXPECT_EQ(stand.statistics().joins, 1);
}

TEST(WorldServer, LimitsJoinsAndSessionsOfOneAddress) {
    Options options = testing::small_server();
    options.joins_per_address_per_second = 2;
    options.sessions_max = 3;
    Stand stand(std::move(options));
    stand.join({.address = "a"});
    stand.join({.address = "a"});
    Player third;
    const auto limited = stand.ask(third, {.address = "a"});
    ASSERT_FALSE(limited);
    EXPECT_EQ(limited.error().code, Errc::rate_limited);
    ASSERT_TRUE(stand.ask(third, {.address = "b"}));
    const auto full = stand.ask(third, {.address = "c"});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::exhausted);
    EXPECT_EQ(stand.statistics().joins_refused, 2);
}

TEST(WorldServer, ABotLeavesForAPersonAndAFullWorldSaysSo) {
    Options options = testing::small_server();
    options.worlds[0].rules.players_max = 3;
    options.worlds[0].bots.wanted = 3;
    Stand stand(std::move(options));
    ASSERT_TRUE(stand.until([&] { return stand.world().bots == 3; }));
    Player& anna = stand.join({.name = "Anna"});
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().welcomed() && stand.world().bots == 2 && stand.world().people == 1;
    }));
    stand.join();
    stand.join();
    Player fourth;
    const auto full = stand.ask(fourth, {});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::exhausted);
    // Its place in the server is given back, too.
    ASSERT_TRUE(stand.until([&] { return stand.world().people == 3; }));
    stand.server->leave(stand.joined.ticket);
    ASSERT_TRUE(stand.until([&] { return stand.world().people == 2; }));
    EXPECT_TRUE(stand.ask(fourth, {}));
}

TEST(WorldServer, WhoNeverComesLosesItsPlace) {
    Options options = testing::small_server();
    options.resume = 600ms;  // silence counts from the offer on
    Stand stand(std::move(options));
    Player player;
    ASSERT_TRUE(stand.ask(player, {}));
    ASSERT_TRUE(stand.until([&] { return stand.world().people == 1; }));
    EXPECT_TRUE(
        stand.until([&] { return stand.world().people == 0 && stand.statistics().opening == 0; }));
}

TEST(WorldServer, AnswersPingsOnItsPortUntilTheyAreTooMany) {
    Stand stand;
    Player& player = stand.join();
    ASSERT_TRUE(stand.until(
        [&] { return player.mirror().welcomed() && stand.statistics().sessions == 1; }));
    auto socket = udp::Socket::open({.host = "127.0.0.1"});
    ASSERT_TRUE(socket);
    const auto to = rtc::parse_address("127.0.0.1:" + std::to_string(stand.server->udp_port()));
    const std::string question = std::string(
                                     "\x0b"
                                     "muster\x01"
                                     "12345678") +
                                 std::string(16, '\0');
    const std::string probe(
        "\0\1\0\0\x21\x12\xa4\x42"
        "abcdefghijkl",
        20);
    std::vector<std::string> answers;
    const auto hears = [&] {
        socket->receive(64, [&](const rtc::Address& from, std::span<std::byte> datagram) {
            EXPECT_EQ(from, *to);
            answers.emplace_back(reinterpret_cast<const char*>(datagram.data()), datagram.size());
        });
    };
    for (const std::string& one : {question, probe}) {
        socket->send(*to, as_bytes(one));
        socket->flush();
        const auto known = answers.size();
        ASSERT_TRUE(stand.until([&] {
            hears();
            return answers.size() > known;
        }));
    }
    EXPECT_EQ(answers[0].substr(0, 16), std::string("\x0b"
                                                    "muster\x02"
                                                    "12345678"));
    EXPECT_EQ(answers[0].size(), 24U);
    EXPECT_EQ(answers[0].substr(16, 4), std::string("\0\0\0\1", 4)) << "one plays";
    EXPECT_EQ(answers[1].substr(0, 2), "\1\1");
    EXPECT_EQ(answers[1].substr(8, 12), "abcdefghijkl");
    for (int i = 0; i < 100; ++i) socket->send(*to, as_bytes(question));
    socket->flush();
    ASSERT_TRUE(stand.until([&] { return stand.statistics().beacons_limited > 50; }));
    const auto before = player.mirror().counts().snapshots;
    EXPECT_TRUE(stand.until([&] { return player.mirror().counts().snapshots > before + 5; }));
    hears();
    EXPECT_LE(answers.size(), 60U);
}

TEST(WorldServer, IsNotHarmedByWhatIsNoProtocol) {
    Stand stand;
    Player& player = stand.join();
    ASSERT_TRUE(stand.until([&] { return player.mirror().welcomed(); }));
    auto socket = udp::Socket::open({.host = "127.0.0.1"});
    ASSERT_TRUE(socket);
    const auto to = rtc::parse_address("127.0.0.1:" + std::to_string(stand.server->udp_port()));
    ASSERT_TRUE(to);
    std::mt19937 random(7);
    std::vector<std::byte> bytes;
    for (int i = 0; i < 3'000; ++i) {
        bytes.resize(random() % 300);
        for (auto& byte : bytes) byte = static_cast<std::byte>(random());
        // Half of them look like STUN, DTLS or an application's record at first sight.
        if (!bytes.empty() && i % 2 == 0) bytes[0] = static_cast<std::byte>(i % 3 * 11 + i % 4);
        socket->send(*to, bytes);
        if (i % 64 == 0) socket->flush();
    }
    socket->flush();
    // And over its own channels, where everything is authenticated.
    for (int i = 0; i < 50; ++i) {
        bytes.resize(1 + random() % 200);
        for (auto& byte : bytes) byte = static_cast<std::byte>(random());
        player.send(bytes, i % 2 == 0);
    }
    const auto before = player.mirror().counts().snapshots;
    EXPECT_TRUE(stand.until([&] {
        return player.mirror().counts().snapshots > before + 5 &&
               stand.statistics().datagrams_dropped > 500;
    }));
}

TEST(WorldServer, ShardsShareAPortAndHandOnWhatReachesTheWrongOne) {
    Options options = testing::small_server();
    options.shards = 3;
    options.worlds[0].rules.players_max = 16;
    Stand stand(std::move(options));
    std::vector<Player*> players;
    for (int i = 0; i < 9; ++i) players.push_back(&stand.join());
    ASSERT_TRUE(stand.until([&] {
        return std::ranges::all_of(players, [](const Player* one) {
            return one->mirror().welcomed() && one->mirror().counts().snapshots > 5 &&
                   one->mirror().seen().size() == 8;
        });
    }));
    for (Player* one : players) one->buttons = sim::Input::down;
    EXPECT_TRUE(stand.until([&] {
        return std::ranges::all_of(
            players, [](const Player* one) { return one->mirror().acknowledged() > 10; });
    }));
    EXPECT_EQ(stand.statistics().sessions, 9);
}

TEST(WorldServer, GivesAWitnessOfATick) {
    Stand stand;
    Player& player = stand.join();
    ASSERT_TRUE(stand.until([&] { return player.mirror().counts().snapshots > 0; }));
    const auto answer = std::make_shared<std::promise<Witness>>();
    auto future = answer->get_future();
    ASSERT_TRUE(stand.server->witness("room", [answer](Witness got) { answer->set_value(got); }));
    ASSERT_EQ(future.wait_for(2s), std::future_status::ready);
    const Witness witness = future.get();
    EXPECT_EQ(witness.entities.size(), sizeof(replication::EntityRecord));
    EXPECT_NE(witness.hash, 0);
    EXPECT_EQ(stand.server->witness("moon", [](Witness) {}).error().code, Errc::not_found);
}

TEST(WorldServer, SleepsWithoutPeopleAndWakesForThem) {
    Options options = testing::small_server();
    options.worlds[0].sleep_after = 50ms;
    Stand stand(std::move(options));
    ASSERT_TRUE(stand.until([&] { return stand.world().asleep; }));
    const auto tick = stand.world().tick;
    EXPECT_EQ(stand.world().since_tick, 0ms);
    EXPECT_FALSE(stand.until([&] { return stand.world().tick != tick; }, 60ms));
    Player& player = stand.join();
    EXPECT_TRUE(stand.until([&] { return player.mirror().counts().snapshots > 2; }));
    EXPECT_FALSE(stand.world().asleep);
}

TEST(WorldServer, ChangesTheNumberOfBots) {
    Stand stand;
    ASSERT_TRUE(stand.server->set_bots("room", 5));
    EXPECT_TRUE(stand.until([&] { return stand.world().bots == 5; }));
    EXPECT_FALSE(stand.server->set_bots("moon", 5));
}

TEST(WorldServer, TellsEverybodyBeforeItStopsAndAnswersWhoIsLate) {
    Stand stand;
    Player& player = stand.join();
    ASSERT_TRUE(stand.until([&] { return player.mirror().welcomed(); }));
    auto stopped = std::async(std::launch::async, [&] { stand.server->stop(2s); });
    ASSERT_TRUE(stand.until(
        [&] { return stopped.wait_for(0s) == std::future_status::ready && player.is_closed(); }));
    EXPECT_EQ(player.notices(), std::vector<std::string>{"stopping"});
    Player late;
    const auto refused = stand.ask(late, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
}

TEST(WorldServer, AnswersJoinsThatItsEndOvertakes) {
    for (int round = 0; round < 5; ++round) {
        Stand stand;
        Player player;
        std::vector<std::future<Result<Joined>>> answers;
        for (int i = 0; i < 10; ++i) {
            const auto answer = std::make_shared<std::promise<Result<Joined>>>();
            answers.push_back(answer->get_future());
            stand.server->join({.sdp = player.offer(), .remote_address = "::1"},
                               [answer](Result<Joined> got) { answer->set_value(got); });
        }
        stand.server->stop(0s);
        for (auto& answer : answers) {
            ASSERT_EQ(answer.wait_for(1s), std::future_status::ready);
        }
    }
}

TEST(WorldServer, WritesARecordingThatReplays) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("muster_host_test_" + std::to_string(::getpid()) + ".rec");
    {
        Options options = testing::small_server();
        options.worlds[0].recording_file = path.string();
        options.worlds[0].bots.wanted = 4;
        Stand stand(std::move(options));
        Player& player = stand.join();
        player.buttons = sim::Input::right | sim::Input::fire;
        ASSERT_TRUE(stand.until([&] { return player.mirror().acknowledged() > 10; }));
    }
    const auto bytes = read_file(path);
    std::filesystem::remove(path);
    ASSERT_TRUE(bytes);
    const auto replayed = sim::replay(std::as_bytes(std::span(*bytes)));
    ASSERT_TRUE(replayed) << replayed.error().message;
    EXPECT_GT(replayed->ticks, 10);
    EXPECT_EQ(replayed->world.players_present(), 5);
}

TEST(WorldServer, TicksAtALowerRateToo) {
    Options options = testing::small_server();
    options.tick_rate = 20;
    Stand stand(std::move(options));
    Player& player = stand.join();
    player.buttons = sim::Input::right;
    EXPECT_TRUE(stand.until([&] { return player.mirror().acknowledged() > 20; }));
}

}  // namespace
}  // namespace muster::host
