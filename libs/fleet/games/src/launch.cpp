#include <algorithm>
#include <nlohmann/json.hpp>

#include "muster/base/text.hpp"
#include "muster/games/game.hpp"

namespace muster::games {
namespace {

constexpr std::size_t filled_bytes_max = 4U << 20U;

/// The value of what stands between {{ and }}: a name, or a name with |json.
Result<std::string> value_of(std::string_view inside, const Placeholders& values) {
    const auto bar = inside.find('|');
    const std::string name(trim(inside.substr(0, bar)));
    const auto found = values.find(name);
    if (found == values.end()) {
        std::vector<std::string> known;
        for (const auto& [key, value] : values) known.push_back(key);
        return fail(Errc::invalid_argument,
                    "has an unknown placeholder {{" + name + "}}; " + suggestion(name, known));
    }
    if (bar == std::string_view::npos) return found->second;
    const auto filter = trim(inside.substr(bar + 1));
    if (filter != "json")
        return fail(Errc::invalid_argument,
                    "has an unknown filter after {{" + name + "|; only `json` is known");
    const auto quoted = nlohmann::json(found->second)
                            .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
}

Result<std::vector<std::string>> fill_all(const std::vector<std::string>& texts,
                                          const Placeholders& values, std::string_view field) {
    std::vector<std::string> filled;
    for (const auto& text : texts) {
        auto one = fill_in(text, values);
        if (!one)
            return fail(Errc::invalid_argument, std::string(field) + " " + one.error().message,
                        std::string(field));
        filled.push_back(std::move(*one));
    }
    return filled;
}

Result<std::map<std::string, std::string>> environment_of(const Game& game,
                                                          const LaunchRequest& request,
                                                          const Placeholders& values) {
    std::map<std::string, std::string> environment;
    for (const auto& variable : game.variables) {
        const auto found = request.variables.find(variable.name);
        if (found != request.variables.end() && !found->second.empty())
            environment[variable.name] = found->second;
    }
    for (const auto& port : game.ports)
        if (!port.variable.empty()) environment[port.variable] = values.at(port.variable);
    for (const auto& [name, text] : game.environment) {
        auto filled = fill_in(text, values);
        if (!filled)
            return fail(Errc::invalid_argument,
                        "environment." + name + " " + filled.error().message,
                        "environment." + name);
        environment[name] = std::move(*filled);
    }
    for (const auto& [name, value] : request.setting_environment) environment[name] = value;
    return environment;
}

}  // namespace

Result<std::string> fill_in(std::string_view text, const Placeholders& values) {
    std::string filled;
    while (true) {
        const auto open = text.find("{{");
        filled += text.substr(0, open);
        if (filled.size() > filled_bytes_max)
            return fail(Errc::too_large, "is too long with its placeholders replaced");
        if (open == std::string_view::npos) return filled;
        text.remove_prefix(open + 2);
        if (text.starts_with("{{")) {
            filled += "{{";
            text.remove_prefix(2);
            continue;
        }
        const auto close = text.find("}}");
        if (close == std::string_view::npos)
            return fail(Errc::invalid_argument,
                        "has {{ without }}; a literal {{ is written as {{{{");
        auto value = value_of(text.substr(0, close), values);
        if (!value) return value;
        filled += *value;
        text.remove_prefix(close + 2);
    }
}

Result<Launch> launch_of(const Game& game, const LaunchRequest& request) {
    Placeholders values{{"server.id", request.server_id},
                        {"server.name", request.server_name},
                        {"node.address", request.node_address}};
    for (const auto& variable : game.variables) values[variable.name];
    for (const auto& [name, value] : request.variables) values[name] = value;
    for (const auto& port : game.ports) {
        const auto found = request.ports.find(port.name);
        const auto number =
            std::to_string(found == request.ports.end() ? port.number : found->second);
        values["port." + port.name] = number;
        if (!port.variable.empty()) values[port.variable] = number;
    }
    Launch launch;
    auto entrypoint = fill_all(game.entrypoint, values, "entrypoint");
    if (!entrypoint) return std::unexpected(entrypoint.error());
    launch.entrypoint = std::move(*entrypoint);
    auto command = fill_all(game.command, values, "command");
    if (!command) return std::unexpected(command.error());
    launch.command = std::move(*command);
    auto environment = environment_of(game, request, values);
    if (!environment) return std::unexpected(environment.error());
    launch.environment = std::move(*environment);
    for (const auto& file : game.files) {
        auto content = fill_in(file.content, values);
        if (!content)
            return fail(Errc::invalid_argument,
                        "the file " + file.path + " " + content.error().message, "files");
        launch.files.push_back(file);
        launch.files.back().content = std::move(*content);
    }
    return launch;
}

}  // namespace muster::games
