// Goal: those who run a world reach its people, and can end the stay of one.
#include <gtest/gtest.h>

#include <future>

#include "testing/stand.hpp"

namespace muster::host {
namespace {

using testing::Player;
using testing::Stand;
using namespace std::chrono_literals;

template <typename Value>
Result<Value> wait_for(std::future<Result<Value>> future) {
    if (future.wait_for(5s) != std::future_status::ready) return fail(Errc::timeout, "no answer");
    return future.get();
}

Result<PersonFacts> kick(Stand& stand, Kick wish, std::string_view world = "room") {
    const auto answer = std::make_shared<std::promise<Result<PersonFacts>>>();
    stand.server->kick(world, std::move(wish),
                       [answer](Result<PersonFacts> got) { answer->set_value(std::move(got)); });
    return wait_for(answer->get_future());
}

Result<std::vector<PersonFacts>> people(Stand& stand, std::string_view world = "room") {
    const auto answer = std::make_shared<std::promise<Result<std::vector<PersonFacts>>>>();
    stand.server->people(world, [answer](auto got) { answer->set_value(std::move(got)); });
    return wait_for(answer->get_future());
}

TEST(Orders, AnAnnouncementReachesEverybody) {
    Stand stand;
    Player& anna = stand.join({.name = "Anna"});
    Player& bert = stand.join({.name = "Bert"});
    ASSERT_TRUE(stand.until([&] { return anna.mirror().welcomed() && bert.mirror().welcomed(); }));
    ASSERT_TRUE(stand.server->announce("room", "We stop at eight.\n"));
    EXPECT_TRUE(stand.until([&] { return anna.chats().size() == 1 && bert.chats().size() == 1; }));
    EXPECT_EQ(anna.chats().front(), ": We stop at eight.");
    const auto nowhere = stand.server->announce("hall", "x");
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, Errc::not_found);
    for (const std::string& bad : {std::string(), std::string(401, 'x'), std::string("\xff")}) {
        const auto refused = stand.server->announce("room", bad);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().field, "text");
    }
}

TEST(Orders, WhoIsKickedIsToldWhyAndTheTicketIsNoGood) {
    Stand stand;
    Player& anna = stand.join({.name = "Anna"});
    const Joined joined = stand.joined;
    Player& bert = stand.join({.name = "Bert"});
    ASSERT_TRUE(stand.until([&] { return anna.mirror().welcomed() && bert.mirror().welcomed(); }));
    const auto there = people(stand);
    ASSERT_TRUE(there);
    ASSERT_EQ(there->size(), 2);
    EXPECT_EQ((*there)[0].name, "Anna");
    EXPECT_FALSE((*there)[0].is_away);
    const auto kicked = kick(stand, {.name = "Anna", .reason = "Enough."});
    ASSERT_TRUE(kicked) << kicked.error().message;
    EXPECT_EQ(kicked->id, joined.player);
    ASSERT_TRUE(stand.until([&] { return anna.is_closed(); }));
    ASSERT_FALSE(anna.notices().empty());
    EXPECT_EQ(anna.notices().back(), "kicked");
    EXPECT_EQ(anna.notice(), "Enough.");
    EXPECT_TRUE(stand.until([&] { return stand.world().people == 1; }));
    stand.join({.name = "Anna", .resume = joined.ticket});
    EXPECT_EQ(stand.statistics().resumed, 0);
    EXPECT_FALSE(bert.is_closed());
}

TEST(Orders, ToKickNeedsOneWhoIsThere) {
    Stand stand;
    stand.join({.name = "Twin"});
    const sim::PlayerId first = stand.joined.player;
    stand.join({.name = "Twin"});
    EXPECT_EQ(kick(stand, {.name = "Anna"}).error().code, Errc::not_found);
    EXPECT_EQ(kick(stand, {.player = 60'000}).error().code, Errc::not_found);
    EXPECT_EQ(kick(stand, {.player = first, .name = "Anna"}).error().code, Errc::not_found);
    EXPECT_EQ(kick(stand, {.name = "Twin"}).error().code, Errc::conflict);
    EXPECT_EQ(kick(stand, {.name = "Twin"}, "hall").error().field, "world");
    EXPECT_EQ(kick(stand, {.player = first, .reason = std::string(201, 'x')}).error().field,
              "reason");
    const auto gone = kick(stand, {.player = first});
    EXPECT_TRUE(gone);
    EXPECT_TRUE(kick(stand, {.name = "Twin"})) << "there is one left";
    EXPECT_TRUE(people(stand).value().empty());
    EXPECT_FALSE(people(stand, "hall"));
}

}  // namespace
}  // namespace muster::host
