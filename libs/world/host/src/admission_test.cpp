#include "admission.hpp"

#include <gtest/gtest.h>

namespace muster::host {
namespace {

using namespace std::chrono_literals;

Options limits(std::uint16_t sessions, std::uint16_t per_address, double rate,
               double rate_per_address) {
    Options out;
    out.sessions_max = sessions;
    out.sessions_per_address_max = per_address;
    out.joins_per_second = rate;
    out.joins_per_address_per_second = rate_per_address;
    return out;
}

TEST(Admission, TakesSoManyJoinsASecondFromOneAddressAndSaysWhenToComeBack) {
    Admission admission(limits(100, 100, 100, 2));
    const Timestamp now{1'000s};
    EXPECT_TRUE(admission.admit("a", now));
    EXPECT_TRUE(admission.admit("a", now));
    const auto third = admission.admit("a", now);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, Errc::rate_limited);
    EXPECT_NE(third.error().message.find("in 1 s"), std::string::npos) << third.error().message;
    EXPECT_TRUE(admission.admit("b", now));
    EXPECT_TRUE(admission.admit("a", now + 500ms));
    EXPECT_EQ(admission.refused(), 1);
}

TEST(Admission, WhomAnotherServerSendsMeetsNoLimitButTheServers) {
    Admission admission(limits(40, 1, 1, 1));
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(admission.admit_guest("server b"));
    const auto full = admission.admit_guest("server b");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::exhausted);
    EXPECT_FALSE(admission.admit("a", Timestamp{1'000s})) << "they are counted with everybody";
    admission.opened("server b");
    admission.release("server b", true);
    EXPECT_TRUE(admission.admit("a", Timestamp{1'000s}));
}

TEST(Admission, TakesSoManyJoinsASecondInAll) {
    Admission admission(limits(100, 100, 3, 3));
    const Timestamp now{1'000s};
    for (const char* address : {"a", "b", "c"}) EXPECT_TRUE(admission.admit(address, now));
    EXPECT_FALSE(admission.admit("d", now));
    EXPECT_TRUE(admission.admit("d", now + 400ms));
}

TEST(Admission, HasPlacesUntilTheyAreTakenAndGetsThemBack) {
    Admission admission(limits(3, 2, 100, 100));
    const Timestamp now{1'000s};
    EXPECT_TRUE(admission.admit("a", now));
    EXPECT_TRUE(admission.admit("a", now));
    ASSERT_FALSE(admission.admit("a", now));
    EXPECT_TRUE(admission.admit("b", now));
    const auto full = admission.admit("c", now);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::exhausted);
    admission.release("a", false);
    EXPECT_EQ(admission.sessions(), 2);
    EXPECT_TRUE(admission.admit("c", now));
}

TEST(Admission, WhoseConnectionsDoNotComeTakesAQuarterOfAnAddresssPlaces) {
    Admission admission(limits(1'000, 100, 1'000, 1'000));
    const Timestamp now{1'000s};
    for (int n = 0; n < 25; ++n) ASSERT_TRUE(admission.admit("a", now)) << n;
    const auto refused = admission.admit("a", now);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::rate_limited);
    EXPECT_TRUE(admission.admit("b", now));
    admission.opened("a");
    EXPECT_TRUE(admission.admit("a", now));
    EXPECT_FALSE(admission.admit("a", now));
    admission.release("a", false);
    EXPECT_TRUE(admission.admit("a", now));
    admission.release("a", true);
    EXPECT_FALSE(admission.admit("a", now));
}

}  // namespace
}  // namespace muster::host
