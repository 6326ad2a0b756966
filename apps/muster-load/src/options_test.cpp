#include "options.hpp"

#include <gtest/gtest.h>

namespace muster::load {
namespace {

using namespace std::chrono_literals;

TEST(Options, HaveAllThatTheCommandLineSays) {
    const auto told =
        read_options({"--url",     "http://h:1", "--clients", "1000",   "--seconds", "2.5",
                      "--pattern", "crowd",      "--loss",    "5",      "--delay",   "50",
                      "--jitter",  "10",         "--rate",    "60",     "--threads", "2",
                      "--world",   "arena",      "--json",    "--blind"});
    ASSERT_TRUE(told.has_value()) << told.error().message;
    const auto& options = told->options;
    EXPECT_EQ(options.url, "http://h:1");
    EXPECT_EQ(options.clients, 1'000);
    EXPECT_EQ(options.seconds, 2.5);
    EXPECT_EQ(options.pattern, Pattern::crowd);
    EXPECT_DOUBLE_EQ(options.weather.loss, 0.05);
    EXPECT_EQ(options.weather.delay, 50ms);
    EXPECT_EQ(options.weather.jitter, 10ms);
    EXPECT_EQ(options.steps_a_message(), 1);
    EXPECT_EQ(options.threads, 2);
    EXPECT_TRUE(options.json);
    EXPECT_FALSE(options.witness);
    EXPECT_FALSE(told->text.has_value());
}

TEST(Options, RefuseWhatMakesNoSense) {
    EXPECT_FALSE(read_options({}).has_value());
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"--clients", "0"},
                                               {"--clients", "x"},
                                               {"--pattern", "circle"},
                                               {"--loss", "101"},
                                               {"--rate", "7"},
                                               {"--jitter", "10", "--delay", "5"},
                                               {"--what"},
                                               {"stray"}}) {
        auto all = words;
        all.insert(all.begin(), {"--url", "http://h:1"});
        EXPECT_FALSE(read_options(all).has_value()) << words.front();
    }
}

TEST(Options, AWrongPatternIsAnErrorThatNamesTheChoices) {
    const auto told = read_options({"--url", "http://h:1", "--pattern", "circle"});
    ASSERT_FALSE(told.has_value());
    EXPECT_EQ(told.error().message,
              "--pattern: must be uniform, crowd, storm or walk, not 'circle'");
}

TEST(Options, HelpNamesEveryPatternAndExitCode) {
    const auto told = read_options({"--help"});
    ASSERT_TRUE(told.has_value() && told->text.has_value());
    for (const char* word : {"uniform", "crowd", "storm", "walk", "--loss", "Exit codes"}) {
        EXPECT_NE(told->text->find(word), std::string::npos) << word;
    }
}

TEST(Options, NeverMoreThreadsThanPlayers) {
    const auto told = read_options({"--url", "http://h:1", "--clients", "3", "--threads", "8"});
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->options.threads, 3);
}

}  // namespace
}  // namespace muster::load
