#include "muster/games/game.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace muster::games {
namespace {

using testing::HasSubstr;

constexpr std::string_view whole = R"(
id = "demo"
name = "Demo"
image = "muster/demo:1"
command = ["--name", "{{SERVER_NAME}}", "--port={{port.game}}"]
user = "1000:1000"
capabilities = ["CHOWN"]
query = "a2s"
query_port = "game"
memory_bytes = 1_073_741_824
cpus = 1.5

[environment]
SERVER_ID = "{{server.id}}"

[ready]
pattern = "^listening on \\d+"
timeout_seconds = 60

[stop]
command = "quit"
grace_seconds = 20

[[ports]]
name = "game"
number = 2456
protocol = "udp"
same_outside = true
variable = "GAME_PORT"
alternatives = [2466, 2476]

[[variables]]
name = "SERVER_NAME"
label = "Name"
default = "A server"
length_max = 20

[[variables]]
name = "PASSWORD"
required = true
secret = true

[[variables]]
name = "PLAYERS"
type = "integer"
default = 10
min = 1
max = 64

[[volumes]]
name = "data"
target = "/data"

[[files]]
volume = "data"
path = "etc/server.cfg"
mode = "0640"
keep_existing = false
content = "players = {{PLAYERS}}\n"
)";

/// The definition with one text replaced by another, which must be there.
std::string with(std::string_view from, std::string_view to) {
    std::string text(whole);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

void expect_refused(const std::string& toml, std::string_view field, std::string_view reason) {
    const auto game = parse_game(toml);
    ASSERT_FALSE(game) << "accepted where " << field << " is wrong";
    EXPECT_EQ(game.error().field, field) << game.error().message;
    EXPECT_THAT(game.error().message, HasSubstr(std::string(reason)));
    EXPECT_EQ(game.error().code, Errc::invalid_argument);
}

TEST(Game, ReadsEverythingOfADefinition) {
    const auto game = parse_game(whole);
    ASSERT_TRUE(game) << game.error().message;
    EXPECT_EQ(game->id, "demo");
    EXPECT_EQ(game->image, "muster/demo:1");
    EXPECT_EQ(game->memory_bytes, 1LL << 30);
    EXPECT_EQ(game->cpus, 1.5);
    EXPECT_EQ(game->ready_pattern, "^listening on \\d+");
    EXPECT_EQ(game->ready_timeout_seconds, 60U);
    EXPECT_EQ(game->stop_command, "quit");
    EXPECT_EQ(game->stop_signal, "");
    EXPECT_EQ(game->stop_grace_seconds, 20U);
    ASSERT_EQ(game->ports.size(), 1U);
    EXPECT_EQ(game->ports[0], (GamePort{.name = "game",
                                        .number = 2456,
                                        .protocol = PortProtocol::udp,
                                        .description = "",
                                        .same_outside = true,
                                        .variable = "GAME_PORT",
                                        .alternatives = {2466, 2476}}));
    ASSERT_EQ(game->variables.size(), 3U);
    EXPECT_EQ(game->variables[0].label, "Name");
    EXPECT_EQ(game->variables[1].label, "PASSWORD");
    EXPECT_TRUE(game->variables[1].secret);
    EXPECT_EQ(game->variables[2].default_value, "10");
    ASSERT_EQ(game->files.size(), 1U);
    EXPECT_EQ(game->files[0].mode, 0640U);
    EXPECT_FALSE(game->files[0].keep_existing);
    EXPECT_EQ(game->source, whole);
}

TEST(Game, IsTheSameAfterARoundTripThroughJson) {
    const auto game = parse_game(whole);
    ASSERT_TRUE(game);
    const auto again = from_json(nlohmann::json::parse(to_json(*game).dump()));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->same_as(*game));
    EXPECT_EQ(to_json(*again), to_json(*game));
}

TEST(Game, StopsBySigtermWhenNothingIsSaid) {
    const auto game = parse_game("id='a'\nname='A'\nimage='a'");
    ASSERT_TRUE(game) << game.error().message;
    EXPECT_EQ(game->stop_signal, "SIGTERM");
    EXPECT_EQ(game->ready_pattern, "");
    EXPECT_EQ(game->query, "none");
}

