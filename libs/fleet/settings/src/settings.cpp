#include "muster/settings/settings.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "file.hpp"
#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"
#include "retired.hpp"
#include "values.hpp"
#include "world_checks.hpp"

namespace muster::settings {
namespace {

const Entry& entry_of(std::string_view name) {
    const auto entries = table();
    const auto found = std::ranges::find(entries, name, &Entry::name);
    MUSTER_ASSERT(found != entries.end());
    return *found;
}

std::string word_of(Role role) {
    switch (role) {
        case Role::up:
            return "up";
        case Role::coordinator:
            return "coordinator";
        case Role::node:
            return "node";
        case Role::world:
            return "world";
    }
    return "";
}

std::string data_dir_of(const Input& input) {
    const auto home = input.environment.find("HOME");
    const bool has_home = home != input.environment.end() && !home->second.empty();
    if (input.is_root || !has_home) return "/var/lib/muster";
    const auto data_home = input.environment.find("XDG_DATA_HOME");
    if (data_home != input.environment.end() && data_home->second.starts_with('/'))
        return data_home->second + "/muster";
    return home->second + "/.local/share/muster";
}

/// The known name that has the wrong one's last word, as MUSTER_WORLD_BOTS of MUSTER_BOTS, before
/// one that merely looks like it.
std::string suggested(std::string_view name, const std::vector<std::string>& known) {
    constexpr std::string_view between = "._-";
    const auto last = to_lower(name.substr(name.find_last_of(between) + 1));
    if (last.empty() || name.size() > 128) return suggestion(name, known);
    const std::string* best = nullptr;
    std::size_t best_distance = 0;
    for (const auto& candidate : known) {
        const auto lower = to_lower(candidate);
        const auto at = lower.rfind(last);
        if (at == std::string::npos || at == 0 || !between.contains(lower[at - 1])) continue;
        const auto end = at + last.size();
        if (end != lower.size() && !between.contains(lower[end])) continue;
        const auto distance = edit_distance(to_lower(name), lower);
        if (best != nullptr && distance >= best_distance) continue;
        best = &candidate;
        best_distance = distance;
    }
    return best == nullptr ? suggestion(name, known) : "did you mean `" + *best + "`?";
}

/// Shown in errors, so of bounded length and clean.
std::string shown(std::string_view name) {
    return to_utf8(name.substr(0, 128));
}

}  // namespace

/// Collects, for each entry, the value of the strongest source.
class Loader {
  public:
    explicit Loader(const Input& input) : input_(input) {}

    Result<Settings> load() {
        auto file = read_file_values(input_.file, input_.file_name);
        if (!file) return std::unexpected(file.error());
        file_ = std::move(*file);
        if (auto checked = check_names(); !checked) return std::unexpected(checked.error());
        for (const auto& entry : table())
            if (auto done = load_one(entry); !done) return std::unexpected(done.error());
        if (auto done = check_together(); !done) return std::unexpected(done.error());
        return std::move(settings_);
    }

  private:
    struct Found {
        std::string text;
        std::string source;
        Alias::Part part = Alias::Part::whole;
    };

    [[nodiscard]] std::string preset_of(const Entry& entry) const {
        if (entry.name == "data_dir") return data_dir_of(input_);
        const bool is_up = input_.role == Role::up && !entry.preset_of_up.empty();
        return std::string(is_up ? entry.preset_of_up : entry.preset);
    }

    [[nodiscard]] std::string line_of(const FileValue& value) const {
        return input_.file_name + " line " + std::to_string(value.line);
    }

    /// What the file says of the entry, by its name and then by its aliases.
    [[nodiscard]] std::vector<Found> in_file(const Entry& entry) const {
        std::vector<Found> found;
        const auto look = [&](std::string_view name, Alias::Part part) {
            const auto value = file_.find(std::string(name));
            if (value == file_.end() || (value->second.is_table && entry.type != Type::list))
                return;
            const bool is_alias = name != entry.name;
            // 0 is "no limit" and "the usual port" where the aliases come from.
            if (is_alias && trim(value->second.text) == "0") return;
            auto source = line_of(value->second);
            if (is_alias) source += " (" + std::string(name) + ")";
            found.push_back({value->second.text, std::move(source), part});
        };
        look(entry.name, Alias::Part::whole);
        if (!found.empty()) return found;
        for (const auto& alias : entry.file_aliases)
            if (alias.is_for(input_.role)) look(alias.name, alias.part);
        return found;
    }

