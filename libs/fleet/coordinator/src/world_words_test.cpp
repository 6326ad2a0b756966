#include "world_words.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace muster::coordinator {
namespace {

world_wire::Hello good_hello() {
    world_wire::Hello out;
    out.set_protocol(1);
    out.set_version("0.1.0");
    out.set_name("attic");
    out.set_udp_port(7777);
    out.set_sessions_max(100);
    auto& world = *out.add_worlds();
    world.set_name("ctf");
    world.set_mode("ctf");
    world.set_map("classic");
    world.set_players_max(40);
    return out;
}

TEST(WorldHello, BecomesAListing) {
    auto hello = good_hello();
    hello.set_http_port(8080);
    const auto listing = read_hello(hello, "world-1", "192.0.2.7");
    ASSERT_TRUE(listing) << listing.error().message;
    EXPECT_EQ(listing->id, "world-1");
    EXPECT_EQ(listing->addresses, std::vector<std::string>{"192.0.2.7"});
    EXPECT_EQ(listing->http, "http://192.0.2.7:8080");
    hello.add_addresses("2001:db8::1");
    EXPECT_EQ(read_hello(hello, "world-1", "192.0.2.7")->http, "http://[2001:db8::1]:8080");
    ASSERT_NE(listing->world("ctf"), nullptr);
    EXPECT_EQ(listing->world("tdm"), nullptr);
}

TEST(WorldHello, OfAnotherProtocolIsAConflictForTheReasonThatItSays) {
    auto hello = good_hello();
    hello.set_protocol(2);
    const auto listing = read_hello(hello, "world-1", "192.0.2.7");
    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().code, Errc::conflict);
    EXPECT_EQ(listing.error().field, "protocol");
    EXPECT_THAT(listing.error().message, testing::HasSubstr("this one speaks 2"));
}

world_wire::Area area(std::int32_t left, std::int32_t top, std::int32_t right,
                      std::int32_t bottom) {
    world_wire::Area out;
    out.set_left(left);
    out.set_top(top);
    out.set_right(right);
    out.set_bottom(bottom);
    return out;
}

TEST(WorldHello, SaysWhereItStandsAndWhatItWishes) {
    auto hello = good_hello();
    hello.set_life(1);
    auto& spread = *hello.mutable_worlds(0)->mutable_spread();
    *spread.mutable_bounds() = area(0, 0, 8'000, 6'000);
    spread.set_strip(100);
    spread.set_regions_min(4);
    spread.set_fingerprint("f");
    hello.set_location("eu-west");
    *hello.add_wishes() = area(-50, 0, 2'000, 3'000);
    const auto listing = read_hello(hello, "world-1", "192.0.2.7");
    ASSERT_TRUE(listing) << listing.error().message;
    EXPECT_EQ(listing->location, "eu-west");
    EXPECT_THAT(listing->wishes, testing::ElementsAre(territory::Rectangle{0, 0, 2'000, 3'000}));
    const std::vector<world_wire::Area> wrong{area(5, 0, 5, 9), area(0, 9, 5, 0),
                                              area(8'000, 0, 9'000, 10)};
    for (const auto& wish : wrong) {
        auto spoilt = hello;
        *spoilt.add_wishes() = wish;
        const auto refused = read_hello(spoilt, "world-1", "192.0.2.7");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().field, "wishes");
    }
    for (int i = 0; i < WorldListing::wishes_max; ++i) *hello.add_wishes() = area(0, 0, 9, 9);
    EXPECT_EQ(read_hello(hello, "world-1", "192.0.2.7").error().field, "wishes");
}

