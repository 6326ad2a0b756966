// Goal: a program need do nothing to stay in a world: not at a border, not when its server dies,
// not when the network does for a moment; and nobody else can pretend to be the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/coordinator.hpp"

namespace muster::sdk {
namespace {

using host::testing::SpreadStand;
using testing::Arena;
using testing::Cable;
using ::testing::Contains;
using testing::Coordinator;
using testing::Game;
using ::testing::HasSubstr;
using testing::Mute;
using ::testing::Not;

std::vector<Coordinator::Server> servers_of(SpreadStand& stand) {
    return {{stand.left, &stand.server(stand.left), 0},
            {stand.right, &stand.server(stand.right), 0}};
}

void press(Game& game, std::uint32_t buttons) {
    muster_client_input input = MUSTER_CLIENT_INPUT_INIT;
    input.buttons = buttons;
    EXPECT_EQ(muster_client_set_input(game.client, &input), MUSTER_CLIENT_OK);
}

TEST(ClientWay, AWalkerGoesOverABorderAsTheSamePlayerAndIsHeardThere) {
    SpreadStand stand;
    Coordinator coordinator(servers_of(stand));
    Game game(coordinator.url());
    game.on_turn = [&] { stand.leases.time_passes(); };
    game.join("Anna", "wide");
    ASSERT_TRUE(game.until([&] { return game.acknowledged > 4; })) << game.why;
    EXPECT_LT(game.own.x, 0);
    press(game, MUSTER_CLIENT_BUTTON_RIGHT);
    ASSERT_TRUE(game.until([&] { return game.own.x > 100; })) << game.own.x;
    press(game, 0);
    ASSERT_EQ(game.welcomes.size(), 2);
    EXPECT_EQ(game.moves, 1);
    EXPECT_EQ(game.welcomes.back().why, MUSTER_CLIENT_CROSSED);
    EXPECT_EQ(game.welcomes.back().player, game.welcomes.front().player);
    EXPECT_TRUE(game.losses.empty()) << game.losses.front();
    EXPECT_EQ(muster_client_say(game.client, "here", 0), MUSTER_CLIENT_OK);
    EXPECT_TRUE(game.until([&] { return !game.chats.empty(); }));
    EXPECT_THAT(game.chats, Contains("Anna: here"));
    EXPECT_EQ(stand.world(stand.right).people, 1);
    muster_client_statistics counts{};
    counts.size = sizeof counts;
    EXPECT_EQ(muster_client_read_statistics(game.client, &counts), MUSTER_CLIENT_OK);
    EXPECT_EQ(counts.crossings, 1);
    EXPECT_EQ(counts.nonsense, 0);
}

TEST(ClientWay, WhoseServerDiesComesBackAtAnotherAsTheSamePlayer) {
    SpreadStand stand;
    Coordinator coordinator(servers_of(stand));
    Game game(coordinator.url());
    game.on_turn = [&] { stand.leases.time_passes(); };
    game.join("Anna", "wide");
    // Copies of a player go out twice a second.
    ASSERT_TRUE(game.until([&] { return game.acknowledged > 120; })) << game.why;
    coordinator.forget(stand.left);
    stand.kill(stand.left);
    ASSERT_TRUE(game.until([&] { return game.welcomes.size() > 1; })) << game.why;
    EXPECT_FALSE(game.losses.empty());
    EXPECT_EQ(game.welcomes.back().why, MUSTER_CLIENT_RETURNED);
    EXPECT_EQ(game.welcomes.back().player, game.welcomes.front().player);
    const auto seen = game.snapshots;
    EXPECT_TRUE(game.until([&] { return game.snapshots > seen + 10; }));
}

TEST(ClientWay, AfterACutTheSamePlayerPlaysOn) {
    Arena arena;
    Cable cable(arena.server().udp_port());
    Coordinator coordinator({{"one", &arena.server(), cable.port()}});
    coordinator.sign();
    Game game(coordinator.url());
    game.join("Anna", "arena");
    ASSERT_TRUE(game.until_playing()) << game.why;
    cable.cut(true);
    ASSERT_TRUE(game.until([&] { return !game.losses.empty(); }));
    cable.cut(false);
    ASSERT_TRUE(game.until([&] { return game.welcomes.size() > 1; })) << game.why;
    EXPECT_EQ(game.welcomes.back().why, MUSTER_CLIENT_RETURNED);
    EXPECT_EQ(game.welcomes.back().player, game.welcomes.front().player);
    EXPECT_THAT(coordinator.wishes().back(), HasSubstr("~")) << "what proves who it is";
    const auto seen = game.snapshots;
    EXPECT_TRUE(game.until([&] { return game.snapshots > seen + 10; }));
    EXPECT_EQ(arena.server().statistics().worlds.front().people, 1);
}

TEST(ClientTrust, ASignedTicketIsCheckedByTheCoordinatorsKeysAndTheServersCertificate) {
    Arena arena;
    Coordinator coordinator({{"one", &arena.server(), 0}});
    coordinator.sign();
    Game game(coordinator.url());
    game.join("Anna", "arena");
    ASSERT_TRUE(game.until_playing()) << game.why;
    coordinator.sign(true);
    Game fooled(coordinator.url());
    fooled.join("Bert", "arena");
    ASSERT_TRUE(fooled.until([&] { return fooled.code >= 0; }));
    EXPECT_EQ(fooled.code, MUSTER_CLIENT_UNTRUSTED);
    EXPECT_THAT(fooled.why, HasSubstr("another server"));
}

TEST(ClientTrust, WithKeysOfTheProgramsOwnNothingElseIsTrusted) {
    Arena arena;
    Coordinator coordinator({{"one", &arena.server(), 0}});
    Game unsigned_one(coordinator.url(), coordinator.keys());
    unsigned_one.join("Anna", "arena");
    ASSERT_TRUE(unsigned_one.until([&] { return unsigned_one.code >= 0; }));
    EXPECT_EQ(unsigned_one.code, MUSTER_CLIENT_UNTRUSTED);
    coordinator.sign();
    Game trusted(coordinator.url(), coordinator.keys());
    trusted.join("Anna", "arena");
    EXPECT_TRUE(trusted.until_playing()) << trusted.why;
    const Coordinator other({{"one", &arena.server(), 0}});
    Game of_another(coordinator.url(), other.keys());
    of_another.join("Bert", "arena");
    ASSERT_TRUE(of_another.until([&] { return of_another.code >= 0; }));
    EXPECT_EQ(of_another.code, MUSTER_CLIENT_UNTRUSTED);
}

TEST(ClientPing, ServersAreMeasuredAndAJoinSaysWhatWasMeasured) {
    Arena arena;
    const Mute mute;
    Coordinator coordinator({{"near", &arena.server(), 0}});
    const auto item = [](const std::string& id, std::uint16_t port) {
        return R"({"id":")" + id + R"(","addresses":["127.0.0.1"],"udp_port":)" +
               std::to_string(port) + "}";
    };
    coordinator.servers_list = R"({"items":[)" + item("near", arena.server().udp_port()) + "," +
                               item("mute", mute.port()) + R"(,{"id":"nowhere"}]})";
    Game game(coordinator.url());
    std::map<std::string, std::int32_t> pings;
    game.on_event = [&](const muster_client_event& event) {
        if (event.kind != MUSTER_CLIENT_EVENT_SERVERS) return;
        for (std::uint32_t i = 0; i < event.of.servers->count; ++i)
            pings[event.of.servers->servers[i].id] = event.of.servers->servers[i].ping_us;
    };
    EXPECT_EQ(muster_client_ping_servers(game.client), MUSTER_CLIENT_OK);
    ASSERT_TRUE(game.until([&] { return pings.size() == 3; }));
    EXPECT_GT(pings["near"], 0);
    EXPECT_LT(pings["near"], 1'000'000);
    EXPECT_EQ(pings["mute"], -1);
    EXPECT_EQ(pings["nowhere"], -1);
    EXPECT_GE(mute.asked(), 1);
    game.join("Anna", "arena", nullptr, "lowest_ping");
    ASSERT_TRUE(game.until_playing()) << game.why;
    EXPECT_THAT(coordinator.wishes().back(), HasSubstr(R"("pings":{"near":)"));
    EXPECT_THAT(coordinator.wishes().back(), Not(HasSubstr("mute")));
}

}  // namespace
}  // namespace muster::sdk
