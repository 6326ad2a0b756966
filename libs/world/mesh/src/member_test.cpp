#include "muster/mesh/member.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "land.hpp"
#include "post.hpp"
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

/// Runs until somebody of that server's own is no more: it has crossed.
sim::PlayerId run_until_one_departs(Fleet& fleet, const std::string& name) {
    for (std::uint32_t i = 0; i < 60 * second; ++i) {
        std::vector<sim::PlayerId> before;
        for (const Page& page : fleet.pages) {
            if (fleet.find(name)->member.owns(page.player)) before.push_back(page.player);
        }
        fleet.tick();
        for (const sim::PlayerId id : before) {
            if (!fleet.find(name)->member.owns(id)) return id;
        }
    }
    return sim::no_player;
}

TEST(Member, WhoIsUnderWayWhenItsServerIsKilledIsGoneOnWithFromTheCopy) {
    Fleet fleet = populated(11);
    std::size_t lost = 0;
    fleet.loses = [&lost](const std::string& from, std::string_view, const Message& message) {
        const bool is_lost = from == "s1" && std::holds_alternative<Parcel>(message.body);
        lost += is_lost ? 1 : 0;
        return is_lost;
    };
    const sim::PlayerId gone = run_until_one_departs(fleet, "s1");
    ASSERT_NE(gone, sim::no_player);
    // It is in the copies that are made from now on as one who has left.
    fleet.run(40);
    ASSERT_TRUE(fleet.owners_of(gone).empty());
    ASSERT_GT(lost, 0U);
    fleet.kill("s1");
    fleet.loses = {};
    fleet.run(10 * second);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
}

TEST(Member, ARegionIsReleasedOnlyWhenTheSuccessorHasEverybodyOfIt) {
    Fleet fleet = populated(12);
    fleet.loses = [](const std::string& from, std::string_view, const Message& message) {
        return from == "s1" && std::holds_alternative<Parcel>(message.body);
    };
    fleet.drain("s1");
    fleet.run(6 * second);
    ASSERT_EQ(fleet.find("s1")->member.statistics().own, 0U) << "all have gone";
    EXPECT_EQ(fleet.find("s1")->member.statistics().regions, 1U) << "and none has come";
    fleet.kill("s1");
    fleet.loses = {};
    fleet.run(10 * second);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
}

TEST(Member, WhoseSuccessorIsKilledBeforeTheRegionIsItsComesBack) {
    Fleet fleet = populated(13);
    fleet.rest();
    std::set<std::string> to;
    // Nobody hears that the letters came.
    fleet.loses = [&to](const std::string& from, std::string_view subject, const Message& message) {
        const bool is_to = subject == "muster.w.to.s1" && from != "s1" &&
                           std::holds_alternative<Parcel>(message.body);
        if (const auto* parcel = std::get_if<Parcel>(&message.body)) {
            for (const Letter& letter : parcel->letters) {
                if (from == "s1" && std::holds_alternative<Crossing>(letter)) {
                    to.insert(std::string(subject.substr(subject.rfind('.') + 1)));
                }
            }
        }
        return is_to;
    };
    // Nobody goes anywhere but to the successor.
    fleet.pages_walk = false;
    fleet.drain("s1");
    while (fleet.find("s1")->member.statistics().own > 0) fleet.tick();
    fleet.run(5);
    ASSERT_EQ(to.size(), 1U);
    EXPECT_EQ(fleet.find("s1")->member.statistics().regions, 1U);
    fleet.kill(*to.begin());
    fleet.loses = {};
    fleet.run(20 * second);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
}

