#include "newsroom.hpp"

#include <gtest/gtest.h>

#include "game_generated.h"
#include "muster/protocol/protocol.hpp"

namespace muster::host {
namespace {

std::size_t items(const replication::Bytes& bytes) {
    if (bytes.empty()) return 0;
    const auto message = protocol::read_from_world(bytes);
    EXPECT_TRUE(message);
    return (*message)->body_as_Newspaper()->news()->size();
}

sim::World crowded(std::uint16_t players) {
    sim::Rules rules;
    rules.mode = sim::Mode::free_for_all;
    rules.players_max = players;
    return sim::World(sim::classic_arena(1), rules, 1);
}

TEST(Newsroom, GathersSeveralTicksIntoOneMessage) {
    sim::World world = crowded(8);
    Newsroom newsroom;
    std::size_t messages = 0;
    std::size_t told = 0;
    for (int n = 0; n < 8; ++n) {
        const auto player = world.join({.name = "somebody"});
        ASSERT_TRUE(player);
        world.step();
        newsroom.gather(world);
        newsroom.opened(*player);
        const auto issue = newsroom.publish(world);
        messages += issue.for_all.empty() ? 0 : 1;
        told += items(issue.for_all);
    }
    EXPECT_EQ(messages, 2U);
    EXPECT_EQ(told, 9U) << "eight came, and the match began";
}

TEST(Newsroom, SaysNothingOfPeopleWhoseConnectionNeverCame) {
    sim::World world = crowded(8);
    Newsroom newsroom;
    const auto player = world.join({.name = "buy gold"});
    ASSERT_TRUE(player);
    std::size_t told = 0;
    for (int n = 0; n < 12; ++n) {
        if (n == 6) world.leave(*player);
        world.step();
        newsroom.gather(world);
        told += items(newsroom.publish(world).for_all);
    }
    EXPECT_EQ(told, 1U) << "the match began";
}

TEST(Newsroom, AStormOfComersIsToldOnlyAsFastAsPeopleRead) {
    sim::World world = crowded(200);
    Newsroom newsroom;
    std::size_t told = 0;
    for (int second = 0; second < 4; ++second) {
        for (int n = 0; n < 50; ++n) ASSERT_TRUE(world.join({.name = "somebody", .bot = true}));
        for (sim::Tick tick = 0; tick < sim::tick_rate; ++tick) {
            world.step();
            newsroom.gather(world);
            told += items(newsroom.publish(world).for_all);
        }
    }
    EXPECT_GE(told, 10U);
    EXPECT_LE(told, 10U + 4 * 10 + 2);
}

// Everybody fires all the time; whoever dies is to hear of it, on one way or the other.
TEST(Newsroom, AKillIsAlwaysToldToThoseWhoHadAPartInIt) {
    sim::World world = crowded(150);
    Newsroom newsroom;
    for (int n = 0; n < 150; ++n) ASSERT_TRUE(world.join({.name = "somebody"}));
    std::size_t kills = 0, to_all = 0, to_some = 0;
    const auto count = [](const replication::Bytes& bytes) {
        std::size_t found = 0;
        if (bytes.empty()) return found;
        const auto message = protocol::read_from_world(bytes);
        for (const auto* news : *(*message)->body_as_Newspaper()->news())
            found += news->fact() == protocol::Fact::killed ? 1U : 0U;
        return found;
    };
    for (std::uint32_t tick = 1; tick < 2'401; ++tick) {
        for (const sim::PlayerId id : world.present()) {
            const auto aim = static_cast<sim::Angle>(id * 977U + tick * 131U);
            world.submit(id, {.sequence = tick, .aim = aim, .buttons = sim::Input::fire});
        }
        world.step();
        for (const auto& event : world.events())
            kills += event.kind == sim::Event::Kind::killed ? 1U : 0U;
        newsroom.gather(world);
        const auto issue = newsroom.publish(world);
        to_all += count(issue.for_all);
        for (const auto& [player, bytes] : issue.personal) to_some += count(*bytes);
    }
    ASSERT_GT(kills, to_all) << "there must be more than are told to all, or this tests nothing";
    EXPECT_EQ(to_some, 2 * (kills - to_all));
}

}  // namespace
}  // namespace muster::host
