#include <gtest/gtest.h>

#include "testing/stand.hpp"

namespace muster::host {
namespace {

using testing::Player;
using testing::Stand;
using namespace std::chrono_literals;

constexpr std::uint8_t right = sim::Input::right;

TEST(Session, IsWelcomedMovesAndIsAcknowledged) {
    Stand stand;
    Player& player = stand.join({.name = "Anna"});
    ASSERT_TRUE(stand.until([&] { return player.mirror().welcomed(); }));
    EXPECT_EQ(player.mirror().player(), stand.joined.player);
    EXPECT_EQ(player.mirror().resume(), stand.joined.ticket);
    ASSERT_TRUE(stand.until([&] { return player.mirror().counts().snapshots > 3; }));
    const sim::Vec before = player.mirror().own_at();
    player.buttons = right;
    ASSERT_TRUE(stand.until([&] { return player.mirror().acknowledged() >= 20; }));
    const sim::Vec after = player.mirror().own_at();
    EXPECT_GT(after.x, before.x + 5 * sim::player_speed);
    EXPECT_EQ(after.y, before.y);
    EXPECT_LE(player.mirror().acknowledged(), player.sequence);
    EXPECT_TRUE(stand.until([&] { return player.scores() > 0; })) << "scores once a second";
}

TEST(Session, TwoPlayersSeeEachOtherMoveAndAreIntroduced) {
    Stand stand;
    Player& anna = stand.join({.name = "Anna"});
    const sim::PlayerId anna_id = stand.joined.player;
    Player& bert = stand.join({.name = "Bert"});
    const sim::PlayerId bert_id = stand.joined.player;
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().find(bert_id) != nullptr && bert.mirror().find(anna_id) != nullptr;
    }));
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().name_of(bert_id) == "Bert" && bert.mirror().name_of(anna_id) == "Anna";
    }));
    const auto before = bert.mirror().find(anna_id)->record.x;
    anna.buttons = right;
    EXPECT_TRUE(stand.until([&] {
        const auto* seen = bert.mirror().find(anna_id);
        return seen != nullptr && seen->record.x > before + 20;
    }));
}

TEST(Session, APingIsAnswered) {
    Stand stand;
    Player& player = stand.join();
    ASSERT_TRUE(stand.until([&] { return player.mirror().welcomed(); }));
    player.ping();
    EXPECT_TRUE(stand.until([&] { return player.pongs() == 1; }));
}

TEST(Session, ChatReachesEverybodyUntilItIsTooMuch) {
    Stand stand;
    Player& anna = stand.join({.name = "Anna"});
    Player& bert = stand.join({.name = "Bert"});
    ASSERT_TRUE(stand.until([&] { return anna.mirror().welcomed() && bert.mirror().welcomed(); }));
    for (int i = 0; i < 8; ++i) anna.say("line\n " + std::to_string(i));
    ASSERT_TRUE(stand.until([&] { return bert.chats().size() >= 5 && !anna.notices().empty(); }));
    EXPECT_EQ(bert.chats().front(), "Anna: line 0") << "without the line end";
    EXPECT_EQ(anna.notices().front(), "chat_limited");
    EXPECT_TRUE(stand.until([&] { return stand.world().chats_limited == 3; }));
    EXPECT_EQ(bert.chats().size(), 5);
}

TEST(Session, TeamChatIsTheTeams) {
    Options options = testing::small_server();
    options.worlds[0].rules.mode = sim::Mode::team_deathmatch;
    Stand stand(std::move(options));
    Player& anna = stand.join({.name = "Anna", .team = sim::Team::red});
    Player& rita = stand.join({.name = "Rita", .team = sim::Team::red});
    Player& bert = stand.join({.name = "Bert", .team = sim::Team::blue});
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().welcomed() && rita.mirror().welcomed() && bert.mirror().welcomed();
    }));
    anna.say("for us", {.scope = 1});
    anna.say("for all");
    ASSERT_TRUE(stand.until([&] { return rita.chats().size() == 2 && bert.chats().size() == 1; }));
    EXPECT_EQ(rita.chats().front(), "Anna: for us");
    EXPECT_EQ(bert.chats().front(), "Anna: for all");
}

