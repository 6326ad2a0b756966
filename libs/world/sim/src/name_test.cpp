#include <gtest/gtest.h>

#include "name.hpp"

namespace muster::sim {
namespace {

TEST(Name, IsCutToTwentyFourCharactersNotBytes) {
    std::string long_name;
    for (int i = 0; i < 30; ++i) long_name += "\xc3\xa4";
    EXPECT_EQ(clean_name(long_name).size(), 48U);
}

TEST(Name, LosesWhatIsNotText) {
    EXPECT_EQ(clean_name(" a\x01\x7f\nb "), "ab");
    EXPECT_EQ(clean_name("a\xff\xc0\x80z"), "az") << "bytes that are not UTF-8";
    EXPECT_EQ(clean_name("a\xe2\x80\xaez"), "az") << "right-to-left override";
    EXPECT_EQ(clean_name("a\xed\xa0\x80z"), "az") << "a surrogate";
    EXPECT_EQ(clean_name("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
    EXPECT_EQ(clean_name("a\xc3"), "a") << "cut short";
}

}  // namespace
}  // namespace muster::sim
