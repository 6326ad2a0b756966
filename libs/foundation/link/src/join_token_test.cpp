#include "muster/link/join_token.hpp"

#include <gmock/gmock.h>

namespace muster::link {
namespace {

TEST(JoinToken, IsReadAndWritten) {
    const std::string digest(64, 'a');
    const auto token = parse_join_token("  mst1-" + digest + "-abcdefghijklmnop_-X\n");
    ASSERT_TRUE(token);
    EXPECT_EQ(token->authority_digest, digest);
    EXPECT_EQ(token->secret, "abcdefghijklmnop_-X");
    EXPECT_EQ(parse_join_token(to_text(*token)), token);
}

TEST(JoinToken, WhatIsWrongIsSaidWithoutTheText) {
    const std::string digest(64, 'a');
    for (const std::string& text :
         {std::string(), std::string("abc"), "mst1-" + digest, "mst1-" + digest + "-short",
          "mst1-" + std::string(64, 'G') + "-abcdefghijklmnopqrst",
          "mst1-" + digest + "-abcdefghijklmnop qrst", "mst2-" + digest + "-abcdefghijklmnopqrst",
          "mst1-" + digest + "-" + std::string(200, 'x')}) {
        const auto token = parse_join_token(text);
        ASSERT_FALSE(token) << text;
        EXPECT_EQ(token.error().field, "join_token");
        EXPECT_THAT(token.error().message, testing::Not(testing::HasSubstr("abcdefgh")));
    }
}

}  // namespace
}  // namespace muster::link
