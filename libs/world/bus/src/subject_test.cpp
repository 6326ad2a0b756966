#include <gtest/gtest.h>

#include "muster/bus/bus.hpp"

namespace muster::bus {
namespace {

TEST(Subject, MatchesTokenByToken) {
    EXPECT_TRUE(matches("a.b", "a.b"));
    EXPECT_TRUE(matches("*.b", "a.b"));
    EXPECT_TRUE(matches("*.*", "a.b"));
    EXPECT_TRUE(matches("*", "a"));
    EXPECT_FALSE(matches("a", "a.b"));
    EXPECT_FALSE(matches("a.b", "a"));
    EXPECT_FALSE(matches("*", "a.b"));
    EXPECT_FALSE(matches("a.b", "a.bc"));
    EXPECT_FALSE(matches("a.bc", "a.b"));
    EXPECT_FALSE(matches("a.*", "b.a"));
}

TEST(Subject, OnlyLettersDigitsUnderscoreAndMinusMakeATokenOfIt) {
    for (int value = 1; value < 256; ++value) {
        const std::string token(1, static_cast<char>(value));
        const bool allowed = (value >= '0' && value <= '9') || (value >= 'A' && value <= 'Z') ||
                             (value >= 'a' && value <= 'z') || value == '_' || value == '-';
        EXPECT_EQ(check_publish("a." + token + ".b", 0).has_value(), allowed) << value;
    }
}

TEST(Subject, AReasonIsGivenForEachRefusal) {
    EXPECT_EQ(check_publish("", 0).error().message, "a subject is needed");
    EXPECT_EQ(check_publish(std::string(201, 'a'), 0).error().message,
              "a subject has at most 200 bytes, and this one 201");
    EXPECT_EQ(check_publish("a.", 0).error().message,
              "a subject ends with a token, not with a dot");
    EXPECT_EQ(check_publish("a", message_bytes_max + 1).error().message,
              "a message has at most 1048576 bytes, and this one 1048577");
}

}  // namespace
}  // namespace muster::bus
