#include "parties.hpp"

#include <gtest/gtest.h>

namespace muster::host {
namespace {

const Parties::Member anna{1, "Anna"};
const Parties::Member bert{2, "Bert"};

TEST(Parties, ARosterIsToldWhenItIsOtherThanBefore) {
    Parties parties;
    EXPECT_EQ(parties.changed({{"x", {anna}}}), (Parties::Rosters{{"x", {anna}}}));
    EXPECT_TRUE(parties.changed({{"x", {anna}}}).empty());
    const auto both = parties.changed({{"x", {anna, bert}}, {"y", {}}});
    EXPECT_EQ(both, (Parties::Rosters{{"x", {anna, bert}}}));
    EXPECT_EQ(parties.changed({{"x", {{1, "Hanna"}, bert}}}).at("x").front().name, "Hanna");
}

TEST(Parties, WhoIsMissingIsGoneOnlyTheSecondTime) {
    Parties parties;
    (void)parties.changed({{"x", {anna, bert}}});
    EXPECT_TRUE(parties.changed({{"x", {bert}}}).empty());
    EXPECT_TRUE(parties.changed({{"x", {anna, bert}}}).empty()) << "it was only on its way";
    EXPECT_TRUE(parties.changed({{"x", {bert}}}).empty());
    EXPECT_EQ(parties.changed({{"x", {bert}}}), (Parties::Rosters{{"x", {bert}}}));
    EXPECT_TRUE(parties.changed({{"x", {bert}}}).empty());
}

TEST(Parties, APartyWithoutMembersHereIsForgotten) {
    Parties parties;
    (void)parties.changed({{"x", {anna}}});
    EXPECT_TRUE(parties.changed({}).empty());
    EXPECT_FALSE(parties.changed({{"x", {anna}}}).empty());
}

}  // namespace
}  // namespace muster::host
