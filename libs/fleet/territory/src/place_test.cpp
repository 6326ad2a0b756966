#include "coordinator_fixture.hpp"

namespace muster::territory {
namespace {

using Places = Coordinator;

TEST_F(Places, APlayerGoesToARegionWithRoomOrToTheOneOfItsPoint) {
    declare(2);
    come("one");
    const auto any = find_place(*state, now, "plain");
    ASSERT_TRUE(any);
    EXPECT_EQ(any->server, "one");
    const auto there = find_place(*state, now, "plain", Point{399, 199});
    ASSERT_TRUE(there);
    EXPECT_EQ(there->region, at(1).region);
    EXPECT_EQ(there->epoch, at(1).epoch);
}

TEST_F(Places, AFullWorldIsRefusedWithAlternativesAndHowFullTheyAre) {
    come("one", 10, {"plain"});
    come("two", 50, {"hills"});
    declare();
    declare(1, "hills");
    players[at(1).region] = 10;
    players[at(0).region] = 20;
    hear("one");
    hear("two");
    const auto place = find_place(*state, now, "plain");
    ASSERT_FALSE(place);
    EXPECT_EQ(place.error().error.code, Errc::exhausted);
    EXPECT_NE(place.error().error.message.find("full"), std::string::npos);
    EXPECT_EQ(place.error().alternatives, (std::vector<Alternative>{{"hills", "two", 20, 50}}));
}

TEST_F(Places, AWorldWithoutAServerSaysSo) {
    declare();
    const auto place = find_place(*state, now, "plain");
    ASSERT_FALSE(place);
    EXPECT_EQ(place.error().error.code, Errc::unavailable);
    EXPECT_EQ(find_place(*state, now, "sea").error().error.code, Errc::not_found);
    EXPECT_EQ(find_place(*state, now, "plain", Point{-1, 0}).error().error.field, "at");
}

TEST_F(Places, NobodyIsSentToAServerThatIsOutOfContactOrAboutToBeEmpty) {
    declare();
    come("one");
    tell(AskDrain{"one"});
    EXPECT_FALSE(find_place(*state, now, "plain"));
    tell(EndDrain{"one"});
    EXPECT_TRUE(find_place(*state, now, "plain"));
    now += config.contact + milliseconds(1);
    EXPECT_FALSE(find_place(*state, now, "plain"));
}

}  // namespace
}  // namespace muster::territory
