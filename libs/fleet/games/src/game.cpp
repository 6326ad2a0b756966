#include "muster/games/game.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "fields.hpp"
#include "muster/base/text.hpp"
#include "muster/games/pattern.hpp"
#include "values.hpp"

namespace muster::games {
namespace {

using nlohmann::json;

constexpr std::size_t ports_max = 32;
constexpr std::size_t variables_max = 200;
constexpr std::size_t volumes_max = 16;
constexpr std::size_t files_max = 64;
constexpr std::size_t file_bytes_max = 64U << 10U;
constexpr std::size_t arguments_max = 128;
constexpr std::size_t argument_bytes_max = 8192;
constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t long_text_bytes_max = 8192;

// What a container may be given of the engine's default set; none of them reaches the host.
constexpr std::array<std::string_view, 12> capabilities_known{
    "AUDIT_WRITE", "CHOWN",   "DAC_OVERRIDE", "FOWNER", "FSETID",     "KILL",
    "MKNOD",       "NET_RAW", "SETGID",       "SETUID", "SYS_CHROOT", "NET_BIND_SERVICE"};
constexpr std::array<std::string_view, 9> signals_known{"SIGTERM", "SIGINT",   "SIGQUIT",
                                                        "SIGHUP",  "SIGUSR1",  "SIGUSR2",
                                                        "SIGKILL", "SIGWINCH", "SIGPWR"};
constexpr std::array<std::string_view, 4> queries_known{"none", "a2s", "minecraft", "quake3"};
constexpr std::array<std::string_view, 3> protocols_known{"tcp", "udp", "both"};
constexpr std::array<std::string_view, 5> types_known{"text", "number", "integer", "boolean",
                                                      "choice"};

template <std::size_t Count>
std::optional<std::size_t> one_of(Fields& fields, std::string_view key, const std::string& value,
                                  const std::array<std::string_view, Count>& known) {
    if (const auto* found = std::ranges::find(known, value); found != known.end())
        return static_cast<std::size_t>(found - known.begin());
    const std::vector<std::string> words(known.begin(), known.end());
    fields.say(key, "cannot be `" + value + "`; " + suggestion(value, words));
    return std::nullopt;
}

bool made_of(std::string_view text, std::string_view others) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

/// "data", "rcon-port": how parts of a game are named.
bool is_part_name(std::string_view name) {
    return !name.empty() && name.size() <= 32 && name.front() >= 'a' && name.front() <= 'z' &&
           made_of(name, "-_");
}

bool is_image(std::string_view image) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    return !image.empty() && image.front() != '-' && image.front() != ':' &&
           std::ranges::all_of(image,
                               [&](char c) { return is_upper(c) || made_of({&c, 1}, "._-:/@"); });
}

bool is_absolute_path(std::string_view path) {
    return path.starts_with('/') && is_inside_path(path.substr(1));
}

GamePort read_port(const json& from, const std::string& path, Problem& problem) {
    Fields fields(from, path, problem);
    GamePort port;
    port.name = fields.text("name", name_bytes_max);
    if (!is_part_name(port.name))
        fields.say("name", "must be 1 to 32 small letters, digits, - and _, a letter first");
    port.number = static_cast<std::uint16_t>(fields.integer("number", {1, 65535}, 0));
    if (!fields.has("number")) fields.say("number", "is missing");
    const auto protocol = fields.text("protocol", name_bytes_max);
    if (!fields.has("protocol")) fields.say("protocol", "is missing: tcp, udp or both");
    if (const auto index = one_of(fields, "protocol", protocol, protocols_known))
        port.protocol = static_cast<PortProtocol>(*index);
    port.description = fields.text("description", long_text_bytes_max);
    port.same_outside = fields.boolean("same_outside", false);
    port.variable = fields.text("variable", name_bytes_max);
    if (!port.variable.empty() && !is_environment_name(port.variable))
        fields.say("variable", "must be a name for the environment, like GAME_PORT");
    if (const auto* numbers = fields.any("alternatives")) {
        const bool is_list = numbers->is_array() && numbers->size() <= ports_max;
        for (const auto& number : is_list ? *numbers : json::array({0})) {
            if (!number.is_number_integer() || number < 1 || number > 65535) {
                fields.say("alternatives", "must be a list of at most 32 ports from 1 to 65535");
                break;
            }
            port.alternatives.push_back(number.get<std::uint16_t>());
        }
    }
    fields.close();
    return port;
}

void read_limits(Fields& fields, Variable& variable) {
    const bool is_number =
        variable.type == VariableType::number || variable.type == VariableType::integer;
    const bool is_text = variable.type == VariableType::text;
    variable.min = fields.number("min");
    variable.max = fields.number("max");
    if (!is_number && variable.min) fields.say("min", "is only for numbers");
    if (!is_number && variable.max) fields.say("max", "is only for numbers");
    if (variable.min && variable.max && *variable.min > *variable.max)
        fields.say("min", "is above max");
    constexpr Range lengths{0, static_cast<double>(value_bytes_max)};
    if (fields.has("length_min"))
        variable.length_min = static_cast<std::size_t>(fields.integer("length_min", lengths, 0));
    if (fields.has("length_max"))
        variable.length_max = static_cast<std::size_t>(fields.integer("length_max", lengths, 0));
    static_cast<void>(fields.any("length_min"));
    static_cast<void>(fields.any("length_max"));
    if (!is_text && variable.length_min) fields.say("length_min", "is only for texts");
    if (!is_text && variable.length_max) fields.say("length_max", "is only for texts");
    if (variable.length_min && variable.length_max && *variable.length_min > *variable.length_max)
        fields.say("length_min", "is above length_max");
    variable.pattern = fields.text("pattern", pattern_bytes_max);
    if (!is_text && !variable.pattern.empty()) fields.say("pattern", "is only for texts");
    if (const auto compiled = Pattern::make(variable.pattern); !compiled)
        fields.say("pattern", compiled.error().message);
    variable.multiline = fields.boolean("multiline", false);
    if (!is_text && variable.multiline) fields.say("multiline", "is only for texts");
}

void read_words(Fields& fields, Variable& variable) {
    variable.choices = fields.texts("choices", variables_max, name_bytes_max);
    const bool is_choice = variable.type == VariableType::choice;
    if (is_choice && variable.choices.empty()) fields.say("choices", "is missing");
    if (!is_choice && !variable.choices.empty()) fields.say("choices", "is only for choices");
    if (std::ranges::any_of(variable.choices, &std::string::empty))
        fields.say("choices", "has an empty choice");
    const std::set<std::string> different(variable.choices.begin(), variable.choices.end());
    if (different.size() != variable.choices.size())
        fields.say("choices", "has the same choice twice");
    variable.on = fields.scalar("on", name_bytes_max).value_or("true");
    variable.off = fields.scalar("off", name_bytes_max).value_or("false");
    if (variable.type != VariableType::boolean && (fields.has("on") || fields.has("off")))
        fields.say("on", "and `off` are only for booleans");
    // Else a value that was completed once would read as its opposite the next time.
    if (variable.on == variable.off || reads_as(variable.off) == true ||
        reads_as(variable.on) == false)
        fields.say("on", "and `off` must be different and not each other's words");
}

Variable read_variable(const json& from, const std::string& path, Problem& problem) {
    Fields fields(from, path, problem);
    Variable variable;
    variable.name = fields.text("name", name_bytes_max);
    if (!is_environment_name(variable.name))
        fields.say("name", "must be a name for the environment: letters, digits and _");
    variable.label = fields.text("label", name_bytes_max, variable.name);
    variable.description = fields.text("description", long_text_bytes_max);
    if (const auto type =
            one_of(fields, "type", fields.text("type", name_bytes_max, "text"), types_known))
        variable.type = static_cast<VariableType>(*type);
    variable.required = fields.boolean("required", false);
    variable.secret = fields.boolean("secret", false);
    read_limits(fields, variable);
    read_words(fields, variable);
    variable.default_value = fields.scalar("default", value_bytes_max);
    fields.close();
    if (problem.any() || !variable.default_value) return variable;
    if (const auto checked = check_value(variable, *variable.default_value))
        variable.default_value = *checked;
    else
        fields.say("default", checked.error());
    return variable;
}

GameVolume read_volume(const json& from, const std::string& path, Problem& problem) {
    Fields fields(from, path, problem);
    GameVolume volume{.name = fields.text("name", name_bytes_max),
                      .target = fields.text("target", long_text_bytes_max)};
    if (!is_part_name(volume.name))
        fields.say("name", "must be 1 to 32 small letters, digits, - and _, a letter first");
    if (!is_absolute_path(volume.target))
        fields.say("target", "must be an absolute path without . and ..");
    fields.close();
    return volume;
}

GameFile read_file(const json& from, const std::string& path, Problem& problem) {
    Fields fields(from, path, problem);
    GameFile file;
    file.volume = fields.text("volume", name_bytes_max);
    file.path = fields.text("path", long_text_bytes_max);
    if (!is_inside_path(file.path))
        fields.say("path", "must be a relative path that stays in its volume");
    file.content = fields.text("content", file_bytes_max);
    if (const auto mode = fields.scalar("mode", name_bytes_max)) {
        // In octal as a text ("0640"); as a number it is what TOML's 0o640 stands for.
        const auto* value = fields.any("mode");
        std::uint32_t bits = 0;
        bool good = !mode->empty() && mode->size() <= 4;
        for (const char c : *mode) {
            good = good && c >= '0' && c <= '7';
            bits = good ? bits * 8 + static_cast<std::uint32_t>(c - '0') : bits;
        }
        if (value->is_number())
            bits = static_cast<std::uint32_t>(fields.integer("mode", {0, 0777}, 0644));
        else if (!good || bits > 0777)
            fields.say("mode", "must be octal, like \"0644\"");
        file.mode = bits;
    }
    file.keep_existing = fields.boolean("keep_existing", true);
    fields.close();
    return file;
}

template <typename Item>
std::vector<Item> read_list(Fields& fields, std::string_view key, std::size_t count_max,
                            Item (*read)(const json&, const std::string&, Problem&),
                            Problem& problem) {
    std::vector<Item> items;
    const auto* list = fields.array(key, count_max);
    if (list == nullptr) return items;
    for (const auto& item : *list)
        items.push_back(read(item, fields.path(key) + "." + std::to_string(items.size()), problem));
    return items;
}

void read_what_runs(Fields& fields, Game& game) {
    constexpr std::string_view image_rule = "must be an image, like ghcr.io/owner/name:tag";
    game.image = fields.text("image", 255);
    if (!fields.has("image")) fields.say("image", "is missing");
    if (!is_image(game.image)) fields.say("image", std::string(image_rule));
    game.alternatives = fields.texts("alternatives", ports_max, 255);
    if (!std::ranges::all_of(game.alternatives, is_image))
        fields.say("alternatives", std::string(image_rule));
    game.entrypoint = fields.texts("entrypoint", arguments_max, argument_bytes_max);
    game.command = fields.texts("command", arguments_max, argument_bytes_max);
    game.user = fields.text("user", name_bytes_max);
    if (!made_of(game.user, "-_:") || game.user.starts_with('-'))
        fields.say("user", "must be a user or user:group");
    game.working_folder = fields.text("working_folder", long_text_bytes_max);
    if (!game.working_folder.empty() && !is_absolute_path(game.working_folder))
        fields.say("working_folder", "must be an absolute path without . and ..");
    game.tty = fields.boolean("tty", false);
    game.capabilities = fields.texts("capabilities", capabilities_known.size(), name_bytes_max);
    for (const auto& capability : game.capabilities)
        static_cast<void>(one_of(fields, "capabilities", capability, capabilities_known));
    if (const auto* environment = fields.object("environment")) {
        for (const auto& [name, value] : environment->items()) {
            const auto text = scalar_text(value);
            if (!is_environment_name(name) || !text || text->size() > argument_bytes_max ||
                !is_value_text(*text, true))
                fields.say("environment." + name.substr(0, 128),
                           "must be a variable's name with a text");
            else
                game.environment[name] = *text;
        }
        if (environment->size() > variables_max) fields.say("environment", "has too many entries");
    }
}

void read_ready_and_stop(Fields& fields, Game& game, Problem& problem) {
    if (const auto* ready = fields.object("ready")) {
        Fields inner(*ready, "ready", problem);
        game.ready_pattern = inner.text("pattern", pattern_bytes_max);
        if (const auto compiled = Pattern::make(game.ready_pattern); !compiled)
            inner.say("pattern", compiled.error().message);
        game.ready_timeout_seconds =
            static_cast<std::uint32_t>(inner.integer("timeout_seconds", {0, 86400}, 600));
        inner.close();
    }
    if (const auto* stop = fields.object("stop")) {
        Fields inner(*stop, "stop", problem);
        game.stop_command = inner.text("command", 1000);
        if (!is_value_text(game.stop_command, false)) inner.say("command", "must be one line");
        game.stop_signal = inner.text("signal", name_bytes_max);
        if (!game.stop_signal.empty())
            static_cast<void>(one_of(inner, "signal", game.stop_signal, signals_known));
        if (!game.stop_signal.empty() && !game.stop_command.empty())
            inner.say("signal", "and `command` cannot both be given");
        game.stop_grace_seconds =
            static_cast<std::uint32_t>(inner.integer("grace_seconds", {0, 3600}, 30));
        inner.close();
    }
    if (game.stop_command.empty() && game.stop_signal.empty()) game.stop_signal = "SIGTERM";
}

/// The field of the second of two equal names, and the name.
template <typename Item, typename Key>
void refuse_twice(Fields& fields, std::string_view list, const std::vector<Item>& items, Key key) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string name = key(items[i]);
        if (name.empty() || seen.insert(name).second) continue;
        fields.say(std::string(list) + "." + std::to_string(i), "says `" + name + "` again");
    }
}

