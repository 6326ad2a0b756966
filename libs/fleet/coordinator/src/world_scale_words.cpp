#include "world_scale_words.hpp"

#include <algorithm>
#include <array>

namespace muster::coordinator {
namespace {

constexpr std::string_view coordinator_name = "MUSTER_WORLD_COORDINATOR";
constexpr std::string_view token_name = "MUSTER_WORLD_JOIN_TOKEN";
constexpr std::string_view mode_name = "MUSTER_WORLD_MODES";
constexpr std::size_t nodes_max = 256;
constexpr std::size_t labels_max = 64;
constexpr std::size_t text_bytes_max = 512;
constexpr std::size_t variables_max = 64;
constexpr std::size_t variable_bytes_max = 4096;
constexpr std::int64_t memory_bytes_max = std::int64_t{1} << 50;
constexpr double cpus_max = 4096;

/// All but secrets, which the caller masks.
Json plain_json(const WorldTemplate& made_from) {
    Json out{{"image", made_from.image},
             {"coordinator", made_from.coordinator},
             {"nodes", made_from.nodes},
             {"required_labels", made_from.required_labels},
             {"variables", made_from.variables}};
    out["memory_bytes"] = made_from.memory_bytes ? Json(*made_from.memory_bytes) : Json(nullptr);
    out["cpus"] = made_from.cpus ? Json(*made_from.cpus) : Json(nullptr);
    return out;
}

WorldTemplate read_template(Reader& reader) {
    WorldTemplate out;
    out.image = reader.text("image", text_bytes_max).value_or("");
    out.coordinator = reader.text("coordinator", text_bytes_max).value_or("");
    out.nodes = reader.list("nodes", nodes_max, text_bytes_max).value_or(out.nodes);
    out.required_labels =
        reader.texts("required_labels", labels_max, text_bytes_max).value_or(out.required_labels);
    out.memory_bytes = reader.integer("memory_bytes", 0, memory_bytes_max);
    out.cpus = reader.real("cpus", 0, cpus_max);
    out.variables =
        reader.texts("variables", variables_max, variable_bytes_max).value_or(out.variables);
    for (const auto own : {coordinator_name, token_name, mode_name}) {
        if (out.variables.contains(std::string(own))) {
            reader.refuse("variables." + std::string(own), "it is set for each server");
        }
    }
    return out;
}

/// The patch with the kept values where secrets came back masked.
void unmask(Json& patch, const WorldTemplate& kept) {
    const auto variables = patch.find("variables");
    if (variables == patch.end() || !variables->is_object()) return;
    for (auto& [name, value] : variables->items()) {
        const auto before = kept.variables.find(name);
        if (before != kept.variables.end() && value == games::masked_value) value = before->second;
    }
}

std::string variable_of(const WorldTemplate& made_from, const std::string& name) {
    const auto found = made_from.variables.find(name);
    return found == made_from.variables.end() ? std::string() : found->second;
}

}  // namespace

Result<ScaleWish> read_scale(const Json& body, const WorldTemplate& kept, const games::Game& game) {
    Reader reader(body);
    ScaleWish out;
    if (const auto count = reader.integer("count", 0, brain::scale_count_max)) {
        out.count = static_cast<std::uint32_t>(*count);
    }
    out.force = reader.boolean("force").value_or(false);
    const Json* given = reader.any("template");
    if (auto done = reader.done(); !done) return std::unexpected(done.error());
    out.made_from = kept;
    if (given == nullptr) return out;
    if (!given->is_object()) {
        return fail(Errc::invalid_argument, "it must be an object", "template");
    }
    Json patch = *given;
    unmask(patch, kept);
    Json merged = plain_json(kept);
    merge_patch(merged, patch);
    Reader inside(merged, "template");
    out.made_from = read_template(inside);
    if (auto done = inside.done(); !done) return std::unexpected(done.error());
    // The values that every server gets are not there yet; the rest must be right now.
    auto variables = out.made_from.variables;
    variables.emplace(coordinator_name, "x");
    if (auto fine = games::complete_variables(game, variables); !fine) {
        return fail(fine.error().code, fine.error().message, "template." + fine.error().field);
    }
    return out;
}

std::string spread_difference(const WorldTemplate& before, const WorldTemplate& after) {
    static constexpr std::array<const char*, 6> alike{
        "MUSTER_WORLD_SPREAD",      "MUSTER_WORLD_MAP",       "MUSTER_WORLD_SEED",
        "MUSTER_WORLD_PLAYERS_MAX", "MUSTER_WORLD_TICK_RATE", "MUSTER_WORLD_REGIONS"};
    if (!is_spread(before) && !is_spread(after)) return {};
    const auto* found = std::ranges::find_if(alike, [&](const char* name) {
        return variable_of(before, name) != variable_of(after, name);
    });
    return found == alike.end() ? std::string() : *found;
}

bool is_spread(const WorldTemplate& made_from) {
    return variable_of(made_from, "MUSTER_WORLD_SPREAD") == "true";
}

Json deploy_body(const std::string& world, const WorldTemplate& made_from, const std::string& name,
                 const std::string& join_token) {
    Json variables(made_from.variables);
    variables[coordinator_name] = made_from.coordinator;
    variables[token_name] = join_token;
    variables[mode_name] = world;
    Json out{{"game", world_game},
             {"name", name},
             {"variables", std::move(variables)},
             {"labels", {{"world", world}}},
             {"required_labels", made_from.required_labels},
             {"description", "Of the world " + world + ", made by muster worlds scale"}};
    if (!made_from.image.empty()) out["image"] = made_from.image;
    if (made_from.memory_bytes) out["memory_bytes"] = *made_from.memory_bytes;
    if (made_from.cpus) out["cpus"] = *made_from.cpus;
    return out;
}

Json to_json(const WorldTemplate& made_from, const games::Game* game) {
    Json out = plain_json(made_from);
    // Without its game nobody knows which of them are secret.
    out["variables"] =
        game == nullptr ? Json::object() : Json(games::mask_variables(*game, made_from.variables));
    return out;
}

Json record_of(const ScaledWorld& world) {
    Json servers = Json::array();
    for (const auto& one : world.scale.servers) {
        servers.push_back(Json{{"server", one.server_id},
                               {"token", one.token_id},
                               {"member", one.member_id},
                               {"revision", one.revision},
                               {"leaving", one.leaving}});
    }
    return Json{{"count", world.scale.count},
                {"revision", world.scale.revision},
                {"force", world.scale.force},
                {"next_number", world.scale.next_number},
                {"servers", std::move(servers)},
                {"template", plain_json(world.made_from)},
                {"by", world.by}};
}

Result<ScaledWorld> read_scaled_world(const std::string& name, const Json& record) {
    ScaledWorld out;
    out.scale.world = name;
    try {
        out.scale.count = record.at("count").get<std::uint32_t>();
        out.scale.revision = record.at("revision").get<std::uint64_t>();
        out.scale.force = record.value("force", false);
        out.scale.next_number = record.value("next_number", std::uint64_t{1});
        out.by = record.value("by", std::string());
        for (const Json& one : record.at("servers")) {
            brain::ScaledServer server;
            server.server_id = one.at("server").get<std::string>();
            server.token_id = one.value("token", std::string());
            server.member_id = one.value("member", std::string());
            server.revision = one.value("revision", std::uint64_t{0});
            server.leaving = one.value("leaving", false);
            out.scale.servers.push_back(std::move(server));
        }
        Reader reader(record.at("template"), "template");
        out.made_from = read_template(reader);
        if (auto done = reader.done(); !done) {
            return fail(Errc::internal, "a scaled world cannot be read: " + done.error().message);
        }
    } catch (const Json::exception& error) {
        return fail(Errc::internal, std::string("a scaled world cannot be read: ") + error.what());
    }
    return out;
}

}  // namespace muster::coordinator
