// Goal: a program in C plays in a real world by the functions of the header alone.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "testing/stage.hpp"

namespace muster::sdk {
namespace {

using ::testing::AllOf;
using testing::Arena;
using ::testing::Contains;
using testing::Game;
using ::testing::HasSubstr;

TEST(ClientAbi, AProgramJoinsSeesTheWorldAndWalks) {
    const Arena arena;
    Game game(arena.url());
    game.join("Anna");
    ASSERT_TRUE(game.until_playing()) << game.why;
    ASSERT_EQ(game.welcomes.size(), 1);
    const auto& welcome = game.welcomes.front();
    EXPECT_EQ(welcome.world, "arena");
    EXPECT_EQ(welcome.name, "Anna");
    EXPECT_EQ(welcome.why, MUSTER_CLIENT_JOINED);
    ASSERT_TRUE(game.until([&] { return game.own.state & MUSTER_CLIENT_STATE_ALIVE; }));
    EXPECT_GE(game.own.x, welcome.left);
    EXPECT_LE(game.own.x, welcome.left + welcome.width);

    const auto x = game.own.x;
    const auto y = game.own.y;
    muster_client_input input = MUSTER_CLIENT_INPUT_INIT;
    std::uint32_t turns = 0;
    // Some way is free of walls.
    game.on_turn = [&] {
        constexpr std::uint32_t ways[] = {MUSTER_CLIENT_BUTTON_UP, MUSTER_CLIENT_BUTTON_RIGHT,
                                          MUSTER_CLIENT_BUTTON_DOWN, MUSTER_CLIENT_BUTTON_LEFT};
        input.buttons = ways[turns++ / 30 % 4];
        EXPECT_EQ(muster_client_set_input(game.client, &input), MUSTER_CLIENT_OK);
    };
    EXPECT_TRUE(game.until([&] { return std::hypot(game.own.x - x, game.own.y - y) > 10; }));
    EXPECT_GT(game.acknowledged, 0);
    EXPECT_GE(game.sent, game.acknowledged);
    EXPECT_TRUE(game.until([&] { return !game.entities.empty() && !game.people.empty(); }));
    for (const auto& one : game.entities) {
        EXPECT_NE(one.id, welcome.player) << "others only";
        EXPECT_GE(one.x, welcome.left);
        EXPECT_LE(one.y, welcome.top + welcome.height);
    }
}

TEST(ClientAbi, WhatIsSaidAndSentComesBack) {
    const Arena arena;
    Game game(arena.url());
    EXPECT_EQ(muster_client_say(game.client, "too soon", 0), MUSTER_CLIENT_NOT_PLAYING);
    game.join("Anna", "arena");
    ASSERT_TRUE(game.until_playing());
    EXPECT_EQ(muster_client_say(game.client, "hello", 0), MUSTER_CLIENT_OK);
    EXPECT_EQ(muster_client_send_custom(game.client, 20, "abc", 3), MUSTER_CLIENT_OK);
    EXPECT_TRUE(game.until([&] { return !game.chats.empty() && !game.customs.empty(); }));
    EXPECT_THAT(game.chats, Contains("Anna: hello"));
    EXPECT_THAT(game.customs, Contains("20 abc"));
}

TEST(ClientAbi, WhoLeavesIsGoneAtOnceAndMayJoinAgain) {
    Arena arena;
    Game game(arena.url());
    game.join("Anna");
    ASSERT_TRUE(game.until_playing());
    EXPECT_EQ(arena.server().statistics().worlds.front().people, 1);
    EXPECT_EQ(muster_client_leave(game.client), MUSTER_CLIENT_OK);
    ASSERT_TRUE(game.until([&] { return game.code >= 0; }));
    EXPECT_EQ(game.code, MUSTER_CLIENT_LEFT);
    EXPECT_TRUE(game.until([&] { return arena.server().statistics().worlds.front().people == 0; }));
    game.snapshots = 0;
    game.join("Anna again");
    EXPECT_TRUE(game.until_playing());
    EXPECT_EQ(game.welcomes.back().name, "Anna again");
    EXPECT_EQ(game.welcomes.back().why, MUSTER_CLIENT_JOINED);
}

TEST(ClientAbi, TwoHandlesOfAProcessSeeEachOther) {
    const Arena arena;
    Game anna(arena.url());
    Game bert(arena.url());
    anna.join("Anna");
    bert.join("Bert");
    ASSERT_TRUE(anna.until_playing());
    ASSERT_TRUE(bert.until_playing());
    EXPECT_NE(anna.welcomes.front().player, bert.welcomes.front().player);
    EXPECT_EQ(muster_client_say(bert.client, "I am Bert", 0), MUSTER_CLIENT_OK);
    EXPECT_TRUE(anna.until(
        [&] { return std::ranges::find(anna.chats, "Bert: I am Bert") != anna.chats.end(); }));
}

TEST(ClientAbi, ATicketOfAnEarlierProgramBringsItsPlayerBack) {
    const Arena arena;
    std::string ticket(256, '\0');
    std::uint16_t player = 0;
    Game first(arena.url());
    first.join("Anna");
    ASSERT_TRUE(first.until_playing());
    player = first.welcomes.front().player;
    ticket.resize(muster_client_ticket(first.client, ticket.data(), ticket.size()));
    ASSERT_FALSE(ticket.empty());
    Game second(arena.url());
    second.join("Anna", nullptr, ticket.c_str());
    ASSERT_TRUE(second.until_playing());
    EXPECT_EQ(second.welcomes.front().player, player);
    ASSERT_TRUE(first.until([&] { return first.code >= 0; }));
    EXPECT_EQ(first.code, MUSTER_CLIENT_REPLACED) << first.why;
}

TEST(ClientAbi, WorldsAreListedAndAWrongOneIsAnErrorInWords) {
    const Arena arena;
    Game game(arena.url());
    std::string listed;
    std::int32_t failed = 0;
    game.on_event = [&](const muster_client_event& event) {
        if (event.kind == MUSTER_CLIENT_EVENT_WORLDS && event.of.worlds->count == 1)
            listed = event.of.worlds->worlds[0].name;
        if (event.kind == MUSTER_CLIENT_EVENT_FAILED) failed = event.of.failed->code;
    };
    EXPECT_EQ(muster_client_list_worlds(game.client), MUSTER_CLIENT_OK);
    EXPECT_TRUE(game.until([&] { return listed == "arena"; }));
    EXPECT_EQ(muster_client_list_servers(game.client), MUSTER_CLIENT_OK);
    EXPECT_TRUE(game.until([&] { return failed == MUSTER_CLIENT_NOT_FOUND; }))
        << "a world server alone has no list of servers";
    game.join("Anna", "atlantis");
    ASSERT_TRUE(game.until([&] { return game.code >= 0; }));
    EXPECT_EQ(game.code, MUSTER_CLIENT_NOT_FOUND);
    EXPECT_THAT(game.why, HasSubstr("404"));
    char message[8] = "";
    EXPECT_GT(muster_client_error(game.client, message, sizeof message), sizeof message);
    EXPECT_EQ(std::string(message), game.why.substr(0, 7));
}

TEST(ClientAbi, NobodyThereIsUnreachable) {
    Game game("http://127.0.0.1:1");
    game.join("Anna", "arena");
    ASSERT_TRUE(game.until([&] { return game.code >= 0; }));
    EXPECT_EQ(game.code, MUSTER_CLIENT_UNREACHABLE);
    EXPECT_FALSE(game.why.empty());
}

TEST(ClientAbi, WhatIsWrongIsRefusedAtOnce) {
    EXPECT_EQ(muster_client_abi(), MUSTER_CLIENT_ABI);
    char message[256] = "";
    std::int32_t code = -1;
    muster_client_options options = MUSTER_CLIENT_OPTIONS_INIT;
    EXPECT_EQ(muster_client_open(nullptr, &code, nullptr, 0), nullptr);
    EXPECT_EQ(code, MUSTER_CLIENT_INVALID);
    EXPECT_EQ(muster_client_open(&options, &code, message, sizeof message), nullptr) << "no url";
    EXPECT_EQ(code, MUSTER_CLIENT_INVALID);
    options.url = "gopher://example";
    EXPECT_EQ(muster_client_open(&options, &code, message, sizeof message), nullptr);
    EXPECT_EQ(code, MUSTER_CLIENT_INVALID);
    EXPECT_THAT(message, HasSubstr("url"));
    options.url = "http://127.0.0.1:1";
    options.abi = MUSTER_CLIENT_ABI + 1;
    EXPECT_EQ(muster_client_open(&options, &code, message, sizeof message), nullptr);
    EXPECT_EQ(code, MUSTER_CLIENT_WRONG_ABI);
    EXPECT_THAT(message, AllOf(HasSubstr("version 2"), HasSubstr("version 1")));

    const Game game("http://127.0.0.1:1");
    muster_client_input input = MUSTER_CLIENT_INPUT_INIT;
    input.slot = 6;
    EXPECT_EQ(muster_client_set_input(game.client, &input), MUSTER_CLIENT_INVALID);
    muster_client_join_options wish = MUSTER_CLIENT_JOIN_OPTIONS_INIT;
    wish.size = 8;
    EXPECT_EQ(muster_client_join(game.client, &wish), MUSTER_CLIENT_INVALID);
    wish.size = sizeof wish;
    wish.name = "\xff";
    EXPECT_EQ(muster_client_join(game.client, &wish), MUSTER_CLIENT_INVALID);
    const std::string long_text(MUSTER_CLIENT_TEXT_MAX + 1, 'a');
    EXPECT_EQ(muster_client_say(game.client, long_text.c_str(), 0), MUSTER_CLIENT_INVALID);
    EXPECT_EQ(muster_client_send_custom(game.client, 256, "", 0), MUSTER_CLIENT_INVALID);
    EXPECT_EQ(muster_client_send_custom(game.client, 1, nullptr, 1), MUSTER_CLIENT_INVALID);
    EXPECT_EQ(muster_client_leave(nullptr), MUSTER_CLIENT_INVALID);
    EXPECT_EQ(muster_client_poll(nullptr, 0), nullptr);
    EXPECT_STREQ(muster_client_code_name(MUSTER_CLIENT_INTERNAL), "internal");
    EXPECT_STREQ(muster_client_code_name(-1), "unknown");
}

TEST(ClientAbi, AProgramLoadsItByNameAndSeesNothingOfItsInside) {
    void* library = dlopen(MUSTER_CLIENT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    const auto abi = reinterpret_cast<std::uint32_t (*)()>(dlsym(library, "muster_client_abi"));
    ASSERT_NE(abi, nullptr);
    EXPECT_EQ(abi(), MUSTER_CLIENT_ABI);
    dlclose(library);
}

}  // namespace
}  // namespace muster::sdk
