#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

/// Definitions of how to run a kind of server (PEON's plan, Pterodactyl's egg): TOML in games/,
/// validated here. Pure: no files, clocks or threads; every function may be called from anywhere.
/// docs/formats/game.md describes the format.
namespace muster::games {

enum class PortProtocol { tcp, udp, both };

struct GamePort {
    std::string name;          ///< "game"
    std::uint16_t number = 0;  ///< where the program listens
    PortProtocol protocol = PortProtocol::tcp;
    std::string description;
    bool same_outside =
        false;             ///< the program tells players its own number: inside must equal outside
    std::string variable;  ///< set to the outside number, e.g. "PORT"; empty: none
    std::vector<std::uint16_t> alternatives;  ///< outside numbers to try when `number` is taken
    bool operator==(const GamePort&) const = default;
};

enum class VariableType { text, number, integer, boolean, choice };

struct Variable {
    std::string name;   ///< of the environment: "SERVER_PASSWORD"
    std::string label;  ///< for people: "Password"
    std::string description;
    VariableType type = VariableType::text;
    std::optional<std::string> default_value;
    std::vector<std::string> choices;
    std::optional<double> min;
    std::optional<double> max;
    std::optional<std::size_t> length_min;  ///< in characters; an empty text is not set, thus fits
    std::optional<std::size_t> length_max;  ///< in characters (code points)
    std::string pattern;      ///< a regular expression that the whole text must match; empty: any
    bool required = false;    ///< must be there and not empty
    bool secret = false;      ///< never shown again, masked as "********"
    bool multiline = false;   ///< may hold line ends; other control characters never
    std::string on = "true";  ///< what a boolean is written as
    std::string off = "false";
    bool operator==(const Variable&) const = default;
};

struct GameVolume {
    std::string name;    ///< "data"
    std::string target;  ///< "/config"
    bool operator==(const GameVolume&) const = default;
};

struct GameFile {
    std::string volume;
    std::string path;     ///< inside the volume; never leaves it
    std::string content;  ///< with {{VARIABLE}} and {{port.game}}, {{server.name}} replaced
    std::uint32_t mode = 0644;
    bool keep_existing = true;
    bool operator==(const GameFile&) const = default;
};

struct Game {
    std::string id;    ///< "valheim"
    std::string name;  ///< "Valheim"
    std::string description;
    std::string image;
    std::vector<std::string> alternatives;  ///< of the image
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;  ///< with the same placeholders
    std::string user;
    std::string working_folder;
    bool tty = false;
    std::vector<std::string> capabilities;  ///< added to none: "CHOWN"
    std::vector<GamePort> ports;
    std::vector<Variable> variables;
    std::vector<GameVolume> volumes;
    std::vector<GameFile> files;
    std::map<std::string, std::string> environment;  ///< fixed, with placeholders
    std::string ready_pattern;  ///< found in a console line (RE2 syntax: see pattern.hpp)
    std::uint32_t ready_timeout_seconds = 600;
    std::string stop_command;  ///< typed into the console
    std::string stop_signal;   ///< else; "SIGTERM" by default
    std::uint32_t stop_grace_seconds = 30;
    std::string query = "none";     ///< "a2s", "minecraft", "quake3", "none"
    std::string query_port;         ///< name of the port it asks; empty: the first
    std::int64_t memory_bytes = 0;  ///< recommended limit
    double cpus = 0;
    std::string notes;
    std::string source;  ///< the TOML that it came from; empty when it came as JSON

    /// `source` aside.
    [[nodiscard]] bool same_as(const Game& other) const;
};

inline constexpr std::size_t game_bytes_max = 256U << 10U;

/// Reads one definition. The error's field is the dotted path in the TOML ("ports.1.number", or
/// "line 3" when it is no TOML at all); unknown keys are errors that name the nearest known one.
[[nodiscard]] Result<Game> parse_game(std::string_view toml);

/// The same shape as JSON, through the same checks.
[[nodiscard]] Result<Game> from_json(const nlohmann::json& json);
/// What is at its default is left out, but for what every reader wants: id, name, image, ports,
/// variables, volumes. Secret defaults are masked with `mask_secrets`.
[[nodiscard]] nlohmann::json to_json(const Game& game, bool mask_secrets = false);

inline constexpr std::string_view masked_value = "********";

/// Checks and completes what a user said about variables: defaults filled in, required ones present
/// (all that are missing are named), types, choices and limits. Every variable of the game is in
/// the result, empty when nobody set it. Field: "variables.NAME". Unknown names are errors.
/// Completing what is complete changes nothing. The values of secret variables are in no error.
[[nodiscard]] Result<std::map<std::string, std::string>> complete_variables(
    const Game& game, const std::map<std::string, std::string>& given);

/// With the secret ones that are not empty masked, for replies.
[[nodiscard]] std::map<std::string, std::string> mask_variables(
    const Game& game, std::map<std::string, std::string> variables);
/// Takes the stored value where a secret one came back masked, so that a reply can be sent back.
[[nodiscard]] std::map<std::string, std::string> unmask_variables(
    const Game& game, std::map<std::string, std::string> given,
    const std::map<std::string, std::string>& stored);

/// What {{...}} stands for: variables by name, "port.<name>" (outside), "server.name", "server.id",
/// "node.address".
using Placeholders = std::map<std::string, std::string>;
/// One pass: what a value contains is not replaced again. {{NAME|json}} escapes for the inside of a
/// JSON string; {{{{ is a literal {{. Unknown names are errors that name the nearest.
[[nodiscard]] Result<std::string> fill_in(std::string_view text, const Placeholders& values);

/// What a server is made with, once its ports are known.
struct LaunchRequest {
    std::string server_id;
    std::string server_name;
    std::string node_address;                                ///< where players reach its node
    std::map<std::string, std::string> variables;            ///< complete
    std::map<std::string, std::uint16_t> ports;              ///< outside, by name
    std::map<std::string, std::string> setting_environment;  ///< of its settings; wins
};
struct Launch {
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::map<std::string, std::string> environment;  ///< without variables that are empty
    std::vector<GameFile> files;
};
/// Everything with its placeholders replaced.
[[nodiscard]] Result<Launch> launch_of(const Game& game, const LaunchRequest& request);

[[nodiscard]] std::string_view name_of(PortProtocol protocol);
[[nodiscard]] std::string_view name_of(VariableType type);

}  // namespace muster::games