TEST(Member, WhoWalksFromOneRegionToAnotherOfItsServerIsCopiedWithBothForAWhile) {
    Fleet fleet(14, 3, {});
    fleet.run(30 * second);
    fleet.populate();
    fleet.run(2 * second);
    const auto two = std::ranges::find_if(fleet.servers, [](const auto& one) {
        return one.second->member.statistics().regions == 2;
    });
    ASSERT_NE(two, fleet.servers.end());
    const std::string name(two->first);
    // In which copy each was last, and the copies that are lost: of where somebody has come to.
    std::map<sim::PlayerId, std::uint64_t> where;
    std::uint64_t lost = 0, left = 0;
    bool is_told = false;
    fleet.loses = [&](const std::string& from, std::string_view, const Message& message) {
        const auto* copy = std::get_if<Copy>(&message.body);
        if (from != name || copy == nullptr) return false;
        for (const Traveller& one : copy->players) {
            const auto id = sim::Record::decode(one.record).value().id;
            const auto before = std::exchange(where[id], one.is_spare ? where[id] : copy->region);
            if (lost == 0 && !one.is_spare && before != 0 && before != copy->region) {
                lost = copy->region;
                left = before;
            }
        }
        is_told = is_told || (lost != 0 && copy->region == left);
        return lost != 0 && copy->region == lost;
    };
    for (std::uint32_t i = 0; i < 120 * second && !is_told; ++i) fleet.tick();
    ASSERT_TRUE(is_told) << "nobody walked";
    fleet.run(10);
    fleet.kill(name);
    fleet.loses = {};
    fleet.run(10 * second);
    fleet.rest();
    EXPECT_EQ(fleet.wrong(true), "") << story(fleet);
}

TEST(Member, WhoIsBeyondAllRegionsOfItsServerIsOfTheNearest) {
    Land land({{0, 0}, {400 * sim::unit, 100 * sim::unit}});
    std::map<territory::RegionId, territory::Holdings::Held> held;
    held[1].grant = {.region = 1, .area = {0, 0, 100, 100}};
    held[2].grant = {.region = 2, .area = {300, 0, 400, 100}};
    land.set(held, "s");
    EXPECT_EQ(land.place_of({50 * sim::unit, 50 * sim::unit}), 0U);
    EXPECT_EQ(land.place_of({120 * sim::unit, 50 * sim::unit}), 0U);
    EXPECT_EQ(land.place_of({290 * sim::unit, 50 * sim::unit}), 1U);
    EXPECT_EQ(land.place_of({350 * sim::unit, 50 * sim::unit}), 1U);
}

TEST(Member, AnOwnPlayerThatComesOnceMoreWithALaterHopStaysAndSaysSo) {
    Fleet fleet = populated(15);
    auto& server = *fleet.find("s2");
    const auto own = std::ranges::find_if(
        fleet.pages, [&server](const Page& page) { return server.member.owns(page.player); });
    ASSERT_NE(own, fleet.pages.end());
    // Somebody who went on with the player, too, gives it to its owner.
    Post post(99);
    std::vector<Crossed> answers;
    fleet.loses = [&](const std::string& from, std::string_view subject, const Message& message) {
        if (from != "s2" || subject != "muster.w.to.x") return false;
        static_cast<void>(post.heard("s2", message.life, fleet.now()));
        const auto* parcel = std::get_if<Parcel>(&message.body);
        if (parcel == nullptr) return true;
        for (Letter& letter : post.take("s2", message.life, Parcel(*parcel), fleet.now())) {
            if (const auto* crossed = std::get_if<Crossed>(&letter)) answers.push_back(*crossed);
        }
        return true;
    };
    constexpr Hop later = 40;
    const auto record = server.world.copy(own->player);
    ASSERT_TRUE(record);
    ASSERT_TRUE(post.send("s2", Crossing{{.hop = later, .record = record->encode()}}));
    for (std::uint32_t i = 0; i < 2 * second && answers.empty(); ++i) {
        post.flush(fleet.now(), [&](std::string_view, Parcel&& parcel) {
            server.member.received(encode({"x", 99, std::move(parcel)}), fleet.now());
        });
        fleet.tick();
    }
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0].adopted);
    EXPECT_EQ(answers[0].hop, later);
    // The one of the two that others would believe.
    fleet.loses = {};
    fleet.run(2 * second);
    EXPECT_EQ(fleet.owners_of(own->player).size(), 1U);
    EXPECT_EQ(fleet.wrong(false), "") << story(fleet);
}

TEST(Member, PlaysOnOverARestartOfTheCoordinator) {
    Fleet fleet = populated(16);
    for (const std::uint32_t away : {second / 2, 4 * second}) {
        fleet.restart_coordinator(away);
        for (std::uint32_t i = 0; i < 10 * second; ++i) {
            fleet.tick();
            ASSERT_EQ(fleet.wrong(false), "") << story(fleet);
        }
    }
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
