#include "muster/mesh/member.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "simulation.hpp"

namespace muster::mesh {
namespace {

using simulation::Fleet;
using simulation::Page;

constexpr std::uint32_t second = 60;

/// Four servers, each with a region, and everybody in.
Fleet populated(std::uint64_t seed, simulation::Faults faults = {}) {
    Fleet fleet(seed, 4, {});
    fleet.run(30 * second);
    fleet.populate();
    // Until the first copies are made: who joined a moment ago is in none.
    fleet.run(2 * second);
    fleet.faults = faults;
    return fleet;
}

std::string story(const Fleet& fleet) {
    std::string out;
    for (const std::string& line : fleet.log) out += line + "\n";
    return out;
}

TEST(Member, AWorldStandsStillWithoutALease) {
    Fleet fleet(1, 1, {});
    auto& server = *fleet.find("s0");
    EXPECT_FALSE(server.member.before_step(fleet.now()));
    EXPECT_FALSE(server.member.takes_players());
    fleet.run(second);
    EXPECT_TRUE(server.member.takes_players());
    const auto steps = server.world.tick();
    EXPECT_GT(steps, 0U);
    fleet.cut_off("s0");
    fleet.run(3 * second);
    EXPECT_FALSE(server.member.takes_players());
    EXPECT_LT(server.world.tick(), steps + 2 * second);
    EXPECT_EQ(server.member.statistics().regions, 0U);
}

TEST(Member, EachServerHasARegionAndKnowsTheOthers) {
    Fleet fleet = populated(2);
    EXPECT_EQ(fleet.pages.size(), simulation::players);
    fleet.run(2 * second);
    SCOPED_TRACE(story(fleet));
    for (const auto& [name, server] : fleet.servers) {
        EXPECT_EQ(server->member.statistics().regions, 1U) << name;
        EXPECT_EQ(server->member.statistics().peers, 3U) << name;
        // A roll is of half a second ago: who has crossed since is told of twice, or not at all.
        const auto told = [&server] {
            std::size_t sum = server->member.statistics().own;
            for (const auto& [other, rows] : server->rolls) sum += rows;
            return sum;
        };
        for (std::uint32_t i = 0; i < 10 * second && told() != simulation::players; ++i) {
            fleet.tick();
        }
        EXPECT_EQ(told(), simulation::players) << name;
    }
}

TEST(Member, PlayersWalkFromServerToServerWithTwoConnections) {
    Fleet fleet = populated(3);
    for (std::uint32_t i = 0; i < 20 * second; ++i) {
        fleet.tick();
        ASSERT_EQ(fleet.wrong(false), "") << fleet.at() << "\n" << story(fleet);
    }
    EXPECT_EQ(fleet.wrong(false), "");
    EXPECT_GT(fleet.crossings, 20U);
    EXPECT_GT(fleet.connected_crossings, fleet.crossings * 9 / 10);
}

TEST(Member, WhoWalksBackAndForthIsNeverLostOrDoubledWhateverLinesDo) {
    std::size_t crossings = 0;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        SCOPED_TRACE(seed);
        Fleet fleet = populated(seed, {.lost_per_mille = 150, .delay_max = 8});
        for (std::uint32_t i = 0; i < 15 * second; ++i) {
            fleet.tick();
            ASSERT_EQ(fleet.wrong(false), "") << fleet.at() << "\n" << story(fleet);
        }
        fleet.heal();
        fleet.run(10 * second);
        fleet.rest();
        EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
        crossings += fleet.crossings;
    }
    EXPECT_GT(crossings, 30U);
}

TEST(Member, ADrainedServersPlayersPlayOnElsewhereAndNobodyIsDisconnected) {
    Fleet fleet = populated(5);
    fleet.drain("s1");
    fleet.run(20 * second);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
    EXPECT_EQ(fleet.find("s1")->member.statistics().regions, 0U);
    EXPECT_EQ(fleet.find("s1")->member.statistics().own, 0U);
    // But for somebody who crossed into it just as it was left: the page is told of the wrong
    // server.
    EXPECT_LE(fleet.resumed, 1U) << story(fleet);
}

TEST(Member, ADrainedServersPlayersGoToOneThatHadNothing) {
    Fleet fleet(8, 3, {}, 2);
    fleet.run(30 * second);
    fleet.populate();
    fleet.run(2 * second);
    const auto held = [](const auto& one) { return one.second->member.statistics().regions; };
    const auto full = std::ranges::find(fleet.servers, 1U, held);
    const auto empty = std::ranges::find(fleet.servers, 0U, held);
    ASSERT_TRUE(full != fleet.servers.end() && empty != fleet.servers.end());
    fleet.drain(full->first);
    fleet.run(20 * second);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
    EXPECT_EQ(held(*full), 0U);
    EXPECT_EQ(held(*empty), 1U);
    EXPECT_LE(fleet.resumed, 1U) << story(fleet);
}

TEST(Member, AServersPlayersAreTakenOverFromItsCopiesWhenItIsKilled) {
    Fleet fleet = populated(6);
    fleet.run(2 * second);
    const auto fullest = std::ranges::max_element(
        fleet.servers, {}, [](const auto& one) { return one.second->member.statistics().own; });
    ASSERT_GT(fullest->second->member.statistics().own, 3U);
    fleet.kill(std::string(fullest->first));
    const auto plays_again = [&fleet] {
        return std::ranges::none_of(fleet.pages,
                                    [](const Page& page) { return page.active.empty(); });
    };
    std::uint32_t waited = 0;
    while (!plays_again() && waited < 10 * second) {
        fleet.tick();
        ASSERT_EQ(fleet.wrong(false), "") << story(fleet);
        ++waited;
    }
    EXPECT_LT(waited, 3 * second) << story(fleet);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
}

TEST(Member, AfterAPartitionAllAgreeAgain) {
    Fleet fleet = populated(7);
    fleet.cut_off("s3");
    fleet.run(8 * second);
    fleet.heal();
    fleet.run(10 * second);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
}

TEST(Member, HoldsItsPromisesWhateverHappens) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        SCOPED_TRACE(seed);
        const auto outcome = simulation::play_out(seed);
        EXPECT_EQ(outcome.wrong, "");
        EXPECT_GT(outcome.crossings, 20U);
    }
}

}  // namespace
}  // namespace muster::mesh
