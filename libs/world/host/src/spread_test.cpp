// Goal: a world that several servers compute is one world to its players: they go from one server
// to the next without a sign of it, and a server's end costs none of them its place.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "muster/host/routes.hpp"
#include "testing/spread_stand.hpp"

namespace muster::host {
namespace {

using testing::Player;
using testing::SpreadStand;
using namespace std::chrono_literals;

constexpr auto right = sim::Input::right;
constexpr auto left = sim::Input::left;

std::int64_t units(sim::Length length) {
    return length / sim::unit;
}

TEST(Spread, PlayersOfTwoServersSeeAndKnowEachOtherAndShareOneBoard) {
    SpreadStand stand;
    ASSERT_NE(stand.left, stand.right);
    Player& anna = stand.join(stand.left, "Anna");
    const sim::PlayerId anna_id = stand.joined.player;
    Player& bert = stand.join(stand.right, "Bert");
    const sim::PlayerId bert_id = stand.joined.player;
    EXPECT_NE(anna_id, bert_id);
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().name_of(bert_id) == "Bert" && bert.mirror().name_of(anna_id) == "Anna";
    }));
    EXPECT_LT(anna.mirror().own_at().x, 0) << "begins where its server is";
    EXPECT_GT(bert.mirror().own_at().x, 0);
    const auto before = bert.mirror().find(anna_id)->record.x;
    anna.buttons = left;
    EXPECT_TRUE(stand.until([&] {
        const auto* seen = bert.mirror().find(anna_id);
        return seen == nullptr || seen->record.x < before;
    }));
    EXPECT_TRUE(
        stand.until([&] { return anna.players_on_board() == 2 && bert.players_on_board() == 2; }));
    EXPECT_EQ(stand.world(stand.left).people, 1);
    EXPECT_EQ(stand.world(stand.right).people, 1);
    const std::string metrics = metrics_text(stand.server(stand.left).statistics());
    EXPECT_NE(metrics.find("muster_world_regions{world=\"wide\"} 1\n"), std::string::npos);
    EXPECT_NE(metrics.find("muster_world_crossings_total{world=\"wide\",direction=\"out\"} 0\n"),
              std::string::npos)
        << metrics;
}

TEST(Spread, AWalkerGoesOnAtTheNextServerAndNoInputIsLostOrDoneTwice) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    const sim::PlayerId id = stand.joined.player;
    ASSERT_TRUE(stand.until([&] { return anna.acknowledged() > 4; }));
    const sim::Vec start = anna.mirror().own_at();
    const std::uint32_t first = anna.sequence;
    anna.buttons = right;
    ASSERT_TRUE(stand.until([&] { return units(anna.mirror().own_at().x) > 120; }));
    const std::uint32_t last = anna.sequence;
    anna.buttons = 0;
    ASSERT_TRUE(stand.until([&] { return anna.acknowledged() >= last + 2; }));
    EXPECT_EQ(anna.crossings(), 1);
    EXPECT_TRUE(anna.wrongs().empty()) << anna.wrongs().front();
    EXPECT_EQ(anna.mirror().player(), id);
    EXPECT_EQ(anna.mirror().resume(), "") << "its ticket stays good";
    EXPECT_EQ(anna.mirror().own_at().x - start.x,
              static_cast<sim::Length>(last - first) * sim::player_speed);
    EXPECT_TRUE(stand.until([&] {
        return stand.world(stand.left).people == 0 && stand.world(stand.right).people == 1 &&
               stand.server(stand.left).statistics().sessions == 0;
    })) << "the connection before is closed";
    EXPECT_TRUE(stand.until([&] { return stand.world(stand.right).spread->crossings_in == 1; }));
    EXPECT_EQ(stand.world(stand.left).spread->orphaned, 0);
}

TEST(Spread, WhoeverGoesToAndFroHearsEveryLineOnce) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    std::map<std::string, std::size_t> said;
    std::vector<std::pair<Player*, std::string>> talkers;
    for (const std::string& server : {stand.left, stand.right}) {
        for (int i = 0; i < 4; ++i) {
            const std::string name = "T" + server + std::to_string(i);
            talkers.emplace_back(&stand.join(server, name), name);
        }
    }
    ASSERT_TRUE(stand.until([&] {
        return std::ranges::all_of(stand.players,
                                   [](const auto& one) { return one->mirror().welcomed(); });
    }));
    std::size_t turn = 0;
    const auto talk = [&] {
        if (turn >= talkers.size() * 4) return;
        auto& [talker, name] = talkers[turn % talkers.size()];
        const std::string text = std::to_string(turn++);
        talker->say(text);
        ++said[name + ": " + text];
    };
    for (const int way : {1, -1, 1, -1}) {
        int wait = 0;
        anna.buttons = way > 0 ? right : left;
        ASSERT_TRUE(stand.until([&] {
            if (++wait % 8 == 0) talk();
            return units(anna.mirror().own_at().x) * way > 60;
        }));
        anna.buttons = 0;
    }
    while (turn < talkers.size() * 4) talk();
    ASSERT_TRUE(stand.until([&] { return anna.chats().size() >= said.size(); }));
    EXPECT_GE(anna.crossings(), 3);
    std::map<std::string, std::size_t> heard;
    for (const std::string& line : anna.chats()) ++heard[line];
    EXPECT_EQ(heard, said);
    for (const auto& player : stand.players)
        EXPECT_TRUE(player->wrongs().empty()) << player->wrongs().front();
}

