#include "chat_check.hpp"

#include <gtest/gtest.h>

namespace muster::load {
namespace {

TEST(ChatCheck, KnowsItsOwnLinesOnly) {
    const ChatCheck check("abc");
    EXPECT_EQ(check.number_of(check.line(17)), 17);
    EXPECT_EQ(check.number_of("load xyz 17"), std::nullopt);
    EXPECT_EQ(check.number_of("load abc 17 "), std::nullopt);
    EXPECT_EQ(check.number_of("load abc 0"), std::nullopt);
    EXPECT_EQ(check.number_of("load abc "), std::nullopt);
    EXPECT_EQ(check.number_of("hello"), std::nullopt);
}

TEST(ChatCheck, ALineThatOneHeardAndAnotherDidNotIsLost) {
    ChatCheck check("r");
    ChatCheck::Ear good, bad;
    for (const std::uint32_t n : {1U, 2U, 3U}) check.heard(good, n);
    check.heard(bad, 1);
    check.heard(bad, 3);
    check.ended(good, 3, true);
    check.ended(bad, 3, true);
    EXPECT_EQ(check.lost(), 1);
    EXPECT_EQ(check.deliveries(), 5);
}

TEST(ChatCheck, ALineThatNobodyHeardWasNotSaid) {
    ChatCheck check("r");
    ChatCheck::Ear one, other;
    for (const std::uint32_t n : {1U, 3U}) check.heard(one, n);
    for (const std::uint32_t n : {1U, 3U}) check.heard(other, n);
    check.ended(one, 3, true);
    check.ended(other, 3, true);
    EXPECT_EQ(check.lost(), 0);
}

TEST(ChatCheck, WhoJoinedLateMissesNothingAndWhoHeardNothingAllOfIt) {
    ChatCheck check("r");
    ChatCheck::Ear all, late, deaf, left;
    for (const std::uint32_t n : {1U, 2U, 3U}) check.heard(all, n);
    check.heard(late, 3);
    check.heard(left, 1);
    check.ended(all, 3, true);
    check.ended(late, 3, false);
    check.ended(left, 0, true);
    EXPECT_EQ(check.lost(), 0);
    check.ended(deaf, 3, true);
    EXPECT_EQ(check.lost(), 3);
}

TEST(ChatCheck, CountsWhatComesTwiceOrLate) {
    ChatCheck check("r");
    ChatCheck::Ear ear;
    for (const std::uint32_t n : {1U, 3U, 2U, 3U}) check.heard(ear, n);
    EXPECT_EQ(check.out_of_order(), 1);
    EXPECT_EQ(check.doubled(), 1);
    check.ended(ear, 3, true);
    EXPECT_EQ(check.lost(), 0) << "late is not lost";
}

TEST(ChatCheck, TwoServersWordsMayOvertakeEachOtherButNotComeTwice) {
    ChatCheck check("r");
    ChatCheck::Ear ear;
    for (const std::uint32_t n : {3U, 5U, 4U, 2U}) check.heard(ear, n, true);
    EXPECT_EQ(check.out_of_order() + check.doubled(), 0);
    for (const std::uint32_t n : {2U, 4U, 5U}) check.heard(ear, n, true);
    EXPECT_EQ(check.doubled(), 3);
    check.ended(ear, 5, true);
    EXPECT_EQ(check.lost(), 0);
}

TEST(ChatCheck, MergesWhatTwoThreadsHeard) {
    ChatCheck one("r"), other("r");
    ChatCheck::Ear a, b;
    for (const std::uint32_t n : {1U, 2U, 3U}) one.heard(a, n);
    other.heard(b, 1);
    one.ended(a, 3, true);
    other.ended(b, 3, true);
    one.merge(other);
    EXPECT_EQ(one.lost(), 2);
}

}  // namespace
}  // namespace muster::load
