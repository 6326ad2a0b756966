#include "muster/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace muster {
namespace {

using testing::ElementsAre;

const std::array<std::string, 4> keys{"ports", "variables", "ready", "stop"};

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("port", "ports"), 1U);
    EXPECT_EQ(edit_distance("port", "prot"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(EditDistance, IsTheSameBothWays) {
    EXPECT_EQ(edit_distance("grpc_address", "gprc.adress"),
              edit_distance("gprc.adress", "grpc_address"));
}

TEST(Nearest, FindsAWordWithOneSlip) {
    EXPECT_EQ(nearest("port", keys), "ports");
    EXPECT_EQ(nearest("varaibles", keys), "variables");
    EXPECT_EQ(nearest("READY", keys), "ready");
}

TEST(Nearest, SaysNothingWhenNothingIsNear) {
    EXPECT_EQ(nearest("colour", keys), std::nullopt);
    EXPECT_EQ(nearest("", keys), std::nullopt);
    EXPECT_EQ(nearest(std::string(100000, 'a'), keys), std::nullopt);
}

TEST(Nearest, TakesTheCloserOfTwo) {
    const std::array<std::string_view, 2> names{"log.level", "log.label"};
    EXPECT_EQ(nearest("log.levle", names), "log.level");
}

TEST(Suggestion, ListsWhatIsKnownWhenNothingIsNear) {
    EXPECT_EQ(suggestion("port", keys), "did you mean `ports`?");
    EXPECT_EQ(suggestion("colour", keys), "known are: ports, variables, ready, stop");
    EXPECT_EQ(suggestion("x", std::span<const std::string>()), "none is known here");
}

TEST(Text, TrimsSplitsAndJoins) {
    EXPECT_EQ(trim(" \ta b\r\n"), "a b");
    EXPECT_EQ(trim(" \n "), "");
    EXPECT_THAT(split_list("a, b,,c "), ElementsAre("a", "b", "c"));
    EXPECT_TRUE(split_list("").empty());
    EXPECT_EQ(join(split_list("a,b")), "a, b");
    EXPECT_EQ(to_lower("AbC-Z"), "abc-z");
}

}  // namespace
}  // namespace muster
