#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "muster/games/game.hpp"
#include "muster/games/pattern.hpp"

namespace muster::games {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(FillIn, ReplacesNamesOnce) {
    const Placeholders values{{"A", "{{B}}"}, {"B", "b"}, {"port.game", "2456"}};
    EXPECT_EQ(fill_in("x{{A}}{{ B }}:{{port.game}}", values), "x{{B}}b:2456");
    EXPECT_EQ(fill_in("", values), "");
    EXPECT_EQ(fill_in("} }} {", values), "} }} {");
    EXPECT_EQ(fill_in("{{{{A}}", values), "{{A}}");
}

TEST(FillIn, EscapesForJson) {
    EXPECT_EQ(fill_in(R"({"name":"{{A|json}}"})", {{"A", "a\"b\\\n"}}), R"({"name":"a\"b\\\n"})");
}

TEST(FillIn, NamesTheNearestForAnUnknownOne) {
    const auto filled = fill_in("{{PORTT}}", {{"PORT", "1"}, {"NAME", "n"}});
    ASSERT_FALSE(filled);
    EXPECT_THAT(filled.error().message, HasSubstr("did you mean `PORT`?"));
    EXPECT_FALSE(fill_in("{{PORT", {{"PORT", "1"}}));
    EXPECT_FALSE(fill_in("{{PORT|sql}}", {{"PORT", "1"}}));
}

TEST(FillIn, BoundsWhatATextCanGrowTo) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "{{A}}";
    const auto filled = fill_in(text, {{"A", std::string(32U << 10U, 'x')}});
    ASSERT_FALSE(filled);
    EXPECT_EQ(filled.error().code, Errc::too_large);
}

TEST(Launch, PutsEverythingInItsPlace) {
    const auto game = parse_game(R"(
id = "demo"
name = "Demo"
image = "demo"
entrypoint = ["/bin/{{server.id}}"]
command = ["{{server.name}}", "{{NAME}}", "{{port.game}}", "{{GAME_PORT}}"]
[environment]
BOTH = "{{NAME}}:{{port.query}}"
[[ports]]
name = "game"
number = 1
protocol = "udp"
variable = "GAME_PORT"
[[ports]]
name = "query"
number = 2
protocol = "udp"
[[variables]]
name = "NAME"
[[variables]]
name = "EMPTY"
[[volumes]]
name = "data"
target = "/data"
[[files]]
volume = "data"
path = "x.json"
content = '{"n":"{{NAME|json}}"}'
)");
    ASSERT_TRUE(game) << game.error().message;
    const auto launch = launch_of(*game, {.server_id = "srv-1",
                                          .server_name = "friday",
                                          .node_address = "203.0.113.7",
                                          .variables = {{"NAME", "a\"b"}, {"EMPTY", ""}},
                                          .ports = {{"game", 30001}},
                                          .setting_environment = {{"EXTRA", "{{NAME}}"}}});
    ASSERT_TRUE(launch) << launch.error().message;
    EXPECT_THAT(launch->entrypoint, ElementsAre("/bin/srv-1"));
    EXPECT_THAT(launch->command, ElementsAre("friday", "a\"b", "30001", "30001"));
    EXPECT_EQ(
        launch->environment,
        (std::map<std::string, std::string>{
            {"NAME", "a\"b"}, {"GAME_PORT", "30001"}, {"BOTH", "a\"b:2"}, {"EXTRA", "{{NAME}}"}}));
    ASSERT_EQ(launch->files.size(), 1U);
    EXPECT_EQ(launch->files[0].content, R"({"n":"a\"b"})");
}

TEST(Pattern, FindsAndMatches) {
    const auto pattern = Pattern::make("Done \\(\\d+\\.\\d+s\\)!");
    ASSERT_TRUE(pattern);
    EXPECT_TRUE(pattern->found_in("[12:00:00] [Server thread/INFO]: Done (3.141s)! For help"));
    EXPECT_FALSE(pattern->matches("[12:00:00] Done (3.141s)!"));
    EXPECT_FALSE(pattern->found_in("Done"));
    EXPECT_FALSE(Pattern::make("(a"));
    EXPECT_FALSE(Pattern::make(std::string(pattern_bytes_max + 1, 'a')));
    EXPECT_FALSE(Pattern::make("(((a{900}){900}){900})"));
}

TEST(Pattern, DoesNotBacktrack) {
    // Exponential for engines that backtrack, and deep recursion for std::regex.
    const auto pattern = Pattern::make("(a*)*(a|b)*c$");
    ASSERT_TRUE(pattern);
    EXPECT_FALSE(pattern->found_in(std::string(1U << 20U, 'a')));
}

}  // namespace
}  // namespace muster::games
