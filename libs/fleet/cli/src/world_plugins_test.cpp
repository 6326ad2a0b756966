#include "world_plugins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(WorldPlugins, AreListedByWorldWithWhatTheyCost) {
    const json echo{{"name", "echo"}, {"version", "1.0"}, {"calls", 200},  {"errors", 3},
                    {"slow", 1},      {"refused", 7},     {"busy_us", 50}, {"off", false}};
    json herald = echo;
    herald["name"] = "herald";
    herald["off"] = true;
    const json statistics{{"worlds",
                           {{{"name", "ctf"}, {"plugins", {echo, herald}}},
                            {{"name", "tdm"}},
                            {{"name", "ffa"}, {"plugins", {echo}}}}}};
    const json plugins = plugins_of(statistics);
    ASSERT_EQ(plugins.size(), 3U);
    EXPECT_EQ(plugins[1]["world"], "ctf");
    EXPECT_EQ(plugins[2]["world"], "ffa");
    const std::string text = plugins_text(plugins);
    EXPECT_THAT(text, HasSubstr("OFF"));
    EXPECT_THAT(text, HasSubstr("0.2 us"));
    EXPECT_THAT(text, HasSubstr("herald"));
}

TEST(WorldPlugins, SayHowToLoadOneWhenThereAreNone) {
    EXPECT_THAT(plugins_text(plugins_of(json::object())), HasSubstr("--plugins"));
}

}  // namespace
}  // namespace muster::cli
