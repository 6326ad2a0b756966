#include "signal_words.hpp"

#include <gtest/gtest.h>

#include "muster/base/encoding.hpp"

namespace muster::host {
namespace {

using namespace std::chrono_literals;

std::string field_of(std::string_view body) {
    const auto read = read_join(body);
    return read ? "fine" : read.error().field;
}

TEST(SignalWords, AJoinHasAnOfferAndPerhapsWishes) {
    const auto read =
        read_join(R"({"sdp":"v=0","name":"Anna","team":"blue","resume":"t","other":[1]})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->sdp, "v=0");
    EXPECT_EQ(read->name, "Anna");
    EXPECT_EQ(read->team, sim::Team::blue);
    EXPECT_EQ(read->resume, "t");
    EXPECT_EQ(read_join(R"({"sdp":"v=0","team":null})")->team, sim::Team::none);
}

TEST(SignalWords, AWrongJoinIsRefusedWithItsField) {
    EXPECT_EQ(field_of(R"({})"), "sdp");
    EXPECT_EQ(field_of(R"({"sdp":7})"), "sdp");
    EXPECT_EQ(field_of(R"({"sdp":"v=0","name":{}})"), "name");
    EXPECT_EQ(field_of(R"({"sdp":"v=0","team":"green"})"), "team");
    EXPECT_EQ(field_of(R"({"sdp":"v=0","resume":1})"), "resume");
    for (const char* body : {"", "[]", "7", "{", "null"}) {
        const auto read = read_join(body);
        ASSERT_FALSE(read) << body;
        EXPECT_EQ(read.error().code, Errc::invalid_argument);
    }
}

TEST(SignalWords, WhatIsLargeOrDeepIsRefusedBeforeItIsBuilt) {
    const auto large = read_join(R"({"sdp":")" + std::string(200'000, 'v') + R"("})");
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, Errc::too_large);
    for (const char* open : {"[", R"({"a":)"}) {
        std::string deep = R"({"sdp":"v=0","x":)";
        while (deep.size() < 150'000) deep += open;
        const auto read = read_join(deep);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Errc::invalid_argument);
        EXPECT_NE(read.error().message.find("deeper"), std::string::npos);
    }
}

TEST(SignalWords, ASocketTakesOffersAndIce) {
    const auto offer = read_socket_message(R"({"sdp":{"type":"offer","sdp":"v=0"},"name":"A"})");
    ASSERT_TRUE(offer);
    EXPECT_EQ(std::get<JoinRequest>(*offer).sdp, "v=0");
    EXPECT_EQ(std::get<JoinRequest>(*offer).name, "A");
    const auto ice = read_socket_message(R"({"ice":{"candidate":"x"}})");
    ASSERT_TRUE(ice);
    EXPECT_TRUE(std::holds_alternative<IceMessage>(*ice));
    for (const char* text : {R"({"sdp":"v=0"})", R"({"sdp":{"type":"answer","sdp":"v=0"}})",
                             R"({"sdp":{"type":"offer"}})", R"({"hello":1})", "x"}) {
        EXPECT_FALSE(read_socket_message(text)) << text;
    }
}

TEST(SignalWords, TurnPasswordsAreHmacSha1InBase64) {
    // RFC 2202, test case 2.
    EXPECT_EQ(turn_password("Jefe", "what do ya want for nothing?"),
              to_base64(std::string("\xef\xfc\xdf\x6a\xe5\xeb\x2f\xa2\xd2\x74\x16\xd5\xf1\x84\xdf"
                                    "\x9c\x25\x9a\x7c\x79")));
}

TEST(SignalWords, TurnCredentialsAreStaticOrEndByThemselves) {
    IceServers servers;
    servers.stun_urls = {"stun:stun.example.org"};
    servers.turn_urls = {"turn:turn.example.org"};
    servers.turn_username = "u";
    servers.turn_credential = "c";
    const std::chrono::system_clock::time_point now{1'000'000s};
    Json made = ice_servers(servers, now);
    ASSERT_EQ(made.size(), 2);
    EXPECT_EQ(made[0], Json::parse(R"({"urls":["stun:stun.example.org"]})"));
    EXPECT_EQ(made[1]["username"], "u");
    EXPECT_EQ(made[1]["credential"], "c");
    servers.turn_secret = "secret";
    servers.turn_lifetime = 600s;
    servers.extra.push_back({{"turn:other"}, "x", "y"});
    made = ice_servers(servers, now);
    ASSERT_EQ(made.size(), 3);
    const std::string username = made[1]["username"];
    EXPECT_TRUE(username.starts_with("1000600:")) << username;
    EXPECT_EQ(made[1]["credential"], turn_password("secret", username));
    EXPECT_EQ(made[2]["credential"], "y");
    EXPECT_EQ(made.dump().find("secret"), std::string::npos);
}

TEST(SignalWords, CandidatesAreTrickledAsABrowserDoes) {
    const auto made = ice_messages(
        "v=0\r\na=candidate:1 1 udp 1 192.0.2.1 7777 typ host\r\n"
        "a=end-of-candidates\r\na=candidate:2 x");
    ASSERT_EQ(made.size(), 2);
    EXPECT_EQ(made[0]["ice"]["candidate"], "candidate:1 1 udp 1 192.0.2.1 7777 typ host");
    EXPECT_EQ(made[1]["ice"]["candidate"], "candidate:2 x");
}

TEST(Metrics, AreOfPrometheusTextFormat) {
    Statistics statistics;
    WorldStatistics world;
    world.world = "ctf";
    world.stages = {{"tick", 100, 2'000, 3'000}};
    world.people = 3;
    world.bots = 40;
    statistics.worlds.push_back(world);
    statistics.bytes_out = 77;
    const std::string text = metrics_text(statistics);
    for (const char* line :
         {"muster_world_tick_seconds{world=\"ctf\",stage=\"tick\",quantile=\"0.99\"} 0.002\n",
          "muster_world_players{world=\"ctf\",kind=\"bot\"} 40\n",
          "muster_world_bytes_total{direction=\"out\"} 77\n", "muster_world_overload 0\n",
          "# TYPE muster_world_bytes_total counter\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line;
    }
    EXPECT_TRUE(text.ends_with('\n'));
}

}  // namespace
}  // namespace muster::host
