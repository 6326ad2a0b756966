#include "muster/games/settings_files.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "fields.hpp"
#include "muster/base/text.hpp"
#include "values.hpp"

namespace muster::games {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> types{"env", "json", "txt"};
constexpr int json_indent = 4;
constexpr std::size_t json_depth_max = 64;

std::optional<SettingType> type_of(std::string_view word) {
    std::optional<SettingType> found;
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (word.find(types.at(i)) == std::string_view::npos) continue;
        if (found) return std::nullopt;  // "json_txt" could be either
        found = static_cast<SettingType>(i);
    }
    return found;
}

/// Whether the marker is anywhere in it, or it is too deep to look.
bool has_marker(const json& value, std::size_t depth = 0) {
    if (depth > json_depth_max) return false;
    if (value.is_string())
        return value.get_ref<const std::string&>().find(required_marker) != std::string::npos;
    return value.is_structured() && std::ranges::any_of(value, [&](const json& part) {
               return has_marker(part, depth + 1);
           });
}

bool is_too_deep(const json& value, std::size_t depth = 0) {
    if (depth > json_depth_max) return true;
    return value.is_structured() && std::ranges::any_of(value, [&](const json& part) {
               return is_too_deep(part, depth + 1);
           });
}

class Reader {
  public:
    Reader(Fields& fields, std::vector<std::string>& missing)
        : fields_(fields), missing_(missing) {}

    Setting read() {
        const auto word = fields_.text("type", 64);
        const auto type = type_of(word);
        if (!type) fields_.say("type", "must be env, json or txt");
        setting_.type = type.value_or(SettingType::txt);
        setting_.name = fields_.text("name", 255);
        setting_.required = fields_.boolean("required", false);
        setting_.secure = fields_.boolean("secure", false);
        const auto* content = fields_.any("content");
        const auto* value = fields_.any("value");
        if (content != nullptr && value != nullptr)
            fields_.say("value", "and `content` are the same and cannot both be given");
        key_ = value != nullptr ? "value" : "content";
        const json nothing;
        const json& given = value != nullptr ? *value : content != nullptr ? *content : nothing;
        if (setting_.type == SettingType::env)
            read_environment(given);
        else
            read_file(given);
        fields_.close();
        return std::move(setting_);
    }

  private:
    void read_environment(const json& given) {
        if (given.is_object()) {
            for (const auto& [name, value] : given.items()) put(name, value);
            if (given.empty() && setting_.required) missing_.push_back(setting_.name);
            setting_.name.clear();
            return;
        }
        if (setting_.name.empty()) fields_.say("name", "is missing");
        put(setting_.name, given);
    }

    void put(const std::string& name, const json& value) {
        const auto text = value.is_null() ? std::string() : scalar_text(value);
        if (!is_environment_name(name))
            fields_.say(key_, "names no variable of the environment");
        else if (!text)
            fields_.say(key_, "must be a text, number or boolean, or a map of them");
        else if (text->size() > value_bytes_max || text->find('\0') != std::string::npos)
            fields_.say(key_, "must have at most 32768 bytes and no zero byte");
        else if (has_marker(value) || (text->empty() && setting_.required))
            missing_.push_back(name);
        else if (!value.is_null())
            setting_.environment[name] = *text;
    }

    void read_file(const json& given) {
        if (!is_inside_path(setting_.name))
            fields_.say("name", "must be a file's name below config, without . and ..");
        const bool is_empty =
            given.is_null() || (given.is_string() && given.get_ref<const std::string&>().empty());
        if (has_marker(given) || (is_empty && setting_.required)) {
            missing_.push_back(setting_.name);
            return;
        }
        if (setting_.type == SettingType::txt) {
            if (!is_empty && !given.is_string()) fields_.say(key_, "must be a text");
            if (given.is_string()) setting_.content = given.get<std::string>();
            return;
        }
        // PEON's form carries JSON; who fills in a text field writes JSON into it.
        const json parsed = given.is_string() && given != std::string(masked_value)
                                ? json::parse(given.get_ref<const std::string&>(), nullptr, false)
                                : given;
        if (parsed.is_discarded() || is_too_deep(parsed)) {
            fields_.say(key_, "must be JSON");
            return;
        }
        if (has_marker(parsed)) {
            missing_.push_back(setting_.name);
            return;
        }
        setting_.content =
            parsed == json(masked_value)
                ? std::string(masked_value)
                : parsed.dump(json_indent, ' ', false, json::error_handler_t::replace);
    }

