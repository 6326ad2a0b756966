#include <gtest/gtest.h>

#include <cstdlib>

#include "muster/base/file.hpp"
#include "muster/settings/settings.hpp"

namespace muster::settings {
namespace {

constexpr const char* page = "../../../docs/settings.md";
constexpr std::string_view mark = "<!-- made of libs/fleet/settings/src/table.cpp -->\n";

TEST(Describe, ThePageOfTheDocumentationIsWhatTheTableSays) {
    const auto text = read_file(page);
    ASSERT_TRUE(text) << text.error().message;
    const auto begin = text->find(mark);
    ASSERT_NE(begin, std::string::npos);
    const auto wanted = text->substr(0, begin + mark.size()) + describe();
    if (std::getenv("MUSTER_TEST_WRITE_DOCS") != nullptr) ASSERT_TRUE(write_file(page, wanted));
    EXPECT_EQ(read_file(page), wanted)
        << "run this test with MUSTER_TEST_WRITE_DOCS=1 to write it anew";
}

}  // namespace
}  // namespace muster::settings