TEST(Spread, BotsCrossLikePeopleAndGoOn) {
    SpreadStand stand;
    ASSERT_TRUE(stand.server(stand.left).set_bots("wide", 6));
    ASSERT_TRUE(stand.until([&] { return stand.world(stand.left).bots == 6; }));
    ASSERT_TRUE(stand.until(
        [&] {
            return stand.world(stand.right).spread->crossings_in > 0 &&
                   stand.world(stand.right).bots > 0;
        },
        60s));
    EXPECT_EQ(stand.world(stand.right).people, 0);
}

TEST(Spread, APageWithoutASecondConnectionResumesAsTheSamePlayerWhereItIs) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    const sim::PlayerId id = stand.joined.player;
    anna.answers_invitations = false;
    anna.buttons = right;
    ASSERT_TRUE(stand.until([&] { return anna.must_resume(); }));
    EXPECT_GT(anna.invitations(), 0);
    const auto refused = stand.ask(anna, stand.left, {.resume = anna.mirror().resume()});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable) << refused.error().message;
    ASSERT_TRUE(stand.resume(anna));
    EXPECT_EQ(stand.joined.player, id);
    anna.buttons = 0;
    ASSERT_TRUE(stand.until([&] { return anna.mirror().welcomed(); }));
    EXPECT_EQ(stand.world(stand.left).people, 0);
    EXPECT_TRUE(stand.until([&] { return stand.world(stand.right).people == 1; }));
    ASSERT_TRUE(stand.until([&] { return anna.mirror().counts().snapshots > 0; }));
    EXPECT_GT(anna.mirror().own_at().x, 0);
}

TEST(Spread, AServerThatIsDrainedHandsItsPlayersOver) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    Player& bert = stand.join(stand.left, "Bert");
    ASSERT_TRUE(stand.until([&] { return anna.acknowledged() > 4 && bert.acknowledged() > 4; }));
    stand.leases.drain(stand.left);
    ASSERT_TRUE(stand.until([&] {
        return stand.leases.holder_of(-1) == stand.right && anna.crossings() == 1 &&
               bert.crossings() == 1;
    }));
    EXPECT_TRUE(stand.until([&] {
        return stand.world(stand.left).people == 0 && stand.world(stand.right).people == 2 &&
               stand.world(stand.right).spread->regions == 2;
    }));
    Player late;
    const auto refused = stand.ask(late, stand.left, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
    const std::uint32_t before = anna.acknowledged();
    EXPECT_TRUE(stand.until([&] { return anna.acknowledged() > before; })) << "and plays on";
}

TEST(Spread, PlayersOfAServerThatIsGoneResumeAtWhoFollows) {
    SpreadStand stand;
    Player& bert = stand.join(stand.right, "Bert");
    Player& anna = stand.join(stand.left, "Anna");
    const sim::PlayerId id = stand.joined.player;
    ASSERT_TRUE(stand.until([&] { return anna.mirror().counts().snapshots > 60; }));
    stand.kill(stand.left);
    ASSERT_TRUE(stand.resume(anna));
    EXPECT_EQ(stand.joined.player, id);
    ASSERT_TRUE(stand.until([&] {
        return anna.mirror().welcomed() && stand.world(stand.right).people == 2 &&
               anna.mirror().find(bert.mirror().player()) != nullptr;
    }));
    EXPECT_TRUE(stand.until([&] { return stand.world(stand.right).spread->taken_over >= 1; }));
    EXPECT_EQ(bert.notices().size(), 0);
}

TEST(Spread, WhoHasJustCrossedWhenItsNewServerDiesComesBackWithTheSameTicket) {
    SpreadStand stand;
    stand.join(stand.right, "Bert");
    Player& anna = stand.join(stand.left, "Anna");
    const sim::PlayerId id = stand.joined.player;
    ASSERT_TRUE(stand.until([&] { return anna.mirror().counts().snapshots > 60; }));
    anna.buttons = right;
    ASSERT_TRUE(stand.until([&] { return anna.crossings() == 1; }));
    anna.buttons = 0;
    stand.kill(stand.right);
    ASSERT_TRUE(stand.resume(anna));
    EXPECT_EQ(stand.joined.player, id);
}

TEST(Spread, WithoutALeaseNobodyMovesAndItsPlayersAreSentAway) {
    SpreadStand stand;
    Player& anna = stand.join(stand.left, "Anna");
    const sim::PlayerId id = stand.joined.player;
    ASSERT_TRUE(stand.until([&] { return anna.mirror().counts().snapshots > 60; }));
    stand.leases.be_away(true);
    ASSERT_TRUE(stand.until([&] { return anna.must_resume(); }));
    const auto tick = stand.world(stand.left).tick;
    const auto refused = stand.ask(anna, stand.left, {.resume = anna.mirror().resume()});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
    EXPECT_EQ(stand.world(stand.left).tick, tick) << "it stands still";
    stand.leases.be_away(false);
    ASSERT_TRUE(stand.resume(anna));
    EXPECT_EQ(stand.joined.player, id);
    EXPECT_TRUE(stand.until([&] { return anna.mirror().welcomed(); }));
}

}  // namespace
}  // namespace muster::host
