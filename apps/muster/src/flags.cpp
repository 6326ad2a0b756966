#include "flags.hpp"

#include <fmt/format.h>

namespace muster {
namespace {

bool is_of(std::string_view flag, settings::Type type) {
    for (const auto& entry : settings::table()) {
        if (entry.flag == flag) return entry.type == type;
    }
    return false;
}

}  // namespace

Result<std::map<std::string, std::string>> read_flags(const std::vector<std::string>& words) {
    std::map<std::string, std::string> flags;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (!word.starts_with("--")) {
            return fail(Errc::invalid_argument, fmt::format("'{}' is not a flag", word));
        }
        const auto equals = word.find('=');
        const std::string flag = word.substr(0, equals);
        std::string value;
        if (equals != std::string::npos) {
            value = word.substr(equals + 1);
        } else if (is_of(flag, settings::Type::boolean)) {
            value = "true";
        } else if (i + 1 < words.size()) {
            value = words[++i];
        } else {
            return fail(Errc::invalid_argument, fmt::format("{} needs a value", flag), flag);
        }
        const auto [place, is_new] = flags.try_emplace(flag, value);
        if (is_new) continue;
        if (!is_of(flag, settings::Type::list)) {
            return fail(Errc::invalid_argument, fmt::format("{} is given twice", flag), flag);
        }
        place->second += "," + value;
    }
    return flags;
}

std::string help_of(settings::Role role, std::string_view name) {
    std::string out = fmt::format("Usage: muster {} [--flag value ...]\n\n", name);
    for (const auto& entry : settings::table()) {
        if (!entry.is_for(role)) continue;
        const auto preset = role == settings::Role::up && !entry.preset_of_up.empty()
                                ? entry.preset_of_up
                                : entry.preset;
        out += fmt::format("  {:<34} {}{}\n", entry.flag, entry.description,
                           preset.empty() ? "" : fmt::format(" [{}]", preset));
    }
    return out + "\nEach has an environment variable and a key in muster.toml: docs/settings.md.\n";
}

}  // namespace muster
