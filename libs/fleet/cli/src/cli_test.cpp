#include "muster/cli/cli.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace muster::cli {
namespace {

struct Outcome {
    int code;
    std::string out, err;
};

Outcome run_words(std::vector<std::string> words,
                  std::map<std::string, std::string> environment = {}) {
    std::istringstream in;
    std::ostringstream out, err;
    environment.emplace("HOME", "/nonexistent");
    const int code =
        run(std::move(words), {in, out, err, false, std::move(environment), "/nonexistent", "0"});
    return {code, out.str(), err.str()};
}

TEST(Cli, AWrongWordIsAUsageErrorThatSaysWhich) {
    const auto outcome = run_words({"servers", "deplyo"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("deplyo"), std::string::npos) << outcome.err;
}

TEST(Cli, AMissingOptionIsNamed) {
    const auto outcome = run_words({"servers", "deploy", "friday"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.err.find("--game"), std::string::npos) << outcome.err;
}

TEST(Cli, WithoutACoordinatorItSaysHowToNameOne) {
    const auto outcome = run_words({"servers", "list"});
    EXPECT_EQ(outcome.code, 1);
    for (const char* way : {"muster up", "--url", "MUSTER_URL", "--data-dir", "MUSTER_DATA_DIR"})
        EXPECT_NE(outcome.err.find(way), std::string::npos) << outcome.err;
}

TEST(Cli, ACoordinatorThatIsNotThereIsAClearError) {
    const auto outcome =
        run_words({"servers", "list", "--url", "http://127.0.0.1:1", "--token", "x"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find("127.0.0.1"), std::string::npos) << outcome.err;
}

TEST(Cli, CompletionKnowsEveryNounAndItsVerbs) {
    const std::string bash = completion("bash");
    for (const char* word :
         {"servers", "nodes", "join-token", "deploy", "tokens", "volumes", "data"}) {
        EXPECT_NE(bash.find(word), std::string::npos) << word;
    }
    EXPECT_TRUE(completion("fish").empty());
    EXPECT_TRUE(is_noun("servers"));
    EXPECT_FALSE(is_noun("up"));
}

TEST(Cli, HelpOfEveryCommandIsThere) {
    const auto outcome = run_words({"servers", "--help"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("deploy"), std::string::npos);
}

TEST(Cli, HelpOfEveryCommandNamesWhatAllOfThemTake) {
    const auto of_noun = run_words({"top", "--help"});
    const auto of_verb = run_words({"servers", "deploy", "--help"});
    for (const char* flag : {"--url", "--token", "--ca", "--json", "--no-wait"}) {
        EXPECT_NE(of_noun.out.find(flag), std::string::npos) << of_noun.out;
        EXPECT_NE(of_verb.out.find(flag), std::string::npos) << of_verb.out;
    }
}

}  // namespace
}  // namespace muster::cli