TEST(Game, NamesTheNearestKeyForAnUnknownOne) {
    expect_refused(with("user =", "usr ="), "usr", "did you mean `user`?");
    expect_refused(with("same_outside", "same_outsde"), "ports.0.same_outsde",
                   "did you mean `same_outside`?");
    expect_refused(with("timeout_seconds", "timeout"), "ready.timeout", "is not known");
    expect_refused(with("grace_seconds", "grace_second"), "stop.grace_second", "grace_seconds");
    expect_refused(with("keep_existing", "keep_exsting"), "files.0.keep_exsting", "keep_existing");
}

TEST(Game, SaysTheLineWhenItIsNoToml) {
    expect_refused("id = 'a'\nname = \n", "line 2", "line 2");
    expect_refused("id = \"\xff\"", "line 1", "is no TOML");
}

TEST(Game, RefusesWhatIsMissing) {
    expect_refused(with("id = \"demo\"\n", ""), "id", "is missing");
    expect_refused(with("image = \"muster/demo:1\"\n", ""), "image", "is missing");
    expect_refused(with("number = 2456\n", ""), "ports.0.number", "is missing");
    expect_refused(with("protocol = \"udp\"\n", ""), "ports.0.protocol", "is missing");
}

TEST(Game, RefusesValuesOutOfPlace) {
    expect_refused(with("number = 2456", "number = 65536"), "ports.0.number", "from 1 to 65535");
    expect_refused(with("number = 2456", "number = 0"), "ports.0.number", "from 1 to 65535");
    expect_refused(with("number = 2456", "number = '2456'"), "ports.0.number", "whole number");
    expect_refused(with("\"udp\"", "\"upd\""), "ports.0.protocol", "did you mean `udp`?");
    expect_refused(with("[2466, 2476]", "[2466, 0]"), "ports.0.alternatives", "from 1 to 65535");
    expect_refused(with("\"CHOWN\"", "\"SYS_ADMIN\""), "capabilities", "cannot be `SYS_ADMIN`");
    expect_refused(with("\"a2s\"", "\"a3s\""), "query", "did you mean `a2s`?");
    expect_refused(with("query_port = \"game\"", "query_port = \"gmae\""), "query_port", "`game`");
    expect_refused(with("cpus = 1.5", "cpus = -1"), "cpus", "from 0 to 1024");
    expect_refused(with("cpus = 1.5", "cpus = nan"), "cpus", "must be a text, number");
    expect_refused(with("cpus = 1.5", "cpus = 2020-01-01"), "cpus", "must be a text, number");
    expect_refused(with("id = \"demo\"", "id = \"../demo\""), "id", "small letters");
    expect_refused(with("\"0640\"", "\"0999\""), "files.0.mode", "octal");
    expect_refused(with("\"/data\"", "\"/data/../etc\""), "volumes.0.target", "absolute path");
    expect_refused(with("\"/data\"", "\"data\""), "volumes.0.target", "absolute path");
    expect_refused(with("grace_seconds = 20", "signal = \"SIGTERM\""), "stop.signal",
                   "cannot both");
    expect_refused(with("\"^listening on \\\\d+\"", "\"(\""), "ready.pattern",
                   "no regular expression");
}

TEST(Game, RefusesFilesThatLeaveTheirVolume) {
    for (const auto* path :
         {"../x", "/etc/passwd", "a/../../b", "", ".", "a//b", "a/", "a\\u0000b"})
        expect_refused(with("etc/server.cfg", path), "files.0.path", "");
    expect_refused(with("volume = \"data\"", "volume = \"date\""), "files.0.volume",
                   "did you mean `data`?");
}

