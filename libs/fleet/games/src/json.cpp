#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "muster/games/game.hpp"

namespace muster::games {
namespace {

using nlohmann::json;

template <typename Value>
void put(json& object, const char* key, const Value& value, const Value& usual) {
    if (value != usual) object[key] = value;
}

json json_of(const GamePort& port) {
    json object{{"name", port.name}, {"number", port.number}, {"protocol", name_of(port.protocol)}};
    put(object, "description", port.description, {});
    put(object, "same_outside", port.same_outside, false);
    put(object, "variable", port.variable, {});
    put(object, "alternatives", port.alternatives, {});
    return object;
}

json json_of(const Variable& variable, bool mask_secrets) {
    json object{{"name", variable.name},
                {"label", variable.label},
                {"type", name_of(variable.type)},
                {"required", variable.required},
                {"secret", variable.secret}};
    put(object, "description", variable.description, {});
    if (variable.default_value) {
        const bool hide = mask_secrets && variable.secret && !variable.default_value->empty();
        object["default"] = hide ? std::string(masked_value) : *variable.default_value;
    }
    put(object, "choices", variable.choices, {});
    if (variable.min) object["min"] = *variable.min;
    if (variable.max) object["max"] = *variable.max;
    if (variable.length_min) object["length_min"] = *variable.length_min;
    if (variable.length_max) object["length_max"] = *variable.length_max;
    put(object, "pattern", variable.pattern, {});
    put(object, "multiline", variable.multiline, false);
    put<std::string>(object, "on", variable.on, "true");
    put<std::string>(object, "off", variable.off, "false");
    return object;
}

json json_of(const GameFile& file) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", file.mode & 0777U);
    json object{{"volume", file.volume},
                {"path", file.path},
                {"content", file.content},
                {"mode", mode.data()}};
    put(object, "keep_existing", file.keep_existing, true);
    return object;
}

}  // namespace

json to_json(const Game& game, bool mask_secrets) {
    json object{{"id", game.id},          {"name", game.name},        {"image", game.image},
                {"ports", json::array()}, {"volumes", json::array()}, {"variables", json::array()}};
    put(object, "description", game.description, {});
    put(object, "alternatives", game.alternatives, {});
    put(object, "entrypoint", game.entrypoint, {});
    put(object, "command", game.command, {});
    put(object, "user", game.user, {});
    put(object, "working_folder", game.working_folder, {});
    put(object, "tty", game.tty, false);
    put(object, "capabilities", game.capabilities, {});
    for (const auto& port : game.ports) object["ports"].push_back(json_of(port));
    for (const auto& variable : game.variables)
        object["variables"].push_back(json_of(variable, mask_secrets));
    for (const auto& volume : game.volumes)
        object["volumes"].push_back({{"name", volume.name}, {"target", volume.target}});
    for (const auto& file : game.files) object["files"].push_back(json_of(file));
    put(object, "environment", game.environment, {});
    object["ready"] = {{"pattern", game.ready_pattern},
                       {"timeout_seconds", game.ready_timeout_seconds}};
    object["stop"] = {{"grace_seconds", game.stop_grace_seconds}};
    put(object["stop"], "command", game.stop_command, {});
    put(object["stop"], "signal", game.stop_signal, {});
    object["query"] = game.query;
    put(object, "query_port", game.query_port, {});
    object["memory_bytes"] = game.memory_bytes;
    object["cpus"] = game.cpus;
    put(object, "notes", game.notes, {});
    return object;
}

bool Game::same_as(const Game& other) const {
    // What to_json says is everything but `source`.
    return to_json(*this) == to_json(other);
}

}  // namespace muster::games
