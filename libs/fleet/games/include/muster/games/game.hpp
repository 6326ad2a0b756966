#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

/// Definitions of how to run a kind of server (PEON's plan, Pterodactyl's egg): TOML in games/,
/// validated here. Pure.
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
};

enum class VariableType { text, number, boolean, choice };

struct Variable {
    std::string name;   ///< of the environment: "SERVER_PASSWORD"
    std::string label;  ///< for people: "Password"
    std::string description;
    VariableType type = VariableType::text;
    std::optional<std::string> default_value;
    std::vector<std::string> choices;
    std::optional<double> min;
    std::optional<double> max;
    std::optional<std::size_t> length_max;
    std::string pattern;  ///< a regular expression that the whole text must match; empty: any
    bool required = false;
    bool secret = false;  ///< never shown again, masked as "********"
};

struct GameVolume {
    std::string name;    ///< "data"
    std::string target;  ///< "/config"
};

struct GameFile {
    std::string volume;
    std::string path;
    std::string content;  ///< with {{VARIABLE}} and {{port.game}}, {{server.name}} replaced
    std::uint32_t mode = 0644;
    bool keep_existing = true;
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
    std::vector<std::string> capabilities;
    std::vector<GamePort> ports;
    std::vector<Variable> variables;
    std::vector<GameVolume> volumes;
    std::vector<GameFile> files;
    std::map<std::string, std::string> environment;  ///< fixed, with placeholders
    std::string ready_pattern;  ///< ECMAScript regular expression on console lines
    std::uint32_t ready_timeout_seconds = 600;
    std::string stop_command;  ///< typed into the console
    std::string stop_signal;   ///< else; "SIGTERM" by default
    std::uint32_t stop_grace_seconds = 30;
    std::string query;              ///< "a2s", "minecraft", "none"
    std::int64_t memory_bytes = 0;  ///< recommended limit
    double cpus = 0;
    std::string notes;
    std::string source;  ///< the TOML that it came from
};

/// Reads one definition. The error's field is the dotted path in the TOML; unknown keys are errors
/// that name the nearest known one.
[[nodiscard]] Result<Game> parse_game(std::string_view toml);

/// Checks and completes what a user said about variables: defaults filled in, required ones present
/// (all that are missing are named), types, choices and limits. Field: "variables.NAME". Unknown
/// names are errors.
[[nodiscard]] Result<std::map<std::string, std::string>> complete_variables(
    const Game& game, const std::map<std::string, std::string>& given);

/// What {{...}} stands for: variables by name, "port.<name>" (outside), "server.name", "server.id".
using Placeholders = std::map<std::string, std::string>;
[[nodiscard]] Result<std::string> fill_in(std::string_view text, const Placeholders& values);

}  // namespace muster::games
