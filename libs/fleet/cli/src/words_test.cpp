#include "words.hpp"

#include <gtest/gtest.h>

namespace muster::cli {
namespace {

TEST(Words, SizesAndDurationsAreSaidAsPeopleSayThem) {
    EXPECT_EQ(bytes_in_words(0), "0 B");
    EXPECT_EQ(bytes_in_words(1023), "1023 B");
    EXPECT_EQ(bytes_in_words(1536), "1.5 KiB");
    EXPECT_EQ(bytes_in_words(std::int64_t{3} << 30), "3.0 GiB");
    EXPECT_EQ(duration_in_words(milliseconds(59'999)), "59 s");
    EXPECT_EQ(duration_in_words(std::chrono::minutes(116)), "1 h 56 min");
    EXPECT_EQ(duration_in_words(std::chrono::hours(49)), "2 d 1 h");
}

TEST(Words, SizesAndDurationsAreUnderstood) {
    EXPECT_EQ(bytes_from_words("2G"), std::int64_t{2} << 30);
    EXPECT_EQ(bytes_from_words("512 MiB"), std::int64_t{512} << 20);
    EXPECT_EQ(bytes_from_words("77"), 77);
    EXPECT_EQ(seconds_from_words("5m"), 300);
    EXPECT_EQ(seconds_from_words("7d"), 604'800);
    for (const char* text : {"", "G", "-1", "2X", "99999999999T", "1.5G"})
        EXPECT_FALSE(bytes_from_words(text)) << text;
    for (const char* text : {"", "h", "-1s", "3 weeks"})
        EXPECT_FALSE(seconds_from_words(text)) << text;
}

TEST(Words, ATableLinesUpCharactersNotBytes) {
    Table table({"A", "B"});
    table.add({"\xC3\xA9\xC3\xA9", "1"});
    table.add({"eee", "2"});
    EXPECT_EQ(table.text(), "A    B\n\xC3\xA9\xC3\xA9   1\neee  2\n");
}

}  // namespace
}  // namespace muster::cli
