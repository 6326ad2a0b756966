// Goal: in a world of several servers words reach those whom they are for, wherever they are and
// go.
#include <gtest/gtest.h>

#include <algorithm>

#include "scope.hpp"
#include "testing/spread_stand.hpp"

namespace muster::host {
namespace {

using testing::Player;
using testing::SpreadStand;
using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

replication::Address to(Scope scope, const std::string& name = {}) {
    return {.scope = static_cast<std::uint8_t>(scope), .whom_name = name};
}

std::int64_t units(sim::Length length) {
    return length / sim::unit;
}

/// Until every server has told the others whom it has.
bool all_know_of(SpreadStand& stand, std::uint16_t people) {
    return stand.until([&] {
        return std::ranges::all_of(stand.players, [&](const auto& one) {
            return one->mirror().welcomed() && one->players_on_board() == people;
        });
    });
}

TEST(SpreadTalk, WordsToOnePersonGoToThatPersonsServer) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    Player& bert = stand.join(stand.right, "Bert");
    Player& carl = stand.join(stand.right, "Carl");
    ASSERT_TRUE(all_know_of(stand, 3));
    anna.say("psst", to(Scope::person, "Bert"));
    anna.say("anybody?", to(Scope::person, "Dora"));
    anna.say("all");
    ASSERT_TRUE(stand.until([&] {
        return bert.chats().size() == 2 && carl.chats().size() == 1 && anna.chats().size() == 2;
    }));
    EXPECT_EQ(bert.chats(), (Lines{"Anna: psst", "Anna: all"}));
    EXPECT_EQ(carl.chats(), Lines{"Anna: all"});
    EXPECT_EQ(anna.chats(), bert.chats());
    EXPECT_EQ(anna.notice(), "Nobody here is called Dora.");
}

TEST(SpreadTalk, APartyIsOneOverAllServersAndGoesWithAPlayer) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    Player& bert = stand.join(stand.right, "Bert");
    Player& carl = stand.join(stand.left, "Carl");
    ASSERT_TRUE(all_know_of(stand, 3));
    const auto has_both = [](const Player& player) {
        Lines names = player.party_members();
        std::ranges::sort(names);
        return names == Lines{"Anna", "Bert"};
    };
    anna.want_party("x");
    bert.want_party("x");
    ASSERT_TRUE(stand.until([&] { return has_both(anna) && has_both(bert); }));
    anna.buttons = sim::Input::right;
    ASSERT_TRUE(stand.until([&] { return units(anna.mirror().own_at().x) > 60; }));
    anna.buttons = 0;
    EXPECT_EQ(anna.crossings(), 1);
    EXPECT_TRUE(has_both(anna));
    bert.say("here", to(Scope::party));
    anna.say("there", to(Scope::party));
    carl.say("all");
    ASSERT_TRUE(stand.until([&] {
        return anna.chats().size() == 3 && bert.chats().size() == 3 && carl.chats().size() == 1;
    }));
    EXPECT_EQ(carl.chats(), Lines{"Carl: all"});
    EXPECT_TRUE(has_both(bert));
}

TEST(SpreadTalk, WordsToThoseNearGoOverABorderAndNoFurtherThanTheyMay) {
    SpreadStand stand(
        {.change = [](Options& options) { options.worlds[0].chat_near = 500 * sim::unit; }});
    Player& anna = stand.join(stand.left, "Anna");
    Player& bert = stand.join(stand.right, "Bert");
    ASSERT_TRUE(all_know_of(stand, 2));
    anna.say("near", to(Scope::near));
    ASSERT_TRUE(stand.until([&] { return bert.chats() == Lines{"Anna: near"}; }));
    bert.buttons = sim::Input::right;
    ASSERT_TRUE(stand.until([&] { return units(bert.mirror().own_at().x) > 700; }, 30s));
    bert.buttons = 0;
    bert.say("far", to(Scope::near));
    bert.say("all");
    ASSERT_TRUE(stand.until([&] { return anna.chats().size() >= 2 && bert.chats().size() >= 3; }));
    EXPECT_EQ(anna.chats(), (Lines{"Anna: near", "Bert: all"}));
}

TEST(SpreadTalk, AnAnnouncementOfOneServerReachesThePlayersOfAll) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    Player& bert = stand.join(stand.right, "Bert");
    ASSERT_TRUE(all_know_of(stand, 2));
    ASSERT_TRUE(stand.server(stand.left).announce("wide", "We stop at eight."));
    ASSERT_TRUE(stand.until([&] { return !anna.chats().empty() && !bert.chats().empty(); }));
    anna.say("all");
    ASSERT_TRUE(stand.until([&] { return anna.chats().size() == 2 && bert.chats().size() == 2; }));
    EXPECT_EQ(bert.chats().front(), ": We stop at eight.");
}

}  // namespace
}  // namespace muster::host