void check_ports(Fields& fields, const Game& game) {
    refuse_twice(fields, "ports", game.ports, [](const GamePort& port) { return port.name; });
    refuse_twice(fields, "ports", game.ports, [](const GamePort& port) { return port.variable; });
    std::set<std::pair<int, PortProtocol>> taken;
    for (std::size_t i = 0; i < game.ports.size(); ++i) {
        const auto& port = game.ports[i];
        for (const auto protocol : {PortProtocol::tcp, PortProtocol::udp}) {
            if (port.protocol != protocol && port.protocol != PortProtocol::both) continue;
            if (taken.emplace(port.number, protocol).second) continue;
            fields.say("ports." + std::to_string(i) + ".number",
                       "is another port's already: " + std::to_string(port.number));
        }
    }
}

/// Names must mean one thing, and every placeholder something.
void check_names(Fields& fields, const Game& game) {
    check_ports(fields, game);
    refuse_twice(fields, "volumes", game.volumes, [](const GameVolume& v) { return v.name; });
    refuse_twice(fields, "volumes", game.volumes, [](const GameVolume& v) { return v.target; });
    refuse_twice(fields, "variables", game.variables, [](const Variable& v) { return v.name; });
    refuse_twice(fields, "files", game.files,
                 [](const GameFile& file) { return file.volume + "/" + file.path; });
    std::set<std::string> names;
    for (const auto& variable : game.variables) names.insert(variable.name);
    for (std::size_t i = 0; i < game.ports.size(); ++i)
        if (names.contains(game.ports[i].variable))
            fields.say("ports." + std::to_string(i) + ".variable", "is a variable's name already");
    for (const auto& port : game.ports) names.insert(port.variable);
    for (const auto& [name, value] : game.environment)
        if (names.contains(name))
            fields.say("environment." + name, "is a variable's or a port's name already");
    std::vector<std::string> volumes;
    for (const auto& volume : game.volumes) volumes.push_back(volume.name);
    for (std::size_t i = 0; i < game.files.size(); ++i) {
        const auto& volume = game.files[i].volume;
        if (std::ranges::find(volumes, volume) == volumes.end())
            fields.say("files." + std::to_string(i) + ".volume",
                       "names no volume: `" + volume + "`; " + suggestion(volume, volumes));
    }
}

