#include "muster/games/settings_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace muster::games {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<Setting> read(std::string_view text) {
    const auto settings = settings_from_json(json::parse(text));
    EXPECT_TRUE(settings) << settings.error().message;
    return settings.value_or(std::vector<Setting>());
}

void expect_refused(std::string_view text, std::string_view field, std::string_view reason) {
    const auto settings = settings_from_json(json::parse(text));
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().field, field) << settings.error().message;
    EXPECT_THAT(settings.error().message, HasSubstr(std::string(reason)));
}

TEST(Settings, EnvMergesAMapIntoTheEnvironment) {
    const auto plan = plan_settings(read(R"([
        {"type":"env","name":"ignored","content":{"A":"1","B":2,"C":true}},
        {"type":"env","name":"B","value":"later"}])"));
    EXPECT_EQ(plan.environment,
              (std::map<std::string, std::string>{{"A", "1"}, {"B", "later"}, {"C", "true"}}));
    EXPECT_TRUE(plan.files.empty());
}

TEST(Settings, JsonIsSerialisedIntoAFile) {
    const auto plan =
        plan_settings(read(R"([{"type":"json","name":"server.json","content":{"b":[1,2]}},
                               {"type":"json","name":"text.json","content":"{\"a\":1}"}])"));
    ASSERT_EQ(plan.files.size(), 2U);
    EXPECT_EQ(plan.files[0].name, "server.json");
    EXPECT_EQ(json::parse(plan.files[0].content), json::parse(R"({"b":[1,2]})"));
    EXPECT_EQ(json::parse(plan.files[1].content), json::parse(R"({"a":1})"));
}

TEST(Settings, TxtIsWrittenAsItIs) {
    const auto plan = plan_settings(
        read(R"([{"type":"txt","name":"a/admins.txt","content":"one\t1\r\ntwo\n"}])"));
    EXPECT_THAT(plan.files,
                ElementsAre(SettingFile{.name = "a/admins.txt", .content = "one\t1\r\ntwo\n"}));
}

TEST(Settings, TheTypeIsFoundByItsWord) {
    const auto settings = read(R"([{"type":"env_vars","content":{"A":"1"}},
                                   {"type":"txt file","name":"n","content":"x"}])");
    EXPECT_EQ(settings[0].type, SettingType::env);
    EXPECT_EQ(settings[1].type, SettingType::txt);
    expect_refused(R"([{"type":"yaml","name":"x"}])", "settings.0.type", "env, json or txt");
    expect_refused(R"([{"type":"json_txt","name":"x"}])", "settings.0.type", "env, json or txt");
    expect_refused(R"([{"name":"x"}])", "settings.0.type", "env, json or txt");
}

TEST(Settings, AllThatAreRequiredAndMissingAreNamed) {
    expect_refused(R"([{"type":"env","content":{"OK":"1"}},
                       {"type":"env","content":{"A":"-REQUIRED-"}},
                       {"type":"env","name":"B","value":"","required":true},
                       {"type":"env","name":"N","required":true},
                       {"type":"json","name":"c.json","content":{"x":["-REQUIRED-"]}},
                       {"type":"txt","name":"d.txt","content":"pw=-REQUIRED-\n"},
                       {"type":"txt","name":"e.txt","required":true}])",
                   "settings.1", "A, B, N, c.json, d.txt, e.txt");
}

TEST(Settings, OptionalOnesMayBeEmpty) {
    const auto plan = plan_settings(read(R"([{"type":"env","name":"A","value":""},
                                             {"type":"env","name":"N","value":null},
                                             {"type":"txt","name":"e.txt"}])"));
    EXPECT_EQ(plan.environment, (std::map<std::string, std::string>{{"A", ""}}));
    EXPECT_THAT(plan.files, ElementsAre(SettingFile{.name = "e.txt", .content = ""}));
}

TEST(Settings, FilesCannotLeaveTheConfigFolder) {
    for (const auto* name : {"../x", "/etc/passwd", "a/../../b", "", ".", "..", "a//b", "a/"})
        expect_refused(json::array({{{"type", "txt"}, {"name", name}, {"content", "x"}}}).dump(),
                       "settings.0.name", "below config");
}

