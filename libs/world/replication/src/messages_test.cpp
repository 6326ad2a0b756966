// Goal: each control message is verified by its reader and says what the world is.
#include "muster/replication/messages.hpp"

#include <gtest/gtest.h>

#include <array>

#include "crowd.hpp"
#include "game_generated.h"
#include "muster/protocol/protocol.hpp"
#include "muster/replication/mirror.hpp"

namespace muster::replication {
namespace {

const protocol::Message& read(const Bytes& bytes) {
    const auto message = protocol::read_from_world(bytes);
    EXPECT_TRUE(message.has_value()) << message.error().message;
    return **message;
}

TEST(Messages, WelcomeHasTheWholeMap) {
    Crowd crowd(10, 1);
    for (int n = 0; n < 100; ++n) crowd.step();
    const auto bytes = write_welcome(crowd.world, {}, 4, {.world = "arena", .resume = "secret"});
    const auto& welcome = *read(bytes).body_as_Welcome();
    EXPECT_EQ(welcome.protocol_version(), protocol::version);
    EXPECT_EQ(welcome.player(), 4);
    EXPECT_EQ(welcome.name()->str(), crowd.world.name_of(4));
    EXPECT_EQ(welcome.width(), 1600.0F);
    EXPECT_EQ(welcome.view(), 600.0F);
    EXPECT_EQ(welcome.left(), -800.0F);
    ASSERT_EQ(welcome.walls()->size(), crowd.world.map().walls.size());
    ASSERT_EQ(welcome.pickups()->size(), crowd.world.map().pickups.size());
    EXPECT_EQ(welcome.walls()->Get(0)->health(), crowd.world.walls()[0].health);
    // A position comes back within half a step.
    Frame frame(crowd.world, {});
    frame.build(crowd.world);
    ASSERT_FALSE(frame.entities().empty());
    for (const auto& record : frame.entities()) {
        const auto at = crowd.world.players()[record.id].at;
        EXPECT_NEAR(welcome.left() + static_cast<float>(record.x) * welcome.step(),
                    static_cast<float>(at.x) / 256.0F, welcome.step() / 2);
    }
    Mirror mirror;
    ASSERT_TRUE(mirror.receive(bytes).has_value());
    EXPECT_TRUE(mirror.welcomed());
    EXPECT_EQ(mirror.player(), 4);
    EXPECT_EQ(mirror.resume(), "secret");
}

TEST(Messages, NewsAreOfTheLastStepAndForEverybody) {
    Crowd crowd(10, 1);
    std::size_t written = 0;
    for (int n = 0; n < 300; ++n) {
        crowd.step();
        std::size_t events = 0;
        for (const auto& event : crowd.world.events())
            events += sim::is_for_everybody(event.kind) ? 1U : 0U;
        const auto news = news_of(crowd.world);
        ASSERT_EQ(news.size(), events);
        if (events == 0) continue;
        const auto bytes = write_news(news);
        ASSERT_EQ(read(bytes).body_as_Newspaper()->news()->size(), events);
        written += events;
    }
    EXPECT_GT(written, 0U);
}

TEST(Messages, MatchChatAndNoticeAreRead) {
    Crowd crowd(4, 1);
    crowd.step();
    const auto match = write_match(crowd.world);
    EXPECT_EQ(read(match).body_as_MatchState()->clock()->number(), crowd.world.match().number);
    const auto chat =
        write_chat(crowd.world, 2, "hello", {.scope = 4, .whom = 1, .whom_name = "Bo"});
    EXPECT_EQ(read(chat).body_as_Chat()->to(), protocol::Scope::person);
    EXPECT_EQ(read(chat).body_as_Chat()->whom_name()->str(), "Bo");
    EXPECT_EQ(read(chat).body_as_Chat()->text()->str(), "hello");
    EXPECT_EQ(read(chat).body_as_Chat()->name()->str(), crowd.world.name_of(2));
    const auto notice = write_notice(5, "The world stops.", 30);
    EXPECT_EQ(read(notice).body_as_Notice()->kind(), protocol::NoticeKind::stopping);
}

TEST(Messages, WhatAPlayerSaysIsReadByTheWorld) {
    const std::vector<InputStep> steps(20,
                                       InputStep{.aim = 5, .buttons = 16, .slot = 2, .seen = 6});
    const auto inputs = write_inputs(90, 70, 5, steps);
    const auto message = protocol::read_from_player(inputs);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ((*message)->body_as_Inputs()->steps()->size(), protocol::steps_max);
    EXPECT_EQ((*message)->body_as_Inputs()->sequence(), 90U);
    for (const auto& bytes :
         {write_ping(7), write_say("hello"), write_party("x"), write_bye(), write_custom(20, {})})
        EXPECT_TRUE(protocol::read_from_player(bytes).has_value());
}

}  // namespace
}  // namespace muster::replication