TEST(Game, RefusesWhatIsSaidTwice) {
    const auto more = [](std::string_view text) { return std::string(whole) + std::string(text); };
    expect_refused(more("[[ports]]\nname='game'\nnumber=1\nprotocol='tcp'\n"), "ports.1",
                   "says `game` again");
    expect_refused(more("[[ports]]\nname='other'\nnumber=2456\nprotocol='both'\n"),
                   "ports.1.number", "another port's");
    expect_refused(more("[[variables]]\nname='PLAYERS'\n"), "variables.3", "again");
    expect_refused(more("[[volumes]]\nname='more'\ntarget='/data'\n"), "volumes.1", "again");
    expect_refused(with("SERVER_ID =", "PLAYERS ="), "environment.PLAYERS", "already");
    expect_refused(with("\"GAME_PORT\"", "\"PLAYERS\""), "ports.0.variable", "already");
}

TEST(Game, TcpAndUdpMayShareANumber) {
    const auto game =
        parse_game(std::string(whole) + "[[ports]]\nname='rcon'\nnumber=2456\nprotocol='tcp'\n");
    EXPECT_TRUE(game) << game.error().message;
}

TEST(Game, RefusesVariablesThatContradictThemselves) {
    const auto variable = [](std::string_view text) {
        return std::string(whole) + "[[variables]]\nname='V'\n" + std::string(text);
    };
    expect_refused(variable("type='integer'\ndefault='x'"), "variables.3.default", "whole number");
    expect_refused(variable("type='integer'\nmin=5\nmax=4"), "variables.3.min", "above max");
    expect_refused(variable("min=5"), "variables.3.min", "only for numbers");
    expect_refused(variable("type='choice'"), "variables.3.choices", "is missing");
    expect_refused(variable("choices=['a']"), "variables.3.choices", "only for choices");
    expect_refused(variable("type='choice'\nchoices=['a','a']"), "variables.3.choices", "twice");
    expect_refused(variable("type='choice'\nchoices=['a']\ndefault='b'"), "variables.3.default",
                   "one of: a");
    expect_refused(variable("pattern='['"), "variables.3.pattern", "no regular expression");
    expect_refused(variable("type='boolean'\non='0'\noff='1'"), "variables.3.on", "");
    expect_refused(variable("type='flag'"), "variables.3.type", "cannot be `flag`");
    expect_refused(variable("default=\"two\\nlines\""), "variables.3.default", "control");
}

TEST(Game, RefusesPlaceholdersThatStandForNothing) {
    expect_refused(with("{{SERVER_NAME}}", "{{SERVER_NAEM}}"), "command.1",
                   "did you mean `SERVER_NAME`?");
    expect_refused(with("{{port.game}}", "{{port.gam}}"), "command.2", "did you mean `port.game`?");
    expect_refused(with("{{PLAYERS}}", "{{PLAYERS"), "files.0.content", "without }}");
    expect_refused(with("{{server.id}}", "{{server.id|html}}"), "environment.SERVER_ID", "filter");
}

TEST(Game, RefusesAnOverlongDefinition) {
    const auto game = parse_game(std::string(game_bytes_max + 1, ' '));
    ASSERT_FALSE(game);
    EXPECT_EQ(game.error().code, Errc::too_large);
}

TEST(Game, JsonThatIsNoObjectIsRefused) {
    for (const auto& json : {nlohmann::json(), nlohmann::json(1), nlohmann::json::array()})
        EXPECT_FALSE(from_json(json));
    EXPECT_FALSE(from_json({{"id", "a"}, {"name", "A"}, {"image", "a"}, {"ports", {1, 2}}}));
    EXPECT_TRUE(from_json({{"id", "a"}, {"name", "A"}, {"image", "a"}, {"user", nullptr}}));
}

TEST(Game, HidesSecretDefaultsWhenAsked) {
    const auto game = parse_game(with("secret = true", "secret = true\ndefault = \"hunter2\""));
    ASSERT_TRUE(game);
    EXPECT_THAT(to_json(*game, true).dump(), testing::Not(HasSubstr("hunter2")));
    EXPECT_THAT(to_json(*game).dump(), HasSubstr("hunter2"));
}

}  // namespace
}  // namespace muster::games