    [[nodiscard]] std::vector<Found> in_environment(const Entry& entry) const {
        std::vector<Found> found;
        const auto look = [&](std::string_view name, Alias::Part part) {
            const auto value = input_.environment.find(std::string(name));
            if (value != input_.environment.end() && !value->second.empty())
                found.push_back({value->second, std::string(name), part});
        };
        look(entry.environment, Alias::Part::whole);
        if (!found.empty()) return found;
        for (const auto& alias : entry.environment_aliases) look(alias.name, alias.part);
        return found;
    }

    Result<void> load_one(const Entry& entry) {
        const auto preset = preset_of(entry);
        // Presets are ours: one that does not pass its own check is a bug, which a test finds.
        const auto checked_preset = check(entry, preset, preset);
        MUSTER_ASSERT(checked_preset.has_value());
        Settings::Value value{*checked_preset, "default"};
        // From the weakest source to the strongest, as one may say only a part of an address. All
        // are checked: a wrong value that is overruled today is a trap for tomorrow.
        auto sources = in_file(entry);
        for (auto& found : in_environment(entry)) sources.push_back(std::move(found));
        // Of another role's setting the same flag may mean something else.
        if (const auto flag = input_.flags.find(std::string(entry.flag));
            flag != input_.flags.end() && entry.is_for(input_.role))
            sources.push_back({flag->second, std::string(entry.flag), Alias::Part::whole});
        for (const auto& found : sources)
            if (auto done = apply(entry, found, preset, value); !done) return done;
        settings_.values_[std::string(entry.name)] = std::move(value);
        return {};
    }

    static Result<void> apply(const Entry& entry, const Found& found, const std::string& preset,
                              Settings::Value& value) {
        std::string text = found.text;
        if (found.part != Alias::Part::whole) {
            auto address = to_address(value.text, {}).value_or(Address{});
            const auto part = to_address(text, address);
            const auto number = to_number(text);
            const bool is_port = number && *number >= 0 && *number <= 65535;
            if (!part || (found.part == Alias::Part::port) != is_port)
                return fail(Errc::invalid_argument,
                            found.source + ": must be a " +
                                (found.part == Alias::Part::port ? "port" : "host"),
                            std::string(entry.name));
            text = to_text(*part);
        }
        const auto checked = check(entry, text, preset);
        if (!checked)
            return fail(Errc::invalid_argument,
                        found.source + ": " + std::string(entry.name) + " " + checked.error(),
                        std::string(entry.name));
        value = {*checked, found.source};
        return {};
    }

    Result<void> check_names() {
        if (auto done = check_flags(); !done) return done;
        if (auto done = check_environment(); !done) return done;
        return check_file();
    }

    Result<void> check_flags() const {
        std::vector<std::string> known;
        for (const auto& entry : table())
            if (entry.is_for(input_.role)) known.emplace_back(entry.flag);
        for (const auto& [flag, value] : input_.flags) {
            if (std::ranges::find(known, flag) != known.end()) continue;
            const auto other = std::ranges::find(table(), flag, &Entry::flag);
            if (other != table().end())
                return fail(Errc::invalid_argument,
                            flag + ": is not for `muster " + word_of(input_.role) + "`",
                            std::string(other->name));
            return fail(Errc::invalid_argument,
                        shown(flag) + ": is not known; " + suggested(flag, known), shown(flag));
        }
        return {};
    }

    Result<void> check_environment() const {
        std::vector<std::string> known;
        for (const auto& entry : table()) known.emplace_back(entry.environment);
        for (const auto& [name, value] : input_.environment) {
            if (!name.starts_with("MUSTER_") || name.starts_with("MUSTER_TEST_") ||
                name == "MUSTER_URL" || name == "MUSTER_TOKEN")
                continue;
            if (std::ranges::find(known, name) == known.end())
                return fail(Errc::invalid_argument,
                            shown(name) + ": is not known; " + suggested(name, known), shown(name));
        }
        return {};
    }

    // plugin.NAME.KEY, which no table of ours lists.
    bool take_plugins(const std::string& name, const FileValue& value) {
        constexpr std::string_view group = "plugin.";
        if (!name.starts_with(group)) return false;
        const auto dot = name.find('.', group.size());
        if (dot == std::string::npos || name.find('.', dot + 1) != std::string::npos) return false;
        const auto plugin = name.substr(group.size(), dot - group.size());
        settings_.plugins_[plugin][name.substr(dot + 1)] = value.text;
        return true;
    }

