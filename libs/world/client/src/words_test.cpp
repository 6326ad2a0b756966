#include "muster/client/words.hpp"

#include <gtest/gtest.h>

namespace muster::client {
namespace {

TEST(Words, AWishSaysOnlyWhatIsWished) {
    EXPECT_EQ(write_join({.sdp = "v=0", .name = "Anna"}), R"({"name":"Anna","sdp":"v=0"})");
    EXPECT_EQ(
        write_join({.sdp = "v",
                    .name = "A",
                    .team = "red",
                    .resume = "t",
                    .server = "s",
                    .strategy = "packed"}),
        R"({"name":"A","resume":"t","sdp":"v","server":"s","strategy":"packed","team":"red"})");
}

TEST(Words, ANameOfAWorldCannotLeaveItsPlaceInThePath) {
    EXPECT_EQ(world_path("arena-2", "join"), "/api/v1/worlds/arena-2/join");
    EXPECT_EQ(world_path("../a b?", "leave"), "/api/v1/worlds/%2E%2E%2Fa%20b%3F/leave");
}

TEST(Words, AnAnswerHasAnSdpOrIsARefusal) {
    const auto joined = read_joined(201, "", R"({"sdp":"v=0","ticket":"t","server":"w1"})");
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->ticket, "t");
    EXPECT_EQ(joined->server, "w1");
    for (const auto* body : {"", "[]", "{}", R"({"sdp":7})", R"({"sdp":""})"}) {
        const auto none = read_joined(200, "", body);
        ASSERT_FALSE(none) << body;
        EXPECT_FALSE(none.error().is_passing());
    }
}

TEST(Words, ARefusalHasTheServersWordsItsFieldAndWhereThereIsRoom) {
    const auto refused = read_joined(
        409, "7",
        R"({"detail":"The world is full.","field":"world","alternatives":[{"world":"b","server":"w2","people":3,"players_max":9}]})");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "409 The world is full.");
    EXPECT_EQ(refused.error().retry_after, std::chrono::seconds(7));
    ASSERT_EQ(refused.error().alternatives.size(), 1);
    EXPECT_EQ(refused.error().alternatives.front().server, "w2");
    EXPECT_FALSE(refused.error().is_passing());
    EXPECT_TRUE(read_refusal(503, "", "not JSON").is_passing());
    EXPECT_EQ(read_refusal(400, "", R"({"title":"Bad","field":"sdp"})").text(), "400 Bad; sdp");
    EXPECT_EQ(read_refusal(503, "100000", "").retry_after, std::chrono::seconds(30));
}

TEST(Words, ListsKeepWhatIsOneAndLeaveOutTheRest) {
    const auto worlds = read_worlds(
        R"({"worlds":[{"name":"arena","people":2,"bots":"many","players_max":400,"spread":true},{"people":1},7]})");
    ASSERT_EQ(worlds.size(), 1);
    EXPECT_EQ(worlds.front().people, 2);
    EXPECT_EQ(worlds.front().bots, 0);
    EXPECT_TRUE(worlds.front().spread);
    const auto page = read_servers(
        R"({"items":[{"id":"w1","addresses":["192.0.2.1",3],"udp_port":70000,"load":0.25,"capacity":-4}],"next_cursor":"c"})");
    ASSERT_EQ(page.servers.size(), 1);
    EXPECT_EQ(page.servers.front().addresses, std::vector<std::string>{"192.0.2.1"});
    EXPECT_EQ(page.servers.front().udp_port, 65'535);
    EXPECT_EQ(page.servers.front().capacity, 0);
    EXPECT_FLOAT_EQ(page.servers.front().load, 0.25F);
    EXPECT_EQ(page.next_cursor, "c");
}

}  // namespace
}  // namespace muster::client