TEST(WorldHello, ThatIsWrongNamesItsField) {
    const std::vector<std::pair<std::string, std::function<void(world_wire::Hello&)>>> wrong{
        {"name", [](auto& hello) { hello.set_name("two\nlines"); }},
        {"name", [](auto& hello) { hello.set_name(std::string(129, 'x')); }},
        {"version", [](auto& hello) { hello.set_version(std::string(65, 'x')); }},
        {"addresses", [](auto& hello) { hello.add_addresses("example.org"); }},
        {"addresses",
         [](auto& hello) {
             for (int i = 0; i < 9; ++i) hello.add_addresses("192.0.2.1");
         }},
        {"udp_port", [](auto& hello) { hello.set_udp_port(0); }},
        {"udp_port", [](auto& hello) { hello.set_udp_port(65'536); }},
        {"http_port", [](auto& hello) { hello.set_http_port(65'536); }},
        {"sessions_max", [](auto& hello) { hello.set_sessions_max(0); }},
        {"uptime_s", [](auto& hello) { hello.set_uptime_s(1ULL << 40U); }},
        {"worlds", [](auto& hello) { hello.clear_worlds(); }},
        {"worlds",
         [](auto& hello) {
             for (int i = 0; i < 16; ++i) *hello.add_worlds() = hello.worlds(0);
         }},
        {"worlds.name", [](auto& hello) { *hello.add_worlds() = hello.worlds(0); }},
        {"worlds.name", [](auto& hello) { hello.mutable_worlds(0)->set_name("CTF"); }},
        {"worlds.players_max", [](auto& hello) { hello.mutable_worlds(0)->set_players_max(0); }},
        {"location", [](auto& hello) { hello.set_location("Europe, west"); }},
        {"location", [](auto& hello) { hello.set_location(std::string(33, 'x')); }},
        {"wishes", [](auto& hello) { hello.add_wishes()->set_right(5); }},
    };
    for (const auto& [field, spoil] : wrong) {
        auto hello = good_hello();
        spoil(hello);
        const auto listing = read_hello(hello, "world-1", "192.0.2.7");
        ASSERT_FALSE(listing) << field;
        EXPECT_EQ(listing.error().code, Errc::invalid_argument) << field;
        EXPECT_EQ(listing.error().field, field) << listing.error().message;
    }
}

TEST(WorldLoad, IsTakenWholeOrNotAtAll) {
    auto listing = *read_hello(good_hello(), "world-1", "192.0.2.7");
    world_wire::Load load;
    load.set_sessions(7);
    EXPECT_EQ(take_load(listing, load).error().field, "load.worlds");
    load.add_worlds()->set_people(6);
    load.set_cpu(std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(take_load(listing, load).error().field, "load.cpu");
    EXPECT_EQ(listing.sessions, 0U);
    load.set_cpu(0.5);
    load.set_draining(true);
    ASSERT_TRUE(take_load(listing, load));
    EXPECT_EQ(listing.sessions, 7U);
    EXPECT_EQ(listing.worlds[0].facts.people, 6U);
    EXPECT_DOUBLE_EQ(listing.load(), 0.5);
    EXPECT_TRUE(listing.draining);
}

Candidate candidate(std::string id, std::uint32_t people, double load) {
    Candidate out;
    out.server_id = std::move(id);
    out.people = people;
    out.players_max = 10;
    out.load = load;
    return out;
}
std::vector<std::string> ids(const std::vector<Candidate>& candidates) {
    std::vector<std::string> out;
    for (const Candidate& one : candidates) out.push_back(one.server_id);
    return out;
}

TEST(Ranking, PutsTheLeastLoadedOrTheFullestFirstAndTheFullNowhere) {
    auto closed = candidate("closed", 0, 0);
    closed.has_room = false;
    const std::vector<Candidate> all{candidate("busy", 1, 0.9), candidate("half", 5, 0.1),
                                     candidate("empty", 0, 0.2), candidate("full", 10, 0.1),
                                     closed};
    EXPECT_THAT(ids(ranked(all, Strategy::least_load)),
                testing::ElementsAre("empty", "half", "busy"));
    EXPECT_THAT(ids(ranked(all, Strategy::packed)), testing::ElementsAre("half", "busy", "empty"));
}

TEST(Ranking, ByPingGoesToTheNearestThenToTheLessLoadedAndLastToTheUnmeasured) {
    std::vector<Candidate> all{candidate("unmeasured", 0, 0), candidate("far", 0, 0),
                               candidate("near and busy", 5, 0.5), candidate("near", 1, 0.1),
                               candidate("nearest and full", 10, 1)};
    all[1].ping_ms = 80;
    all[2].ping_ms = 10.1;
    all[3].ping_ms = 14;
    all[4].ping_ms = 1;
    EXPECT_THAT(ids(ranked(all, Strategy::lowest_ping)),
                testing::ElementsAre("near", "near and busy", "far", "unmeasured"));
}

}  // namespace
}  // namespace muster::coordinator