    Result<void> check_file() {
        std::vector<std::string> known;
        std::set<std::string> aliases;
        std::set<std::string> tables;  // whose keys are free: [node.labels]
        for (const auto& entry : table()) {
            if (!entry.may_be_in_file) continue;
            known.emplace_back(entry.name);
            for (const auto& alias : entry.file_aliases) aliases.emplace(alias.name);
            if (entry.type == Type::list) tables.emplace(entry.name);
        }
        for (const auto& [name, value] : file_) {
            if (value.is_table || aliases.contains(name) ||
                std::ranges::find(known, name) != known.end())
                continue;
            if (take_plugins(name, value)) continue;
            const auto dot = name.rfind('.');
            if (dot != std::string::npos && tables.contains(name.substr(0, dot))) continue;
            const auto old = std::ranges::find(retired(), name, &Retired::name);
            if (old == retired().end())
                return fail(Errc::invalid_argument,
                            line_of(value) + ": " + shown(name) + " is not known; " +
                                suggested(name, known),
                            shown(name));
            settings_.notes_.push_back(line_of(value) + ": " + name + " has no effect; " +
                                       std::string(old->instead));
        }
        return {};
    }

    // What only makes sense together.
    [[nodiscard]] Result<void> check_together() const {
        if (auto done = check_pairs_and_links(); !done) return done;
        return check_world_together(settings_);
    }

    [[nodiscard]] Result<void> check_pairs_and_links() const {
        for (const std::string_view pair : {"tls", "docker"}) {
            const auto certificate = std::string(pair) + ".certificate";
            const auto key = std::string(pair) + ".key";
            const bool has_certificate = !settings_.text(certificate).empty();
            if (has_certificate != settings_.text(key).empty()) continue;
            const auto& given = has_certificate ? certificate : key;
            const auto& missing = has_certificate ? key : certificate;
            return fail(Errc::invalid_argument,
                        settings_.source(given) + ": " + given + " needs " + missing + " as well",
                        missing);
        }
        if (settings_.duration("link.lease") <= settings_.duration("link.ping"))
            return fail(Errc::invalid_argument,
                        settings_.source("link.lease") +
                            ": link.lease must be longer than link.ping, or every node would be "
                            "unreachable between two signs of life",
                        "link.lease");
        return {};
    }

    const Input& input_;
    std::map<std::string, FileValue> file_;
    Settings settings_;
};

Result<Settings> load(const Input& input) {
    return Loader(input).load();
}

std::pair<std::vector<std::string>, bool> config_files(const Input& input) {
    const auto given = [&](std::string_view name) -> std::optional<std::string> {
        const auto& entry = entry_of(name);
        if (const auto flag = input.flags.find(std::string(entry.flag)); flag != input.flags.end())
            return flag->second;
        const auto variable = input.environment.find(std::string(entry.environment));
        if (variable == input.environment.end() || variable->second.empty()) return std::nullopt;
        return variable->second;
    };
    if (const auto config = given("config")) return {{*config}, true};
    const auto data_dir = given("data_dir").value_or(data_dir_of(input));
    return {{data_dir + "/muster.toml", "/etc/muster/muster.toml"}, false};
}

const Settings::Value& Settings::at(std::string_view name) const {
    const auto found = values_.find(name);
    MUSTER_ASSERT(found != values_.end());
    return found->second;
}

const std::string& Settings::text(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::text || entry_of(name).type == Type::secret);
    return at(name).text;
}

std::int64_t Settings::number(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::number || entry_of(name).type == Type::bytes);
    return to_number(at(name).text).value_or(0);
}

std::chrono::milliseconds Settings::duration(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::duration);
    // Kept in milliseconds, the canonical form.
    return std::chrono::milliseconds(to_number(at(name).text).value_or(0));
}

Address Settings::address(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::address);
    return to_address(at(name).text, {}).value_or(Address{});
}

std::vector<Address> Settings::addresses(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::addresses);
    std::vector<Address> out;
    for (const auto& item : split_list(at(name).text)) {
        out.push_back(to_address(item, {}).value_or(Address{}));
    }
    return out;
}

bool Settings::boolean(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::boolean);
    return at(name).text == "true";
}

std::vector<std::string> Settings::list(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::list);
    return split_list(at(name).text);
}

std::map<std::string, std::string> Settings::pairs(std::string_view name) const {
    std::map<std::string, std::string> pairs;
    for (const auto& item : list(name)) {
        const auto equals = item.find('=');
        pairs[std::string(trim(item.substr(0, equals)))] =
            equals == std::string::npos ? "" : std::string(trim(item.substr(equals + 1)));
    }
    return pairs;
}

PortRange Settings::port_range(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::port_range);
    return to_port_range(at(name).text).value_or(PortRange{});
}

std::vector<Area> Settings::areas(std::string_view name) const {
    MUSTER_ASSERT(entry_of(name).type == Type::areas);
    return to_areas(at(name).text).value_or(std::vector<Area>());
}

bool Settings::is_given(std::string_view name) const {
    return at(name).source != "default";
}

const std::string& Settings::source(std::string_view name) const {
    return at(name).source;
}

}  // namespace muster::settings
