#include "muster/base/random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace muster {
namespace {

TEST(Random, IdsCarryTheirPrefixAndDoNotRepeat) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string id = new_id("srv");
        EXPECT_EQ(id.size(), 16U);
        EXPECT_TRUE(id.starts_with("srv-"));
        EXPECT_TRUE(seen.insert(id).second) << id;
    }
}

TEST(Random, TextAvoidsCharactersThatPeopleMistake) {
    EXPECT_EQ(random_text(4000).find_first_of("0o1li"), std::string::npos);
}

TEST(Random, ANumberStaysBelowItsLimit) {
    for (int i = 0; i < 1000; ++i) EXPECT_LT(random_below(3), 3U);
}

}  // namespace
}  // namespace muster