void check_placeholders(Fields& fields, const Game& game) {
    const auto values = example_placeholders(game);
    const auto check = [&](const std::string& field, const std::string& text) {
        if (const auto filled = fill_in(text, values); !filled)
            fields.say(field, filled.error().message);
    };
    for (std::size_t i = 0; i < game.entrypoint.size(); ++i)
        check("entrypoint." + std::to_string(i), game.entrypoint[i]);
    for (std::size_t i = 0; i < game.command.size(); ++i)
        check("command." + std::to_string(i), game.command[i]);
    for (const auto& [name, value] : game.environment) check("environment." + name, value);
    for (std::size_t i = 0; i < game.files.size(); ++i)
        check("files." + std::to_string(i) + ".content", game.files[i].content);
}

void read_query(Fields& fields, Game& game) {
    game.query = fields.text("query", name_bytes_max, "none");
    static_cast<void>(one_of(fields, "query", game.query, queries_known));
    game.query_port = fields.text("query_port", name_bytes_max);
    std::vector<std::string> ports;
    for (const auto& port : game.ports) ports.push_back(port.name);
    if (!game.query_port.empty() && std::ranges::find(ports, game.query_port) == ports.end())
        fields.say("query_port", "names no port; " + suggestion(game.query_port, ports));
}

}  // namespace

