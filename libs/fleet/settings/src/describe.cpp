#include <array>

#include "muster/base/text.hpp"
#include "muster/settings/settings.hpp"
#include "retired.hpp"

namespace muster::settings {
namespace {

constexpr std::array<std::string_view, 11> type_names{"text",    "number",     "duration",  "size",
                                                      "address", "addresses",  "boolean",   "list",
                                                      "secret",  "port range", "rectangles"};

std::string code(std::string_view text) {
    return "`" + std::string(text) + "`";
}

std::string preset_of(const Entry& entry) {
    if (entry.preset.empty()) return "";
    auto text = code(entry.preset);
    if (!entry.preset_of_up.empty()) text += "; `muster up`: " + code(entry.preset_of_up);
    return text;
}

std::string roles_of(const Entry& entry) {
    std::vector<std::string> roles;
    if (entry.is_for(Role::up)) roles.emplace_back("up");
    if (entry.is_for(Role::coordinator)) roles.emplace_back("coordinator");
    if (entry.is_for(Role::node)) roles.emplace_back("node");
    if (entry.is_for(Role::world)) roles.emplace_back("world");
    return roles.size() == 4 ? "all" : join(roles);
}

std::string aliases_of(const Entry& entry) {
    std::vector<std::string> names;
    const auto add = [&](const std::vector<Alias>& aliases) {
        for (const auto& alias : aliases) {
            const auto* part = alias.part == Alias::Part::host   ? " (host)"
                               : alias.part == Alias::Part::port ? " (port)"
                                                                 : "";
            names.push_back(code(alias.name) + part);
        }
    };
    add(entry.environment_aliases);
    add(entry.file_aliases);
    return join(names);
}

std::string description_of(const Entry& entry) {
    auto text = std::string(entry.description);
    if (!entry.choices.empty()) {
        std::vector<std::string> choices;
        for (const auto choice : entry.choices) choices.push_back(code(choice));
        text += " One of " + join(choices) + ".";
    }
    if (const auto aliases = aliases_of(entry); !aliases.empty()) text += " Also: " + aliases + ".";
    return text;
}

}  // namespace

std::string describe() {
    std::string text =
        "| in muster.toml | flag | environment | kind | default | for | what |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const auto& entry : table()) {
        text += "| " + (entry.may_be_in_file ? code(entry.name) : std::string()) + " | " +
                code(entry.flag) + " | " + code(entry.environment) + " | " +
                std::string(type_names.at(static_cast<std::size_t>(entry.type))) + " | " +
                preset_of(entry) + " | " + roles_of(entry) + " | " + description_of(entry) + " |\n";
    }
    text += "\nUnderstood, and without effect:\n\n";
    for (const auto& old : retired())
        text += "- " + code(old.name) + ": " + std::string(old.instead) + "\n";
    return text;
}

}  // namespace muster::settings
