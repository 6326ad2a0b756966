#include "muster/client/patience.hpp"

#include <gtest/gtest.h>

namespace muster::client {
namespace {

using namespace std::chrono_literals;

Patience with(std::uint8_t rate) {
    Patience patience;
    patience.begin("a", 100s);
    patience.told(rate);
    patience.message(100s);
    return patience;
}

TEST(Patience, IsShortWithAServerThatWasQuickUntilItFellSilent) {
    Patience patience = with(30);
    for (Instant now = 100s; now <= 160s; now += 33ms) patience.message(now);
    patience.message(160s);
    EXPECT_FALSE(patience.is_over(160s + Patience::shortest));
    EXPECT_TRUE(patience.is_over(160s + Patience::shortest + 1us));
}

TEST(Patience, FollowsTheRateThatTheServerTold) {
    EXPECT_EQ(with(60).limit(100s), 1'500ms);
    EXPECT_EQ(with(10).limit(100s), 2s);
    EXPECT_EQ(with(5).limit(100s), 4s);
    EXPECT_EQ(with(1).limit(100s), 5s);
    EXPECT_EQ(with(0).limit(100s), 1'500ms);
}

TEST(Patience, GrowsWithSilencesThatEndedByThemselvesAndForgetsThem) {
    Patience patience = with(30);
    patience.message(101'200ms);
    patience.message(101'250ms);
    EXPECT_EQ(patience.limit(101'250ms), 2'400ms);
    EXPECT_EQ(patience.limit(116'300ms), 1'500ms);
}

TEST(Patience, DatagramsSpeakForAServerForFiveSeconds) {
    Patience patience = with(30);
    for (Instant now = 100s; now < 104'900ms; now += 100ms) {
        patience.datagram(now);
        ASSERT_FALSE(patience.is_over(now)) << now.count();
    }
    EXPECT_FALSE(patience.is_over(105s));
    EXPECT_TRUE(patience.is_over(105'001ms));
    Patience other = with(30);
    other.datagram(101s);
    EXPECT_FALSE(other.is_over(102'400ms));
    EXPECT_TRUE(other.is_over(102'501ms));
}

TEST(Patience, DoublesWheneverTheServerWasLeftInVainForAMinute) {
    Patience patience = with(30);
    EXPECT_EQ(patience.limit(100s), 1'500ms);
    for (const auto limit : {3'000ms, 5'000ms, 5'000ms}) {
        patience.left();
        patience.begin("a", 101s);
        EXPECT_EQ(patience.limit(101s), limit);
    }
    EXPECT_EQ(patience.strikes(101s), 2);
    patience.begin("a", 102s);
    EXPECT_EQ(patience.strikes(102s), 2) << "it broke, and was not silent";
    EXPECT_EQ(patience.limit(162s), 1'500ms);
}

TEST(Patience, DoesNotTakeAHandshakeForAGap) {
    Patience patience;
    patience.begin("a", 100s);
    patience.message(103s);
    EXPECT_EQ(patience.limit(103s), 1'500ms);
}

TEST(Patience, KnowsAServerByItsCertificate) {
    EXPECT_EQ(fingerprint_of("v=0\r\na=fingerprint:sha-256 AA:BB\r\na=setup:passive\r\n"),
              "sha-256 AA:BB");
    EXPECT_EQ(fingerprint_of("a=fingerprint:x"), "x");
    EXPECT_EQ(fingerprint_of("v=0\r\n"), "");
}

TEST(Patience, ForgetsWhatItSawOfAnotherServer) {
    Patience patience = with(5);
    patience.left();
    patience.begin("b", 104s);
    EXPECT_EQ(patience.limit(104s), 1'500ms);
    EXPECT_EQ(patience.strikes(104s), 0);
}

}  // namespace
}  // namespace muster::client
