#include "values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"
#include "muster/games/pattern.hpp"

namespace muster::games {
namespace {

using Checked = std::expected<std::string, std::string>;

std::unexpected<std::string> wrong(std::string why) {
    return std::unexpected(std::move(why));
}

std::string number_text(double value) {
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

std::size_t characters_of(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Checked check_limits(const Variable& variable, double value, std::string text) {
    const bool low = variable.min && value < *variable.min;
    const bool high = variable.max && value > *variable.max;
    if (!low && !high) return text;
    if (variable.min && variable.max)
        return wrong("must be from " + number_text(*variable.min) + " to " +
                     number_text(*variable.max));
    return wrong(low ? "must be at least " + number_text(*variable.min)
                     : "must be at most " + number_text(*variable.max));
}

Checked check_integer(const Variable& variable, std::string_view value) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size())
        return wrong("must be a whole number");
    return check_limits(variable, static_cast<double>(number), std::to_string(number));
}

Checked check_number(const Variable& variable, std::string_view value) {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number))
        return wrong("must be a number");
    return check_limits(variable, number, std::string(value));
}

Checked check_text(const Variable& variable, std::string_view value) {
    const auto length = characters_of(value);
    if (variable.length_min && length < *variable.length_min)
        return wrong("must have at least " + std::to_string(*variable.length_min) + " characters");
    if (variable.length_max && length > *variable.length_max)
        return wrong("must have at most " + std::to_string(*variable.length_max) + " characters");
    if (variable.pattern.empty()) return std::string(value);
    const auto pattern = Pattern::make(variable.pattern);
    if (!pattern || !pattern->matches(value)) return wrong("must match " + variable.pattern);
    return std::string(value);
}

}  // namespace

bool is_value_text(std::string_view text, bool multiline) {
    const auto is_allowed = [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) return true;
        return multiline && (c == '\n' || c == '\r' || c == '\t');
    };
    return std::ranges::all_of(text, is_allowed) && is_utf8(text);
}

std::optional<bool> reads_as(std::string_view text) {
    const auto word = to_lower(text);
    if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
    if (word == "false" || word == "no" || word == "off" || word == "0") return false;
    return std::nullopt;
}

Checked check_value(const Variable& variable, std::string_view value) {
    if (value.size() > value_bytes_max)
        return wrong("must have at most " + std::to_string(value_bytes_max) + " bytes");
    if (!is_value_text(value, variable.multiline))
        return wrong(variable.multiline ? "must be text without control characters"
                                        : "must be one line without control characters");
    if (value.empty()) return std::string();
    switch (variable.type) {
        case VariableType::text:
            return check_text(variable, value);
        case VariableType::integer:
            return check_integer(variable, value);
        case VariableType::number:
            return check_number(variable, value);
        case VariableType::boolean:
            if (value == variable.on || value == variable.off) return std::string(value);
            if (const auto flag = reads_as(value)) return *flag ? variable.on : variable.off;
            return wrong("must be true or false");
        case VariableType::choice:
            if (std::ranges::find(variable.choices, value) != variable.choices.end())
                return std::string(value);
            return wrong("must be one of: " + join(variable.choices));
    }
    return wrong("has no type");
}

Placeholders example_placeholders(const Game& game) {
    Placeholders values{{"server.id", "x"}, {"server.name", "x"}, {"node.address", "x"}};
    for (const auto& variable : game.variables) values[variable.name] = "x";
    for (const auto& port : game.ports) {
        values["port." + port.name] = "1";
        if (!port.variable.empty()) values[port.variable] = "1";
    }
    return values;
}

Result<std::map<std::string, std::string>> complete_variables(
    const Game& game, const std::map<std::string, std::string>& given) {
    std::vector<std::string> names;
    for (const auto& variable : game.variables) names.push_back(variable.name);
    for (const auto& [name, value] : given) {
        if (std::ranges::find(names, name) == names.end())
            return fail(Errc::invalid_argument,
                        game.name + " has no variable `" + to_utf8(name.substr(0, 128)) + "`; " +
                            suggestion(name, names),
                        "variables." + to_utf8(name.substr(0, 128)));
    }
    std::map<std::string, std::string> complete;
    std::vector<std::string> missing;
    for (const auto& variable : game.variables) {
        const auto found = given.find(variable.name);
        // An empty answer means "as it is by default", but for texts that may well be empty.
        const bool is_given =
            found != given.end() &&
            (!found->second.empty() || (variable.type == VariableType::text && !variable.required));
        const auto checked =
            check_value(variable, is_given ? found->second : variable.default_value.value_or(""));
        if (!checked)
            return fail(Errc::invalid_argument, variable.name + " " + checked.error(),
                        "variables." + variable.name);
        if (variable.required && checked->empty()) missing.push_back(variable.name);
        complete[variable.name] = *checked;
    }
    if (missing.empty()) return complete;
    return fail(Errc::invalid_argument,
                game.name + " needs " + join(missing) +
                    (missing.size() == 1 ? ", which is required" : ", which are required"),
                "variables." + missing.front());
}

std::map<std::string, std::string> mask_variables(const Game& game,
                                                  std::map<std::string, std::string> variables) {
    for (const auto& variable : game.variables) {
        const auto found = variables.find(variable.name);
        if (variable.secret && found != variables.end() && !found->second.empty())
            found->second = masked_value;
    }
    return variables;
}

std::map<std::string, std::string> unmask_variables(
    const Game& game, std::map<std::string, std::string> given,
    const std::map<std::string, std::string>& stored) {
    for (const auto& variable : game.variables) {
        const auto found = given.find(variable.name);
        if (!variable.secret || found == given.end() || found->second != masked_value) continue;
        if (const auto old = stored.find(variable.name); old != stored.end())
            found->second = old->second;
    }
    return given;
}

}  // namespace muster::games
