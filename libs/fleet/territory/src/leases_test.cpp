#include "coordinator_fixture.hpp"

namespace muster::territory {
namespace {

using Leases = Coordinator;

TEST_F(Leases, AWorldIsCutIntoRegionsThatTileItAndWaitsForAServer) {
    declare(5);
    ASSERT_EQ(state->list().size(), 5U);
    EXPECT_TRUE(at(0).server.empty());
    EXPECT_FALSE(at(0).reason.empty());
    EXPECT_TRUE(at(0).area.contains({0, 0}));
    come("one");
    EXPECT_EQ(count("one"), 5U);
    EXPECT_EQ(servers.at("one").has.size(), 5U);
}

TEST_F(Leases, EpochsAreToBeDurableBeforeTheAnswerIsSent) {
    declare();
    come("one");
    ASSERT_GE(actions.size(), 3U);
    EXPECT_EQ(std::get<Persist>(actions.at(0)).subject, Subject::standing);
    EXPECT_EQ(std::get<Persist>(actions.at(1)).world, "plain");
    const auto answers = all<Answer>();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers.front().lease, config.lease);
    EXPECT_EQ(answers.front().grants.at(0).epoch, state->standing().epoch);
    EXPECT_EQ(all<Publish>().front().version, state->standing().version);
}

TEST_F(Leases, GrantsNameTheNeighboursAndWhoKeepsTheCopy) {
    declare(2);
    come("one");
    come("two");
    hear("one");
    const Grant grant = servers.at("one").has.begin()->second;
    ASSERT_EQ(grant.neighbours.size(), 1U);
    EXPECT_EQ(grant.neighbours.front().server, "one");
    EXPECT_EQ(grant.keeper, "two");
}

TEST_F(Leases, TheCopyIsKeptOnAnotherHostWhenThereIsOne) {
    declare();
    come("one", 100, {}, {}, "here");
    come("two", 100, {}, {}, "here");
    hear("one");
    EXPECT_EQ(at(0).keeper, "two") << "better than none";
    come("three", 100, {}, {}, "there");
    hear("one");
    EXPECT_EQ(at(0).keeper, "three");
}

TEST_F(Leases, ARenewalKeepsTheEpochAndWritesNothing) {
    declare();
    come("one");
    const Epoch epoch = at(0).epoch;
    hear("one");
    EXPECT_TRUE(all<Persist>().empty());
    EXPECT_EQ(all<Answer>().front().grants.front().epoch, epoch);
}

TEST_F(Leases, AClosedLinkIsNoDeath) {
    declare();
    come("one");
    come("two");
    pass(milliseconds(500));
    const Epoch epoch = at(0).epoch;
    servers.at("one").is_alive = false;
    tell(ServerGone{"one", servers.at("one").session});
    pass(milliseconds(3'000));
    EXPECT_EQ(at(0).server, "one");
    come_back("one");
    EXPECT_EQ(at(0).server, "one");
    EXPECT_EQ(at(0).epoch, epoch);
}

TEST_F(Leases, OfAProcessThatIsDeadForCertainEndAtOnce) {
    declare();
    come("one");
    come("two");
    pass(milliseconds(500));
    const Epoch epoch = at(0).epoch;
    const std::uint64_t life = servers.at("one").life;
    servers.at("one").is_alive = false;
    tell(ServerDied{"one", life + 1});
    EXPECT_EQ(at(0).server, "one") << "another process of that name";
    tell(ServerDied{"one", life});
    EXPECT_EQ(at(0).server, "two");
    EXPECT_GT(at(0).epoch, epoch);
}

TEST_F(Leases, AreCountedLongerThanTheHolderByClocksThatDiffer) {
    EXPECT_GE(waited_for(milliseconds(4'000), config).count(), 4'000 * 1'020 / 980);
    declare();
    come("one");
    come("two");
    const Instant last = now;
    servers.at("one").is_alive = false;
    hear("one");
    while (at(0).server == "one") {
        now += milliseconds(1);
        if (now.count() % 200 == 0) {
            hear("two");
        }
        tell(TimePassed{});
        ASSERT_LT(now - last, milliseconds(10'000));
    }
    EXPECT_EQ(now - last, waited_for(config.lease, config));
}

TEST_F(Leases, TheKeeperOfTheCopyIsPreferredWhenAHolderDied) {
    declare();
    come("one");
    come("two", 50);
    hear("one");
    ASSERT_EQ(at(0).keeper, "two");
    come("three", 5'000);  // has more room, and no copy
    players[at(0).region] = 10;
    hear("one");
    const Epoch epoch = at(0).epoch;
    servers.at("one").is_alive = false;
    pass(milliseconds(5'000));
    EXPECT_EQ(at(0).server, "two");
    EXPECT_GT(at(0).epoch, epoch);
}

TEST_F(Leases, AReleaseCountsOnlyWithTheEpochOfTheGrant) {
    declare();
    come("one");
    come("two");
    const Listed before = at(0);
    tell(RegionReleased{"one", servers.at("one").life, {before.region, before.epoch - 1}});
    tell(RegionReleased{"two", servers.at("two").life, {before.region, before.epoch}});
    tell(RegionReleased{"one", servers.at("one").life + 9, {before.region, before.epoch}});
    EXPECT_EQ(at(0).epoch, before.epoch);
    tell(RegionReleased{"one", servers.at("one").life, {before.region, before.epoch}});
    EXPECT_GT(at(0).epoch, before.epoch);
    const Listed after = at(0);
    tell(RegionReleased{"one", servers.at("one").life, {before.region, before.epoch}});  // repeated
    EXPECT_EQ(at(0).epoch, after.epoch);
}

TEST_F(Leases, AnotherProcessOfTheSameNameWaitsForItsPredecessorsLease) {
    declare();
    come("one");
    const Epoch epoch = at(0).epoch;
    come("one");  // another life
    EXPECT_EQ(at(0).epoch, epoch);
    EXPECT_TRUE(servers.at("one").has.empty());
    pass(milliseconds(5'000));
    EXPECT_GT(at(0).epoch, epoch);
    EXPECT_EQ(servers.at("one").has.size(), 1U);
}

TEST_F(Leases, ARestartedCoordinatorTakesEveryLeaseToBeAlive) {
    declare();
    come("one");
    const Epoch epoch = at(0).epoch;
    restart();
    servers.at("one").is_alive = false;
    come("two");
    pass(milliseconds(4'000));
    EXPECT_EQ(at(0).server, "one");
    pass(milliseconds(500));
    EXPECT_EQ(at(0).server, "two");
    EXPECT_GT(at(0).epoch, epoch);
}

TEST_F(Leases, AHolderThatComesToARestartedCoordinatorGoesOn) {
    declare();
    come("one");
    const Epoch epoch = at(0).epoch;
    restart();
    come_back("one");
    pass(milliseconds(10'000));
    EXPECT_EQ(at(0).server, "one");
    EXPECT_EQ(at(0).epoch, epoch);
}

TEST_F(Leases, LongerLeasesOfAnEarlierConfigurationAreWaitedFor) {
    config.lease = milliseconds(20'000);
    state = std::make_unique<State>(config, now);
    declare();
    come("one");
    config.lease = milliseconds(2'000);
    restart();
    servers.at("one").is_alive = false;
    come("two");
    pass(milliseconds(19'500));
    EXPECT_EQ(at(0).server, "one");
    pass(milliseconds(2'000));
    EXPECT_EQ(at(0).server, "two");
    EXPECT_EQ(state->standing().lease, milliseconds(2'000));
}

TEST_F(Leases, GrantsThatTheRecordsDoNotKnowOfAreWaitedForAndCountedOn) {
    declare();
    servers["one"] = {++sessions, ++lives, 0};
    tell(ServerCame{"one", sessions, lives, 100, {}, {}, {{40, 900}}});
    hear("one");
    EXPECT_TRUE(at(0).server.empty());
    pass(milliseconds(5'000));
    EXPECT_EQ(at(0).server, "one");
    EXPECT_GT(at(0).epoch, 900U);
    EXPECT_GE(state->standing().region, 40U);
}

TEST_F(Leases, WhatComesFromAnEarlierSessionIsIgnored) {
    declare();
    come("one");
    const std::uint64_t old = servers.at("one").session;
    come_back("one");
    EXPECT_TRUE(tell(ServerHeard{"one", old, 99, false, {}, {}, {}}).empty());
    tell(ServerGone{"one", old});
    EXPECT_TRUE(state->servers().front().connected);
}

TEST_F(Leases, ARepeatedRequestIsNotAnsweredAgain) {
    declare();
    come("one");
    --servers.at("one").request;
    hear("one");
    EXPECT_TRUE(all<Answer>().empty());
}

TEST_F(Leases, ARemovedWorldGoesWhenNobodyComputesItAnyMore) {
    declare();
    come("one");
    const Listed before = at(0);
    tell(RemoveWorld{"plain"});
    ASSERT_EQ(all<Withdraw>().size(), 1U);
    hear("one");
    EXPECT_TRUE(all<Answer>().front().grants.empty());
    ASSERT_EQ(all<Withdraw>().size(), 1U);  // in case the first was lost
    tell(DeclareWorld{{"plain", {0, 0, 400, 200}, 1, 20}});
    EXPECT_EQ(all<Reject>().front().error.code, Errc::conflict);
    tell(RegionReleased{"one", servers.at("one").life, {before.region, before.epoch}});
    tell(TimePassed{});
    EXPECT_TRUE(state->list().empty());
    ASSERT_FALSE(all<Persist>().empty());
    EXPECT_TRUE(all<Persist>().back().erase);
    declare();
    tell(TimePassed{});
    EXPECT_GT(at(0).region, before.region);
    EXPECT_GT(at(0).epoch, before.epoch);
}

TEST_F(Leases, ADeclarationIsRefusedWithTheFieldThatIsWrong) {
    const auto field_of = [&](WorldSpec spec) {
        tell(DeclareWorld{std::move(spec)});
        const auto rejects = all<Reject>();
        return rejects.empty() || actions.size() != 1 ? "" : rejects.front().error.field;
    };
    EXPECT_EQ(field_of({"", {0, 0, 9, 9}, 1, 1}), "name");
    EXPECT_EQ(field_of({"a", {0, 0, 0, 9}, 1, 1}), "bounds");
    EXPECT_EQ(field_of({"a", {0, 0, 9, 9}, 1, 0}), "strip");
    EXPECT_EQ(field_of({"a", {0, 0, 9, 9}, 0, 1}), "regions_min");
    EXPECT_EQ(field_of({"a", {0, 0, 9, 9}, 9, 4}), "regions_min");
    EXPECT_TRUE(state->list().empty());
    declare();
    EXPECT_TRUE(tell(DeclareWorld{{"plain", {0, 0, 400, 200}, 1, 20}}).empty());
    EXPECT_EQ(field_of({"plain", {0, 0, 400, 201}, 1, 20}), "name");
}

TEST_F(Leases, ARecordThatDoesNotTileItsWorldIsNotRestored) {
    declare(2);
    auto record = state->world("plain").value();
    record.regions.pop_back();
    State other(config, now);
    const auto restored = other.restore(record);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().field, "regions");
}

}  // namespace
}  // namespace muster::territory