Result<Game> from_json(const json& from) {
    Problem problem;
    Fields fields(from, "", problem);
    Game game;
    game.id = fields.text("id", name_bytes_max);
    if (!fields.has("id")) fields.say("id", "is missing");
    if (game.id.empty() || game.id.size() > 64 || !made_of(game.id, "-") ||
        game.id.starts_with('-'))
        fields.say("id", "must be 1 to 64 small letters, digits and -");
    game.name = fields.text("name", name_bytes_max);
    if (game.name.empty() || !is_value_text(game.name, false))
        fields.say("name", "must be 1 to 100 bytes on one line");
    game.description = fields.text("description", long_text_bytes_max);
    game.notes = fields.text("notes", long_text_bytes_max);
    read_what_runs(fields, game);
    game.ports = read_list(fields, "ports", ports_max, read_port, problem);
    game.variables = read_list(fields, "variables", variables_max, read_variable, problem);
    game.volumes = read_list(fields, "volumes", volumes_max, read_volume, problem);
    game.files = read_list(fields, "files", files_max, read_file, problem);
    read_ready_and_stop(fields, game, problem);
    read_query(fields, game);
    game.memory_bytes = fields.integer("memory_bytes", {0, 1e13}, 0);
    game.cpus = fields.number("cpus").value_or(0);
    if (game.cpus < 0 || game.cpus > 1024) fields.say("cpus", "must be from 0 to 1024");
    fields.close();
    if (!problem.any()) check_names(fields, game);
    if (!problem.any()) check_placeholders(fields, game);
    if (problem.any()) return std::unexpected(problem.error());
    return game;
}

Result<Game> parse_game(std::string_view toml) {
    if (toml.size() > game_bytes_max)
        return fail(Errc::too_large,
                    "a game's definition has at most " + std::to_string(game_bytes_max) + " bytes");
    const auto json = json_of_toml(toml);
    if (!json) return std::unexpected(json.error());
    auto game = from_json(*json);
    if (game) game->source = std::string(toml);
    return game;
}

std::string_view name_of(PortProtocol protocol) {
    return protocols_known.at(static_cast<std::size_t>(protocol));
}

std::string_view name_of(VariableType type) {
    return types_known.at(static_cast<std::size_t>(type));
}

}  // namespace muster::games
