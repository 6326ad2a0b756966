// Goal: words reach those whom they are for and nobody else, and who says them is told when they
// reach nobody.
#include <gtest/gtest.h>

#include <algorithm>

#include "scope.hpp"
#include "testing/stand.hpp"

namespace muster::host {
namespace {

using testing::Player;
using testing::Stand;
using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

replication::Address to(Scope scope) {
    return {.scope = static_cast<std::uint8_t>(scope)};
}
replication::Address to_name(const std::string& name) {
    return {.scope = static_cast<std::uint8_t>(Scope::person), .whom_name = name};
}
replication::Address to_id(sim::PlayerId id, const std::string& name = {}) {
    return {.scope = static_cast<std::uint8_t>(Scope::person), .whom = id, .whom_name = name};
}

bool all_welcomed(const Stand& stand) {
    return std::ranges::all_of(stand.players,
                               [](const auto& one) { return one->mirror().welcomed(); });
}

TEST(Words, ToOnePersonReachThatPersonAndWhoSaysThemOnly) {
    Stand stand;
    Player& anna = stand.join({.name = "Anna"});
    const sim::PlayerId anna_id = stand.joined.player;
    Player& bert = stand.join({.name = "Bert"});
    Player& carl = stand.join({.name = "Carl"});
    ASSERT_TRUE(stand.until([&] { return all_welcomed(stand); }));
    anna.say("psst", to_name("Bert"));
    bert.say("yes?", to_id(anna_id));
    bert.say("what?", to_id(anna_id, "Anna"));
    ASSERT_TRUE(stand.until([&] { return anna.chats().size() == 3 && bert.chats().size() == 3; }));
    anna.say("all");
    ASSERT_TRUE(stand.until([&] { return !carl.chats().empty(); }));
    EXPECT_EQ(carl.chats(), Lines{"Anna: all"});
    EXPECT_EQ(anna.chats().front(), "Anna: psst");
    EXPECT_EQ(bert.chats()[2], "Bert: what?");
}

TEST(Words, ToSomebodyWhoIsNotHereAreAnsweredWithTheReason) {
    Options options = testing::small_server();
    options.worlds[0].bots.wanted = 1;
    Stand stand(std::move(options));
    Player& anna = stand.join({.name = "Anna"});
    const sim::PlayerId anna_id = stand.joined.player;
    Player& bert = stand.join({.name = "Bert"});
    const sim::PlayerId bert_id = stand.joined.player;
    Player& eve = stand.join({.name = "Twin"});
    stand.join({.name = "Twin"});
    ASSERT_TRUE(stand.until([&] { return all_welcomed(stand) && stand.world().bots == 1; }));
    const auto answer = [&](Player& who, const replication::Address& address) {
        const std::size_t before = who.notices().size();
        who.say("hello", address);
        EXPECT_TRUE(stand.until([&] { return who.notices().size() > before; }));
        EXPECT_EQ(who.notices().back(), "undelivered");
        return who.notice();
    };
    EXPECT_EQ(answer(anna, to_name("Dora")), "Nobody here is called Dora.");
    EXPECT_EQ(answer(anna, to_id(60'000)), "That player is not here.");
    EXPECT_EQ(answer(anna, to_id(bert_id, "Berta")), "Nobody here is called Berta.");
    EXPECT_EQ(answer(anna, to_name("Twin")), "More than one here is called Twin: nobody was told.");
    sim::PlayerId bot = 0;
    while (bot == anna_id || bot == bert_id || eve.mirror().player() == bot ||
           stand.players.back()->mirror().player() == bot)
        ++bot;
    EXPECT_EQ(answer(bert, to_id(bot)), "That is a bot: it does not read.");
    anna.close();
    ASSERT_TRUE(stand.until([&] { return stand.statistics().sessions == 3; }));
    EXPECT_EQ(answer(bert, to_name("Anna")), "Anna is not connected now, and has not heard it.");
    EXPECT_EQ(answer(bert, to(Scope::party)), "You are in no party.");
    for (const auto& player : stand.players) EXPECT_TRUE(player->chats().empty());
}

TEST(Words, ToThoseNearGoAsFarAsTheSettingSays) {
    Options options = testing::small_server();
    options.worlds[0].chat_near = 60 * sim::unit;
    Stand stand(std::move(options));
    Player& anna = stand.join({.name = "Anna"});
    Player& bert = stand.join({.name = "Bert"});
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().counts().snapshots > 0 && bert.mirror().counts().snapshots > 0;
    }));
    const auto apart = [&] {
        const sim::Vec a = anna.mirror().own_at();
        const sim::Vec b = bert.mirror().own_at();
        return std::max(std::abs(a.x - b.x), std::abs(a.y - b.y)) / sim::unit;
    };
    const auto go = [&](std::uint8_t a, std::uint8_t b) {
        anna.buttons = a;
        bert.buttons = b;
    };
    using sim::Input;
    // To the walls on the two sides, and then to one corner.
    go(Input::left, Input::right);
    ASSERT_TRUE(stand.until([&] { return apart() > 120; }));
    go(0, 0);
    anna.say("far", to(Scope::near));
    anna.say("one");
    ASSERT_TRUE(stand.until([&] { return !bert.chats().empty() && anna.chats().size() == 2; }));
    EXPECT_EQ(bert.chats(), Lines{"Anna: one"});
    EXPECT_EQ(anna.chats().front(), "Anna: far") << "who says it is near";
    go(Input::left | Input::up, Input::left | Input::up);
    ASSERT_TRUE(stand.until([&] { return apart() < 20; }, 30s));
    go(0, 0);
    anna.say("close", to(Scope::near));
    EXPECT_TRUE(stand.until([&] { return bert.chats().size() == 2; }));
}

TEST(Words, ToAPartyReachThoseWhoSayItsCode) {
    Stand stand;
    Player& anna = stand.join({.name = "Anna"});
    Player& bert = stand.join({.name = "Bert"});
    Player& carl = stand.join({.name = "Carl"});
    ASSERT_TRUE(stand.until([&] { return all_welcomed(stand); }));
    anna.want_party("Red-5");
    ASSERT_TRUE(stand.until([&] { return anna.party() == "Red-5"; }));
    EXPECT_EQ(anna.party_members(), Lines{"Anna"});
    bert.want_party("Red-5");
    ASSERT_TRUE(stand.until([&] { return bert.party_members() == (Lines{"Anna", "Bert"}); }));
    ASSERT_TRUE(stand.until([&] { return anna.party_members() == (Lines{"Anna", "Bert"}); }))
        << "members hear who comes";
    carl.want_party("red-5");
    anna.say("us", to(Scope::party));
    carl.say("me", to(Scope::party));
    carl.say("all");
    ASSERT_TRUE(stand.until([&] { return bert.chats().size() == 2 && carl.chats().size() == 2; }));
    EXPECT_EQ(bert.chats().front(), "Anna: us");
    EXPECT_EQ(carl.chats().front(), "Carl: me");
    bert.want_party("");
    ASSERT_TRUE(stand.until([&] { return bert.party().empty(); }));
    EXPECT_TRUE(bert.party_members().empty());
    EXPECT_TRUE(stand.until([&] { return anna.party_members() == Lines{"Anna"}; }));
}

TEST(Words, APartyHasAGoodCodeAndAtMostSixtyFourMembersAndSurvivesAResume) {
    Options options = testing::small_server();
    options.worlds[0].rules.players_max = 80;
    Stand stand(std::move(options));
    for (int i = 0; i < 65; ++i)
        stand.join({.name = "P" + std::to_string(i), .address = "198.51.100." + std::to_string(i)});
    ASSERT_TRUE(stand.until([&] { return all_welcomed(stand); }, 30s));
    for (std::size_t i = 0; i < 64; ++i) stand.players[i]->want_party("x");
    ASSERT_TRUE(stand.until([&] { return stand.players[0]->party_members().size() == 64; }));
    Player& last = *stand.players[64];
    last.want_party("x");
    ASSERT_TRUE(stand.until([&] { return !last.notices().empty(); }));
    EXPECT_EQ(last.notices().back(), "party_refused");
    EXPECT_EQ(last.notice(), "The party x is full.");
    last.want_party("no spaces");
    ASSERT_TRUE(stand.until([&] { return last.notices().size() == 2; }));
    EXPECT_TRUE(last.party().empty());
    Player& first = *stand.players[0];
    const std::string ticket = first.mirror().resume();
    first.close();
    ASSERT_TRUE(stand.until([&] { return stand.statistics().sessions == 64; }));
    Player& again = stand.join({.resume = ticket});
    EXPECT_TRUE(stand.until([&] { return again.party() == "x"; }));
    EXPECT_EQ(again.party_members().size(), 64);
}

}  // namespace
}  // namespace muster::host