TEST(Settings, RefuseWhatIsWrong) {
    expect_refused(R"({})", "settings", "must be a list");
    expect_refused(R"([1])", "settings.0", "table");
    expect_refused(R"([{"type":"env","content":{"A B":"1"}}])", "settings.0.content", "variable");
    expect_refused(R"([{"type":"env","content":{"A":["1"]}}])", "settings.0.content", "text");
    expect_refused(R"([{"type":"env","value":"1"}])", "settings.0.name", "missing");
    expect_refused(R"([{"type":"json","name":"a","content":"{"}])", "settings.0.content", "JSON");
    expect_refused(R"([{"type":"txt","name":"a","content":{}}])", "settings.0.content", "text");
    expect_refused(R"([{"type":"txt","name":"a","contnt":"x"}])", "settings.0.contnt",
                   "did you mean `content`?");
    expect_refused(R"([{"type":"txt","name":"a","content":"x","value":"x"}])", "settings.0.value",
                   "cannot both");
    expect_refused(R"([{"type":"txt","name":"a","content":"x"},
                       {"type":"json","name":"a","content":1}])",
                   "settings.1.name", "again");
    const std::string much(settings_bytes_max + 1, 'x');
    const auto large =
        settings_from_json(json::array({{{"type", "txt"}, {"name", "a"}, {"content", much}}}));
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, Errc::too_large);
}

TEST(Settings, SecureOnesAreMaskedAndTakenBack) {
    const auto stored = read(R"([
        {"type":"env","content":{"PASSWORD":"hunter2","OTHER":"x"},"secure":true},
        {"type":"env","name":"ONE","value":"hunter2","secure":true},
        {"type":"env","name":"NONE"},
        {"type":"json","name":"a.json","content":{"key":"hunter2"},"secure":true},
        {"type":"txt","name":"b.txt","content":"hunter2","secure":true},
        {"type":"txt","name":"c.txt","content":"open"}])");
    const auto shown = to_json(stored, true);
    EXPECT_THAT(shown.dump(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(shown.dump(), HasSubstr("open"));
    const auto back = settings_from_json(shown);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(unmask_settings(*back, stored), stored);
}

TEST(Settings, AreTheSameAfterARoundTrip) {
    const auto settings = read(R"([{"type":"env","name":"A","value":"1","required":true},
                                   {"type":"env","content":{"B":"2","C":""}},
                                   {"type":"json","name":"a.json","value":"[1,2]"},
                                   {"type":"json","name":"b.json","value":"\"text\""},
                                   {"type":"txt","name":"c.txt","value":"[1]"}])");
    const auto shown = to_json(settings, false);
    EXPECT_EQ(shown[0]["value"], "1");
    EXPECT_EQ(shown[1]["value"]["B"], "2");
    EXPECT_EQ(shown[2]["value"], json::parse("[1,2]"));
    EXPECT_EQ(settings_from_json(shown), settings);
}

TEST(Settings, FilesGoIntoTheConfigVolumeOrBelowTheFirst) {
    const auto plan = plan_settings(read(R"([{"type":"txt","name":"a.txt","content":"x"}])"));
    Game game;
    EXPECT_EQ(place_setting_files(game, plan).error().code, Errc::unsupported);
    EXPECT_TRUE(place_setting_files(game, {})->empty());
    game.volumes = {{.name = "data", .target = "/data"}};
    EXPECT_EQ(place_setting_files(game, plan)->at(0).path, "config/a.txt");
    game.volumes.push_back({.name = "config", .target = "/config"});
    const auto placed = place_setting_files(game, plan);
    EXPECT_EQ(placed->at(0).volume, "config");
    EXPECT_EQ(placed->at(0).path, "a.txt");
    EXPECT_FALSE(placed->at(0).keep_existing);
}

TEST(Settings, DeepJsonIsRefusedNotFollowed) {
    std::string deep(30000, '[');
    deep += std::string(30000, ']');
    const auto settings =
        settings_from_json(json::array({{{"type", "json"}, {"name", "a"}, {"content", deep}}}));
    EXPECT_FALSE(settings);
}

}  // namespace
}  // namespace muster::games
