// Goal: what is no plugin for this server is refused before a world begins, and by its name.
#include <gtest/gtest.h>

#include "testing/bench.hpp"

namespace muster::plugins {
namespace {

using testing::Bench;
using testing::example;
using testing::Folder;
using testing::test_plugin;

std::string refusal(std::vector<std::string> files) {
    Bench bench;
    const auto opened = bench.open(std::move(files));
    if (opened) return "none";
    EXPECT_EQ(opened.error().code, Errc::invalid_argument);
    EXPECT_EQ(opened.error().field, "world.plugins");
    return opened.error().message;
}

void expect_refused(std::vector<std::string> files, const std::string& file,
                    const std::string& why) {
    const std::string text = refusal(std::move(files));
    EXPECT_NE(text.find(file), std::string::npos) << text;
    EXPECT_NE(text.find(why), std::string::npos) << text;
}

TEST(Refused, IsAnotherVersionOfTheAbi) {
    expect_refused({test_plugin("older_abi")}, "older_abi.so",
                   "is built for version 4000000 of the plugin ABI, and this server has version 1");
}

TEST(Refused, IsALaterHeaderThanTheServers) {
    expect_refused({test_plugin("newer")}, "newer.so", "newer sdk/plugin than the server's");
}

TEST(Refused, IsWhatIsNoPlugin) {
    expect_refused({test_plugin("no_plugin")}, "no_plugin.so", "exports no muster_plugin_describe");
    expect_refused({test_plugin("nameless")}, "nameless.so", "a name that is not");
    expect_refused({"/nowhere/at-all.so"}, "/nowhere/at-all.so", "is not there");
    const Folder folder;
    expect_refused({folder.path.string()}, folder.path.string(), "holds no .so");
    const auto text = folder.path / "text.so";
    std::FILE* const file = std::fopen(text.c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fputs("no library", file);
    std::fclose(file);
    expect_refused({folder.path.string()}, "text.so", "cannot be loaded");
    std::filesystem::permissions(text, std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::add);
    expect_refused({text.string()}, "text.so", "may be written by everybody");
}

TEST(Refused, IsTheSameNameTwice) {
    expect_refused({example("echo"), example("echo")}, "echo.so", "a plugin of the name echo, as");
}

TEST(Refused, IsAnInstanceThatThrowsWhenItIsMade) {
    Bench bench;
    Options options = bench.options({test_plugin("puppet"), test_plugin("throwing")});
    options.settings["throwing"]["refuse"] = "yes";
    const auto opened = bench.open(std::move(options));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message,
              "plugin throwing in bench does not start: it was told to refuse");
    EXPECT_TRUE(bench.log.has("plugin puppet in bench: ended")) << "those before it are ended";
}

TEST(Refused, AreSettingsThatNobodyReadsWithAWarningOnly) {
    Bench bench;
    Options options = bench.options({example("echo")});
    options.settings["eco"]["x"] = "y";
    EXPECT_TRUE(bench.open(std::move(options)));
    EXPECT_TRUE(bench.log.has("the plugin eco, which is not loaded")) << bench.log.all();
}

}  // namespace
}  // namespace muster::plugins
