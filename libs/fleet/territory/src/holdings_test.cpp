#include "muster/territory/holdings.hpp"

#include <gtest/gtest.h>

namespace muster::territory {
namespace {

constexpr std::uint64_t life = 7;
constexpr milliseconds lease{1'000};

Grant grant(RegionId region, Epoch epoch, Rectangle area = {0, 0, 10, 10}) {
    return {"plain", region, area, epoch, {}, {}, false, {}};
}

Answer answer(std::uint64_t request, std::vector<Grant> grants, std::uint64_t number = 0) {
    return {"one", 1, life, request, number == 0 ? request : number, lease, std::move(grants)};
}

TEST(Holdings, OwnNothingUntilGranted) {
    Holdings holdings(life);
    (void)holdings.ask(Instant(0));
    EXPECT_FALSE(holdings.owns(1, Instant(0)));
}

TEST(Holdings, CountALeaseFromWhenTheRequestWasSentNotFromTheAnswer) {
    Holdings holdings(life);
    const auto request = holdings.ask(Instant(100));
    const auto change = holdings.arrived(answer(request.number, {grant(1, 5)}), Instant(900));
    ASSERT_EQ(change.gained.size(), 1U);
    EXPECT_EQ(holdings.owns(1, Instant(900)), 5U);
    EXPECT_EQ(holdings.owns(1, Instant(1'099)), 5U);
    EXPECT_FALSE(holdings.owns(1, Instant(1'100)));
}

TEST(Holdings, DoNotTakeALeaseThatIsOverWhenItArrives) {
    Holdings holdings(life);
    const auto request = holdings.ask(Instant(100));
    EXPECT_TRUE(
        holdings.arrived(answer(request.number, {grant(1, 5)}), Instant(1'100)).gained.empty());
    EXPECT_TRUE(holdings.held().empty());
}

TEST(Holdings, OwnNothingAfterTheEndUntilGrantedAnew) {
    Holdings holdings(life);
    const auto first = holdings.ask(Instant(0));
    (void)holdings.arrived(answer(first.number, {grant(1, 5)}), Instant(10));
    const auto over = holdings.time_passed(Instant(1'000));
    ASSERT_EQ(over.size(), 1U);
    EXPECT_EQ(over.front().region, 1U);
    const auto second = holdings.ask(Instant(1'200));
    EXPECT_TRUE(second.holds.empty());
    (void)holdings.arrived(answer(second.number, {grant(1, 5)}), Instant(1'210));
    EXPECT_EQ(holdings.owns(1, Instant(2'199)), 5U);
}

TEST(Holdings, IgnoreTheAnswerToAnOlderRequest) {
    Holdings holdings(life);
    const auto first = holdings.ask(Instant(0));
    const auto second = holdings.ask(Instant(100));
    (void)holdings.arrived(answer(second.number, {grant(1, 5)}), Instant(110));
    const auto change =
        holdings.arrived(answer(first.number, {grant(2, 6, {10, 0, 20, 10})}), Instant(120));
    EXPECT_TRUE(change.is_stale);
    EXPECT_FALSE(holdings.owns(2, Instant(120)));
}

TEST(Holdings, IgnoreAnEarlierAnswerToTheSameRequest) {
    Holdings holdings(life);
    const auto request = holdings.ask(Instant(0));
    (void)holdings.arrived(answer(request.number, {grant(2, 6)}, 9), Instant(10));
    ASSERT_TRUE(holdings.release(2));
    EXPECT_TRUE(holdings.arrived(answer(request.number, {grant(1, 5)}, 8), Instant(20)).is_stale);
    EXPECT_FALSE(holdings.owns(1, Instant(20)));
}

TEST(Holdings, IgnoreAnswersToAnotherLifeAndToWhatWasNeverAsked) {
    Holdings holdings(life);
    const auto request = holdings.ask(Instant(0));
    Answer other = answer(request.number, {grant(1, 5)});
    other.life = life - 1;
    EXPECT_TRUE(holdings.arrived(other, Instant(1)).is_stale);
    EXPECT_TRUE(holdings.arrived(answer(request.number + 1, {grant(1, 5)}), Instant(1)).is_stale);
}

TEST(Holdings, KeepTheNewerEpochOfAPoint) {
    Holdings holdings(life);
    const auto first = holdings.ask(Instant(0));
    (void)holdings.arrived(answer(first.number, {grant(2, 6)}), Instant(1));
    const auto second = holdings.ask(Instant(100));
    (void)holdings.arrived(answer(second.number, {grant(1, 5, {5, 5, 20, 20})}), Instant(101));
    EXPECT_EQ(holdings.owns(2, Instant(102)), 6U);
    EXPECT_FALSE(holdings.owns(1, Instant(102)));
}

TEST(Holdings, PassFromTheWholeToItsHalvesInOneStep) {
    Holdings holdings(life);
    const auto first = holdings.ask(Instant(0));
    (void)holdings.arrived(answer(first.number, {grant(1, 5)}), Instant(1));
    const auto second = holdings.ask(Instant(100));
    const auto change = holdings.arrived(
        answer(second.number, {grant(2, 6, {0, 0, 5, 10}), grant(3, 7, {5, 0, 10, 10})}),
        Instant(101));
    EXPECT_EQ(change.gained.size(), 2U);
    ASSERT_EQ(change.lost.size(), 1U);
    EXPECT_EQ(change.lost.front().region, 1U);
    EXPECT_FALSE(holdings.owns(1, Instant(101)));
    EXPECT_EQ(holdings.owns(3, Instant(101)), 7U);
}

TEST(Holdings, NeverOwnAgainWhatTheyReleased) {
    Holdings holdings(life);
    const auto first = holdings.ask(Instant(0));
    (void)holdings.arrived(answer(first.number, {grant(1, 5)}), Instant(1));
    const auto second = holdings.ask(Instant(100));
    EXPECT_EQ(holdings.release(1), (Holding{1, 5}));
    EXPECT_FALSE(holdings.release(1));
    EXPECT_FALSE(holdings.owns(1, Instant(101)));
    // Answered before the release was heard of.
    (void)holdings.arrived(answer(second.number, {grant(1, 5)}), Instant(102));
    EXPECT_FALSE(holdings.owns(1, Instant(103)));
    const auto third = holdings.ask(Instant(200));
    EXPECT_EQ(third.released, (std::vector<Holding>{{1, 5}}));
    // The same region, granted anew.
    (void)holdings.arrived(answer(third.number, {grant(1, 8)}), Instant(201));
    EXPECT_EQ(holdings.owns(1, Instant(202)), 8U);
    EXPECT_TRUE(holdings.ask(Instant(300)).released.empty());
}

TEST(Holdings, AreToldToLeaveByAWithdrawalOfThatEpochOnly) {
    Holdings holdings(life);
    const auto first = holdings.ask(Instant(0));
    (void)holdings.arrived(answer(first.number, {grant(1, 5)}), Instant(1));
    holdings.arrived(Withdraw{"one", 1, life, 1, 4, "two"});
    EXPECT_FALSE(holdings.held().at(1).grant.leave);
    holdings.arrived(Withdraw{"one", 1, life, 1, 5, "two"});
    EXPECT_TRUE(holdings.held().at(1).grant.leave);
    EXPECT_EQ(holdings.held().at(1).grant.successor, "two");
    EXPECT_EQ(holdings.owns(1, Instant(2)), 5U);  // until it has handed over
}

TEST(Holdings, RememberOnlySoManyRequests) {
    Holdings holdings(life);
    const auto first = holdings.ask(Instant(0));
    for (std::size_t more = 0; more < Holdings::requests_max; ++more) {
        (void)holdings.ask(Instant(1));
    }
    EXPECT_TRUE(holdings.arrived(answer(first.number, {grant(1, 5)}), Instant(2)).is_stale);
}

}  // namespace
}  // namespace muster::territory
