#include "muster/http/url.hpp"

#include <gtest/gtest.h>

namespace muster::http {
namespace {

TEST(Url, EveryByteSurvivesEncodingAndDecoding) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_encode("a b/c?d&e=%é~"), "a%20b%2Fc%3Fd%26e%3D%25%C3%A9~");
}

TEST(Url, ABrokenEscapeIsRefused) {
    for (const char* text : {"%", "%4", "a%", "%zz", "%4g", "%%41"}) {
        EXPECT_EQ(percent_decode(text), std::nullopt) << text;
    }
    EXPECT_EQ(percent_decode("%4a%4A+"), "JJ+");
}

TEST(Url, AQueryIsTakenApartAndDecoded) {
    const auto query = parse_query("a=1&b=x%20y+z&a=2&flag&&%C3%A9=%3D=");
    ASSERT_TRUE(query.has_value());
    const std::multimap<std::string, std::string> expected{
        {"a", "1"}, {"a", "2"}, {"b", "x y z"}, {"flag", ""}, {"é", "=="}};
    EXPECT_EQ(*query, expected);
    EXPECT_TRUE(parse_query("")->empty());
}

TEST(Url, AQueryThatIsNoTextIsRefused) {
    for (const char* text : {"a=%", "%=1", "a=%ff", "%c3=1"}) {
        const auto query = parse_query(text);
        ASSERT_FALSE(query.has_value()) << text;
        EXPECT_EQ(query.error().code, Errc::invalid_argument);
    }
}

TEST(Url, ATargetHasAPathAndAQuery) {
    const auto target = parse_target("/a%20b/%C3%A9?x=1&y=%2F");
    ASSERT_TRUE(target.has_value());
    EXPECT_EQ(target->path, "/a b/é");
    EXPECT_EQ(target->query.find("y")->second, "/");
    EXPECT_EQ(parse_target("/?")->path, "/");
}

TEST(Url, SegmentsAreSplitBeforeTheyAreDecoded) {
    using Segments = std::vector<std::string>;
    EXPECT_EQ(parse_target("/images/a%2Fb%3A1?x=/y")->segments, (Segments{"images", "a/b:1"}));
    EXPECT_EQ(parse_target("/")->segments, Segments{""});
    EXPECT_EQ(parse_target("/a/")->segments, (Segments{"a", ""}));
    EXPECT_EQ(parse_target("//a")->segments, (Segments{"", "a"}));
}

TEST(Url, TheAbsoluteFormIsItsPath) {
    EXPECT_EQ(parse_target("http://host:80/a?b=c")->path, "/a");
    EXPECT_EQ(parse_target("http://host")->path, "/");
    const auto target = parse_target("http://host?b=/c");
    EXPECT_EQ(target->path, "/");
    EXPECT_EQ(target->query.find("b")->second, "/c");
}

TEST(Url, ATargetThatIsNoPathIsRefused) {
    for (const char* text :
         {"", "a", "*", "host:80", "?a=b", "/a#b", "/%", "/%ff", "/%00", "/?a=%"}) {
        EXPECT_FALSE(parse_target(text).has_value()) << text;
    }
}

}  // namespace
}  // namespace muster::http