TEST(Session, ByeFreesThePlaceAtOnceAndALeaveByTicketToo) {
    Stand stand;
    Player& anna = stand.join();
    Player& bert = stand.join();
    const std::string ticket = stand.joined.ticket;
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().welcomed() && bert.mirror().welcomed() && stand.world().people == 2;
    }));
    anna.say_bye();
    ASSERT_TRUE(stand.until([&] { return stand.world().people == 1 && anna.is_closed(); }));
    stand.server->leave("0000-0000-AAAAAAAAAAAAAAAAAAAAAA");
    stand.server->leave("nonsense");
    stand.server->leave(ticket);
    EXPECT_TRUE(stand.until([&] {
        return stand.world().people == 0 && bert.is_closed() && stand.statistics().sessions == 0;
    }));
}

TEST(Session, AVanishedPlayerStandsStillAndIsRemovedWhenItsTimeIsOver) {
    Options options = testing::small_server();
    options.resume = 1'000ms;
    Stand stand(std::move(options));
    Player& anna = stand.join();
    const sim::PlayerId anna_id = stand.joined.player;
    Player& bert = stand.join();
    anna.buttons = right;
    ASSERT_TRUE(stand.until([&] {
        const auto* seen = bert.mirror().find(anna_id);
        return seen != nullptr && seen->record.velocity_x > 0;
    }));
    anna.vanish();
    ASSERT_TRUE(stand.until([&] {
        const auto* seen = bert.mirror().find(anna_id);
        return stand.statistics().sessions == 1 &&
               (seen == nullptr || seen->record.velocity_x == 0);
    }));
    EXPECT_TRUE(stand.until([&] { return stand.world().people == 1; }));
    EXPECT_TRUE(stand.until([&] { return bert.mirror().find(anna_id) == nullptr; }));
}

TEST(Session, ResumesAsTheSamePlayerAndTheOlderConnectionIsReplaced) {
    Stand stand;
    Player& old = stand.join({.name = "Anna"});
    const Joined first = stand.joined;
    ASSERT_TRUE(stand.until([&] { return old.mirror().welcomed(); }));
    Player& young = stand.join({.name = "whoever", .resume = first.ticket, .address = "::1"});
    EXPECT_EQ(stand.joined.player, first.player);
    EXPECT_NE(stand.joined.ticket, first.ticket);
    ASSERT_TRUE(stand.until([&] { return young.mirror().welcomed() && old.is_closed(); }));
    ASSERT_FALSE(old.notices().empty());
    EXPECT_EQ(old.notices().back(), "replaced");
    EXPECT_EQ(stand.world().people, 1);
    EXPECT_EQ(stand.statistics().resumed, 1);
    // The older ticket is worth nothing now: neither to leave nor to come back.
    stand.server->leave(first.ticket);
    stand.join({.name = "Bert", .resume = first.ticket});
    EXPECT_NE(stand.joined.player, first.player) << "joins anew";
    young.buttons = right;
    const auto before = young.mirror().own_at();
    EXPECT_TRUE(stand.until([&] { return young.mirror().own_at().x > before.x + sim::unit; }));
}

TEST(Session, AClosedConnectionCanBeResumedAndAnAnswerThatWasLostToo) {
    Stand stand;
    Player& old = stand.join();
    const Joined first = stand.joined;
    ASSERT_TRUE(stand.until([&] { return old.mirror().welcomed(); }));
    old.close();
    ASSERT_TRUE(stand.until([&] { return stand.statistics().sessions == 0; }));
    Player unlucky;
    const auto lost = stand.ask(unlucky, {.resume = first.ticket});
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->player, first.player);
    Player& young = stand.join({.resume = first.ticket});
    EXPECT_EQ(stand.joined.player, first.player);
    EXPECT_TRUE(stand.until([&] { return young.mirror().welcomed(); }));
    EXPECT_EQ(stand.world().people, 1);
}

}  // namespace
}  // namespace muster::host
