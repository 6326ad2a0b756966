#include "coordinator_fixture.hpp"

namespace muster::territory {
namespace {

using Balance = Coordinator;

/// `each` players in every region.
void fill(std::map<RegionId, std::uint32_t>& players, const State& state, std::uint32_t each) {
    for (const Listed& region : state.list()) {
        players[region.region] = each;
    }
}

TEST_F(Balance, ANewRegionGoesToTheLeastLoadedServerWithRoom) {
    declare();
    come("one");
    come("two");
    players[at(0).region] = 60;
    hear("one");
    declare(1, "hills");
    EXPECT_EQ(at(0).world, "hills");
    EXPECT_EQ(at(0).server, "two");
}

TEST_F(Balance, AServerIsGivenOnlyTheWorldsItTakesAndRatherTheRegionsItWants) {
    come("one", 100, {"hills"});
    come("two");
    declare(2);
    EXPECT_EQ(count("two"), 2U);
    const RegionId second = at(1).region;
    come("three", 100, {}, {second});
    const Listed before = at(1);
    servers.at("two").has.erase(second);
    tell(RegionReleased{"two", servers.at("two").life, {second, before.epoch}});
    // The copy's keeper is another question: nobody was told of one yet.
    EXPECT_EQ(at(1).server, before.keeper.empty() ? "three" : before.keeper);
}

TEST_F(Balance, NobodyGetsMoreThanItsCapacityWhileThereIsAnother) {
    come("one", 10);
    come("two", 100);
    declare();
    const RegionId region = at(0).region;
    players[region] = 50;
    hear(at(0).server);
    const std::string holder = at(0).server;
    const std::string other = holder == "one" ? "two" : "one";
    servers.at(holder).is_alive = false;
    pass(milliseconds(6'000));
    EXPECT_EQ(at(0).server, other);  // even too small, for there is no other
    servers.at(other).is_alive = false;
    come("big", 100);
    come("small", 20);
    pass(milliseconds(6'000));
    EXPECT_EQ(at(0).server, "big");
}

TEST_F(Balance, ASmallDifferenceMovesNothingUnderNoise) {
    declare(8);
    come("one");
    fill(players, *state, 5);  // 40 of 100
    pass(milliseconds(1'000));
    come("two");
    pass(milliseconds(30'000));
    ASSERT_EQ(count("two"), 1U);
    const std::size_t before = withdrawn;
    for (int second = 0; second < 120; ++second) {
        std::uint32_t noise = 0;
        for (auto& [region, count] : players) {
            count = 3 + (static_cast<std::uint32_t>(second) * 7 + noise++ * 3) % 3;  // 24 to 40
        }
        pass(milliseconds(1'000));
        if (second % 20 == 0) {  // one that is over for a moment
            players.begin()->second = 60;
            pass(milliseconds(1'000));
        }
    }
    EXPECT_EQ(withdrawn, before);
    EXPECT_EQ(state->list().size(), 8U);
}

TEST_F(Balance, ALargeDifferenceThatLastsMovesRegionsAndThenRests) {
    declare(8);
    come("one");
    come("two");
    ASSERT_EQ(count("one") + count("two"), 8U);
    const std::size_t moved_by_choice = withdrawn;
    fill(players, *state, 20);
    pass(milliseconds(120'000));
    EXPECT_EQ(count("one"), 4U);
    EXPECT_EQ(count("two"), 4U);
    const std::size_t moved = withdrawn;
    EXPECT_LE(moved - moved_by_choice, 4U);
    pass(milliseconds(60'000));
    EXPECT_EQ(withdrawn, moved);
}

TEST_F(Balance, AServerThatHasNothingGetsRegionsOfOneThatHasSeveral) {
    declare(4);
    come("one");
    pass(milliseconds(1'000));
    ASSERT_EQ(count("one"), 4U);
    come("two");
    come("three");
    come("four");
    come("five");
    pass(milliseconds(60'000));
    std::size_t without = 0;
    for (const auto& [id, server] : servers) {
        EXPECT_LE(count(id), 1U) << id;
        if (count(id) == 0) ++without;
    }
    EXPECT_EQ(without, 1U) << "there is nothing to spare";
    const std::size_t before = withdrawn;
    pass(milliseconds(60'000));
    EXPECT_EQ(withdrawn, before) << "and then rests";
}

TEST_F(Balance, LoadThatSwingsForEverMovesAtMostOnceAnIntervalInAWorld) {
    declare(8);
    come("one");
    come("two");
    const std::size_t before = withdrawn;
    for (int swing = 0; swing < 6; ++swing) {
        for (const Listed& region : state->list()) {
            players[region.region] = (region.server == "one") == (swing % 2 == 0) ? 25 : 0;
        }
        pass(milliseconds(30'000));
    }
    const auto minutes = 3U;
    EXPECT_LE((withdrawn - before) / minutes, 60'000U / 5'000U);
    EXPECT_GT(withdrawn, before);
}

TEST_F(Balance, ARegionThatIsTooBusyIsSplitWhenAnotherServerHasRoom) {
    declare();
    come("one");
    const Listed whole = at(0);
    players[whole.region] = 80;
    pass(milliseconds(40'000));
    EXPECT_EQ(state->list().size(), 1U);  // nobody else has room
    come("two");
    for (int quarter = 0; quarter < 60 && state->list().size() == 1; ++quarter) {
        now += milliseconds(250);
        hear("one");
        hear("two");
        tell(TimePassed{});
    }
    ASSERT_EQ(state->list().size(), 2U);
    // The holder has both first, each with a greater epoch than the whole had.
    EXPECT_EQ(servers.at("one").has.size(), 2U);
    EXPECT_EQ(servers.at("one").has.count(whole.region), 0U);
    EXPECT_GT(at(0).epoch, whole.epoch);
    EXPECT_GT(at(1).epoch, whole.epoch);
    EXPECT_EQ(all<Withdraw>().size(), 1U);
    fill(players, *state, 40);
    pass(milliseconds(1'000));
    EXPECT_EQ(count("one"), 1U);
    EXPECT_EQ(count("two"), 1U);
    EXPECT_EQ(at(0).server, "one");  // the first region stays
}

TEST_F(Balance, IdleRegionsOfOneServerMergeButNotBelowTheLeastNumber) {
    declare(2);
    come("one");
    come("two");
    const auto both = state->list();
    pass(milliseconds(40'000));
    EXPECT_EQ(state->list().size(), 2U);
    // Split by load, and idle again.
    players[both[0].region] = 90;
    for (int quarter = 0; quarter < 160 && state->list().size() == 2; ++quarter) {
        pass(milliseconds(250));
    }
    EXPECT_EQ(state->list().size(), 3U);
    players.clear();
    tell(AskDrain{"two"});
    pass(milliseconds(60'000));
    EXPECT_EQ(state->list().size(), 2U);
    for (const Listed& region : state->list()) {
        EXPECT_GE(region.epoch, std::min(both[0].epoch, both[1].epoch));
    }
}

TEST_F(Balance, ADrainMovesRegionsOneAtATimeAndEndsEmpty) {
    declare(4);
    come("one");
    come("two");
    servers.at("one").obeys = false;
    tell(AskDrain{"one"});
    pass(milliseconds(5'000));
    const auto leaving = std::ranges::count(state->list(), true, &Listed::leaving);
    EXPECT_EQ(leaving, 1);
    EXPECT_EQ(count("one"), 4U);
    servers.at("one").obeys = true;
    pass(milliseconds(5'000));
    EXPECT_EQ(count("two"), 4U);
    EXPECT_TRUE(servers.at("one").has.empty());
}

TEST_F(Balance, ADrainIsRememberedOverARestartAndGivesNothingUntilItIsOver) {
    declare();
    come("one");
    tell(AskDrain{"one"});
    restart();
    come_back("one");
    pass(milliseconds(20'000));
    EXPECT_EQ(count("one"), 1U);  // nobody else can take it: it plays on
    tell(RegionReleased{"one", servers.at("one").life, {at(0).region, at(0).epoch}});
    EXPECT_EQ(count("one"), 0U);
    tell(EndDrain{"one"});
    EXPECT_EQ(count("one"), 1U);
}

TEST_F(Balance, AServerThatNeverLeavesIsRenewedNoMoreAfterTheDeadline) {
    declare();
    come("one");
    come("two");
    servers.at("one").obeys = false;
    tell(AskDrain{"one"});
    pass(config.leave_deadline);
    EXPECT_EQ(at(0).server, "one");
    pass(milliseconds(6'000));
    EXPECT_EQ(at(0).server, "two");
}

TEST_F(Balance, AnotherSuccessorIsFoundForOneThatIsGone) {
    declare();
    come("one");
    come("two");
    servers.at("one").obeys = false;
    tell(AskDrain{"one"});
    pass(milliseconds(500));
    ASSERT_EQ(servers.at("one").has.begin()->second.successor, "two");
    servers.at("two").is_alive = false;
    come("three");
    pass(milliseconds(3'000));
    EXPECT_EQ(servers.at("one").has.begin()->second.successor, "three");
    servers.at("three").is_alive = false;
    pass(milliseconds(3'000));
    EXPECT_FALSE(servers.at("one").has.begin()->second.leave);  // it stays
}

TEST_F(Balance, ADrainOfNobodyIsRefused) {
    tell(AskDrain{"nobody"});
    EXPECT_EQ(all<Reject>().front().error.code, Errc::not_found);
}

TEST_F(Balance, MoreServersThanTheLimitAreIgnored) {
    config.servers_max = 1;
    state = std::make_unique<State>(config, now);
    come("one");
    tell(ServerCame{"two", ++sessions, 1, 10, {}, {}, {}});
    EXPECT_EQ(state->servers().size(), 1U);
    tell(ServerGone{"one", servers.at("one").session});
    now += config.forget + milliseconds(1);
    tell(TimePassed{});
    EXPECT_TRUE(state->servers().empty());
}

}  // namespace
}  // namespace muster::territory
