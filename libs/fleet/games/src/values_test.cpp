#include "values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace muster::games {
namespace {

using testing::HasSubstr;
using testing::Not;
using Values = std::map<std::string, std::string>;

Game game_with(std::vector<Variable> variables) {
    Game game;
    game.name = "Demo";
    game.variables = std::move(variables);
    return game;
}

Variable text(std::string name) {
    Variable variable;
    variable.name = std::move(name);
    return variable;
}

Variable typed(std::string name, VariableType type) {
    auto variable = text(std::move(name));
    variable.type = type;
    return variable;
}

TEST(Variables, NamesAllThatAreRequiredAndMissing) {
    auto a = text("A");
    auto b = text("B");
    auto c = text("C");
    a.required = c.required = true;
    const auto complete = complete_variables(game_with({a, b, c}), {{"B", "x"}, {"C", ""}});
    ASSERT_FALSE(complete);
    EXPECT_THAT(complete.error().message, HasSubstr("A, C"));
    EXPECT_EQ(complete.error().field, "variables.A");
}

TEST(Variables, FillsInDefaultsAndKeepsWhatWasGiven) {
    auto a = text("A");
    a.default_value = "usual";
    auto b = typed("B", VariableType::integer);
    b.default_value = "5";
    const auto game = game_with({a, b, text("C")});
    EXPECT_EQ(complete_variables(game, {}), (Values{{"A", "usual"}, {"B", "5"}, {"C", ""}}));
    EXPECT_EQ(complete_variables(game, {{"A", ""}, {"B", ""}, {"C", "c"}}),
              (Values{{"A", ""}, {"B", "5"}, {"C", "c"}}));
}

TEST(Variables, NamesTheNearestForAnUnknownOne) {
    const auto complete =
        complete_variables(game_with({text("SERVER_NAME")}), {{"SERVERNAME", ""}});
    ASSERT_FALSE(complete);
    EXPECT_EQ(complete.error().field, "variables.SERVERNAME");
    EXPECT_THAT(complete.error().message, HasSubstr("did you mean `SERVER_NAME`?"));
}

TEST(Variables, ChecksTypes) {
    auto integer = typed("V", VariableType::integer);
    integer.min = 1;
    integer.max = 64;
    EXPECT_EQ(check_value(integer, "007"), "7");
    for (const auto* bad : {"0", "65", "1.5", "x", " 7", "99999999999999999999", "7 "})
        EXPECT_FALSE(check_value(integer, bad)) << bad;

    auto number = typed("V", VariableType::number);
    number.min = 0;
    EXPECT_EQ(check_value(number, "0.25"), "0.25");
    for (const auto* bad : {"-1", "nan", "inf", "1e999", "1,5"})
        EXPECT_FALSE(check_value(number, bad)) << bad;

    auto flag = typed("V", VariableType::boolean);
    flag.on = "1";
    flag.off = "0";
    EXPECT_EQ(check_value(flag, "Yes"), "1");
    EXPECT_EQ(check_value(flag, "false"), "0");
    EXPECT_EQ(check_value(flag, "1"), "1");
    EXPECT_FALSE(check_value(flag, "maybe"));

    auto choice = typed("V", VariableType::choice);
    choice.choices = {"easy", "hard"};
    EXPECT_EQ(check_value(choice, "easy"), "easy");
    EXPECT_FALSE(check_value(choice, "Easy"));
}

TEST(Variables, ChecksTexts) {
    auto variable = text("V");
    variable.length_min = 2;
    variable.length_max = 3;
    EXPECT_EQ(check_value(variable, ""), "");
    EXPECT_EQ(check_value(variable, "\xC3\xA4\xC3\xB6\xC3\xBC"), "\xC3\xA4\xC3\xB6\xC3\xBC");
    EXPECT_FALSE(check_value(variable, "a"));
    EXPECT_FALSE(check_value(variable, "abcd"));
    variable = text("V");
    variable.pattern = "[a-z]+";
    EXPECT_TRUE(check_value(variable, "abc"));
    EXPECT_FALSE(check_value(variable, "abc1"));
    EXPECT_FALSE(check_value(text("V"), "a\nb"));
    EXPECT_FALSE(check_value(text("V"), std::string_view("a\0b", 3)));
    EXPECT_FALSE(check_value(text("V"), "\xff"));
    variable = text("V");
    variable.multiline = true;
    EXPECT_TRUE(check_value(variable, "a\nb\tc"));
    EXPECT_FALSE(check_value(variable, "a\x1b[0m"));
    EXPECT_FALSE(check_value(variable, std::string(value_bytes_max + 1, 'x')));
}

TEST(Variables, ErrorsDoNotTellTheValue) {
    auto variable = text("PASSWORD");
    variable.secret = true;
    variable.pattern = "[0-9]+";
    const auto complete = complete_variables(game_with({variable}), {{"PASSWORD", "hunter2"}});
    ASSERT_FALSE(complete);
    EXPECT_THAT(complete.error().message, Not(HasSubstr("hunter2")));
}

TEST(Variables, MasksSecretsAndTakesThemBack) {
    auto secret = text("PASSWORD");
    secret.secret = true;
    const auto game = game_with({secret, text("NAME")});
    const Values stored{{"PASSWORD", "hunter2"}, {"NAME", "n"}};
    const auto masked = mask_variables(game, stored);
    EXPECT_EQ(masked, (Values{{"PASSWORD", "********"}, {"NAME", "n"}}));
    EXPECT_EQ(unmask_variables(game, masked, stored), stored);
    EXPECT_EQ(unmask_variables(game, {{"PASSWORD", "new"}}, stored), (Values{{"PASSWORD", "new"}}));
    EXPECT_EQ(mask_variables(game, {{"PASSWORD", ""}}), (Values{{"PASSWORD", ""}}));
}

/// Whatever a person answers: what is accepted once is accepted again unchanged.
TEST(Variables, CompletingTwiceIsCompletingOnce) {
    std::mt19937 random(20261130);
    const auto below = [&](std::size_t count) { return random() % count; };
    const std::vector<std::string> words{"",     "0",   "1",    "true", "off", "5",   "-3",
                                         "2.50", "1e3", "easy", "hard", "x y", "007", "\n"};
    int accepted = 0;
    for (int round = 0; round < 3000; ++round) {
        std::vector<Variable> variables;
        Values given;
        for (std::size_t i = 0; i < 1 + below(4); ++i) {
            auto variable = typed("V" + std::to_string(i), static_cast<VariableType>(below(5)));
            variable.required = below(4) == 0;
            variable.multiline = below(2) == 0;
            if (variable.type == VariableType::choice) variable.choices = {"easy", "hard", "0"};
            if (variable.type == VariableType::boolean && below(2) == 0) {
                variable.on = "1";
                variable.off = "0";
            }
            if (below(2) == 0)
                if (const auto value = check_value(variable, words[below(words.size())]))
                    variable.default_value = *value;
            if (below(3) != 0) given[variable.name] = words[below(words.size())];
            variables.push_back(std::move(variable));
        }
        const auto game = game_with(variables);
        const auto once = complete_variables(game, given);
        if (!once) continue;
        ++accepted;
        ASSERT_EQ(complete_variables(game, *once), once);
        ASSERT_EQ(once->size(), variables.size());
        for (const auto& variable : variables)
            if (variable.required) ASSERT_NE(once->at(variable.name), "");
    }
    EXPECT_GT(accepted, 200);
}

}  // namespace
}  // namespace muster::games