    Fields& fields_;
    std::vector<std::string>& missing_;
    Setting setting_;
    std::string key_;
};

/// What a setting is known by when it comes again.
std::pair<SettingType, std::string> identity_of(const Setting& setting) {
    return {setting.type, setting.name};
}

}  // namespace

Result<std::vector<Setting>> settings_from_json(const json& list) {
    if (list.is_null()) return std::vector<Setting>();
    if (!list.is_array() || list.size() > settings_max)
        return fail(Errc::invalid_argument,
                    "settings must be a list of at most " + std::to_string(settings_max),
                    "settings");
    Problem problem;
    std::vector<std::string> missing;
    std::string first_missing;
    std::vector<Setting> settings;
    std::set<std::string> names;
    std::size_t bytes = 0;
    for (const auto& item : list) {
        const auto path = "settings." + std::to_string(settings.size());
        Fields fields(item, path, problem);
        const auto missing_before = missing.size();
        settings.push_back(Reader(fields, missing).read());
        const auto& setting = settings.back();
        if (missing.size() > missing_before && first_missing.empty()) first_missing = path;
        if (setting.type != SettingType::env && !names.insert(setting.name).second)
            problem.say(path + ".name", "says `" + setting.name + "` again");
        bytes += setting.content.size();
        for (const auto& [name, value] : setting.environment) bytes += name.size() + value.size();
    }
    if (problem.any()) return std::unexpected(problem.error());
    if (!missing.empty())
        return fail(Errc::invalid_argument,
                    "these settings are required and have no value: " + join(missing),
                    first_missing);
    if (bytes > settings_bytes_max)
        return fail(
            Errc::too_large,
            "all settings together have at most " + std::to_string(settings_bytes_max) + " bytes",
            "settings");
    return settings;
}

json to_json(const std::vector<Setting>& settings, bool mask_secrets) {
    json list = json::array();
    for (const auto& setting : settings) {
        const bool hide = mask_secrets && setting.secure;
        json content;
        if (setting.type == SettingType::env) {
            content = setting.name.empty() ? json::object() : json();
            for (const auto& [name, value] : setting.environment) {
                auto& place = setting.name.empty() ? content[name] : content;
                place = hide ? std::string(masked_value) : value;
            }
        } else if (hide) {
            content = masked_value;
        } else if (setting.type == SettingType::json) {
            content = json::parse(setting.content, nullptr, false);
            if (content.is_discarded() || content.is_string()) content = setting.content;
        } else {
            content = setting.content;
        }
        list.push_back({{"type", types.at(static_cast<std::size_t>(setting.type))},
                        {"name", setting.name},
                        {"value", std::move(content)},
                        {"required", setting.required},
                        {"secure", setting.secure}});
    }
    return list;
}

std::vector<Setting> unmask_settings(std::vector<Setting> given,
                                     const std::vector<Setting>& stored) {
    for (auto& setting : given) {
        for (const auto& old : stored) {
            if (!old.secure || old.type != setting.type) continue;
            for (auto& [name, value] : setting.environment)
                if (const auto found = old.environment.find(name);
                    value == masked_value && found != old.environment.end())
                    value = found->second;
            if (setting.content == masked_value && identity_of(setting) == identity_of(old))
                setting.content = old.content;
        }
    }
    return given;
}

SettingsPlan plan_settings(const std::vector<Setting>& settings) {
    SettingsPlan plan;
    for (const auto& setting : settings) {
        if (setting.type == SettingType::env)
            for (const auto& [name, value] : setting.environment) plan.environment[name] = value;
        else
            plan.files.push_back({.name = setting.name, .content = setting.content});
    }
    return plan;
}

Result<std::vector<GameFile>> place_setting_files(const Game& game, const SettingsPlan& plan) {
    if (plan.files.empty()) return std::vector<GameFile>();
    if (game.volumes.empty())
        return fail(Errc::unsupported, game.name + " has no volume to put setting files into",
                    "settings");
    const auto config = std::ranges::find(game.volumes, "config", &GameVolume::name);
    const bool has_config = config != game.volumes.end();
    std::vector<GameFile> files;
    for (const auto& file : plan.files)
        files.push_back({.volume = has_config ? "config" : game.volumes.front().name,
                         .path = has_config ? file.name : "config/" + file.name,
                         .content = file.content,
                         .mode = 0644,
                         .keep_existing = false});
    return files;
}

}  // namespace muster::games
