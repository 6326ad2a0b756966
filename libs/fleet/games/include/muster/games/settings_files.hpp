#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/games/game.hpp"

/// A server's settings as PEON has them: what a person gives beside the game's variables. Pure.
namespace muster::games {

enum class SettingType { env, json, txt };

/// One setting, checked. `env` puts variables into the environment; `json` and `txt` write the file
/// config/NAME.
struct Setting {
    SettingType type = SettingType::env;
    std::string name;  ///< of the variable or of the file; empty for env with many variables
    std::map<std::string, std::string> environment;  ///< of env
    std::string content;                             ///< of json (as text) and txt
    bool required = false;                           ///< refused while it has no value
    bool secure = false;                             ///< masked in replies
    bool operator==(const Setting&) const = default;
};

inline constexpr std::size_t settings_max = 256;
inline constexpr std::size_t settings_bytes_max = 1U << 20U;
/// PEON's word for a value that somebody must still fill in.
inline constexpr std::string_view required_marker = "-REQUIRED-";

/// Reads a list of {"type", "name", "content"} (PEON's words; "value" is the same as "content"),
/// "required" and "secure". The type is found by the word in it, as PEON does ("env_vars" is env).
/// - env: content is a map of variables (the name is ignored), or a text, number or boolean, which
///   the variable `name` is set to.
/// - json: content is written as JSON; a text must itself be JSON.
/// - txt: content is written as it is, tabs and line ends kept.
/// Fields are "settings.0.name" and so on. All that is required and missing is named.
[[nodiscard]] Result<std::vector<Setting>> settings_from_json(const nlohmann::json& list);
/// The same shape, with "value"; that of secure ones is masked when asked for.
[[nodiscard]] nlohmann::json to_json(const std::vector<Setting>& settings, bool mask_secrets);
/// Takes the stored content where a secure setting came back masked.
[[nodiscard]] std::vector<Setting> unmask_settings(std::vector<Setting> given,
                                                   const std::vector<Setting>& stored);

struct SettingFile {
    std::string name;  ///< below the server's config folder
    std::string content;
    bool operator==(const SettingFile&) const = default;
};
/// PEON's containers run as this user and group, who own the files.
inline constexpr int setting_files_owner = 1000;

struct SettingsPlan {
    std::map<std::string, std::string> environment;  ///< later settings win
    std::vector<SettingFile> files;
};
[[nodiscard]] SettingsPlan plan_settings(const std::vector<Setting>& settings);

/// The files as files of the game's volumes: in the volume named "config", or else in the folder
/// config/ of its first volume. They replace what is there. `unsupported` when the game has no
/// volume.
[[nodiscard]] Result<std::vector<GameFile>> place_setting_files(const Game& game,
                                                                const SettingsPlan& plan);

}  // namespace muster::games
