#include "chat_text.hpp"

#include <gtest/gtest.h>

namespace muster::host {
namespace {

TEST(ChatText, KeepsWhatPeopleWrite) {
    EXPECT_EQ(clean_text("hello", 100), "hello");
    EXPECT_EQ(clean_text(" gr\xc3\xbc\xc3\x9f euch \xf0\x9f\x98\x80 ", 100),
              "gr\xc3\xbc\xc3\x9f euch \xf0\x9f\x98\x80");
    EXPECT_EQ(clean_text("<b>&amp;", 100), "<b>&amp;") << "escaping is for who shows it";
}

TEST(ChatText, CountsCharactersNotBytes) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "\xf0\x9f\x98\x80";
    EXPECT_TRUE(clean_text(text, 100));
    EXPECT_FALSE(clean_text(text + "x", 100));
    EXPECT_FALSE(clean_text(std::string(101, 'x'), 100));
}

TEST(ChatText, DropsControlCharactersAndRefusesWhatIsNoText) {
    EXPECT_EQ(clean_text("a\nb\x1b[31m\x7f", 100), "ab[31m");
    EXPECT_EQ(clean_text("x\xe2\x80\xaey", 100), "xy") << "right-to-left override";
    EXPECT_EQ(clean_text("x\xc2\x85y", 100), "xy") << "C1";
    EXPECT_FALSE(clean_text("", 100));
    EXPECT_FALSE(clean_text(" \n\t ", 100));
    EXPECT_FALSE(clean_text("\xff", 100));
    EXPECT_FALSE(clean_text("\xed\xa0\x80", 100)) << "a surrogate";
    EXPECT_FALSE(clean_text("\xc3", 100));
}

}  // namespace
}  // namespace muster::host
