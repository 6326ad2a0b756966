#include "views.hpp"

#include "recipe.hpp"

namespace muster::coordinator {
namespace {

Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json ports_json(const std::vector<brain::GivenPort>& ports) {
    Json out = Json::array();
    for (const auto& port : ports) {
        out.push_back(Json{{"name", port.name},
                           {"inside", port.inside},
                           {"outside", port.outside},
                           {"protocol", brain::name_of(port.protocol)}});
    }
    return out;
}

/// What people call the node; null when there is none or it is not known any more.
Json name_of_node(const brain::State& state, const std::string& node_id) {
    const auto* node = state.node(node_id);
    return node == nullptr ? Json(nullptr) : Json(node->name);
}

/// Whether there is a program whose use of the machine means anything.
bool is_up(brain::ServerState state) {
    using State = brain::ServerState;
    return state == State::starting || state == State::ready || state == State::unhealthy ||
           state == State::paused || state == State::stopping || state == State::removing;
}

/// Where players reach it: the node's address and the first port.
Json address_of(const brain::Server& server, const brain::State& state) {
    const auto* node = state.node(server.node_id);
    if (node == nullptr || server.ports.empty() || node->facts.address.empty()) return nullptr;
    const auto& host = node->facts.address;
    const bool is_v6 = host.find(':') != std::string::npos && host.front() != '[';
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(server.ports.front().outside);
}

}  // namespace

Json time_of_ms(std::int64_t ms) {
    // What a node says may be any number; beyond the year 9999 there is no RFC 3339.
    constexpr std::int64_t last_ms = 253'402'300'799'999;
    if (ms <= 0 || ms > last_ms) return nullptr;
    return to_rfc3339(Timestamp(std::chrono::milliseconds(ms)));
}

Json to_json(const Container& container, const brain::State& state) {
    Json ports = Json::array();
    for (const auto& port : container.ports) {
        ports.push_back(Json{{"name", port.name},
                             {"inside", port.inside},
                             {"outside", port.outside},
                             {"protocol", port.protocol}});
    }
    return Json{{"id", container.id},
                {"node_id", container.node_id},
                {"node_name", name_of_node(state, container.node_id)},
                {"name", container.name},
                {"image", container.image},
                {"phase", container.phase},
                {"exit_code", container.exit_code},
                {"created_at", time_of_ms(container.created_ms)},
                {"started_at", time_of_ms(container.started_ms)},
                {"finished_at", time_of_ms(container.finished_ms)},
                {"labels", container.labels},
                {"ports", std::move(ports)},
                {"server_id", or_null(container.server_id)}};
}

Json to_json(const wire::Sample& sample) {
    return Json{{"time", time_of_ms(sample.time_ms())},
                {"cpu_percent", sample.cpu_percent()},
                {"memory_bytes", sample.memory_bytes()},
                {"memory_limit_bytes", sample.memory_limit_bytes()},
                {"network_received_bytes", sample.network_received_bytes()},
                {"network_sent_bytes", sample.network_sent_bytes()},
                {"disk_read_bytes", sample.disk_read_bytes()},
                {"disk_written_bytes", sample.disk_written_bytes()},
                {"disk_used_bytes", sample.disk_used_bytes()},
                {"disk_limit_bytes", sample.disk_limit_bytes()},
                {"pids", sample.pids()}};
}

Json to_json(const brain::Operation& operation, const brain::State& state, const Tokens& tokens) {
    Json error = nullptr;
    if (operation.error) {
        error = Json{{"code", name_of(operation.error->code)},
                     {"message", operation.error->message},
                     {"field", or_null(operation.error->field)}};
    }
    const auto* server = state.server(operation.server_id);
    return Json{{"id", operation.id},
                {"kind", brain::name_of(operation.kind)},
                {"server_id", or_null(operation.server_id)},
                {"server_name", server == nullptr ? Json(nullptr) : Json(server->spec.name)},
                {"node_id", or_null(operation.node_id)},
                {"node_name", name_of_node(state, operation.node_id)},
                {"container_id", or_null(operation.container_id)},
                {"image", or_null(operation.image)},
                {"state", brain::name_of(operation.state)},
                {"step", operation.step},
                {"progress", operation.progress ? Json(*operation.progress) : Json(nullptr)},
                {"detail", operation.detail},
                {"error", std::move(error)},
                {"created_at", to_rfc3339(operation.created_at)},
                {"started_at", time_or_null(operation.started_at)},
                {"finished_at", time_or_null(operation.finished_at)},
                {"by", operation.by},
                {"by_name", tokens.name_of(operation.by)}};
}

Json to_json(const brain::Node& node, const brain::State& state, const Inventory& inventory) {
    auto labels = node.facts.labels;
    for (const auto& [name, value] : node.labels) labels[name] = value;
    const auto* sample = inventory.node_sample(node.id);
    const auto heard = inventory.heard_at(node.id);
    return Json{{"id", node.id},
                {"name", node.name},
                {"state", brain::name_of(node.state)},
                {"connected", node.connected},
                {"version", node.facts.version},
                {"runtime", node.facts.runtime},
                {"runtime_version", node.facts.runtime_version},
                {"hostname", node.facts.hostname},
                {"address", node.facts.address},
                {"labels", std::move(labels)},
                {"memory_bytes", node.facts.memory_bytes},
                {"cpus", node.facts.cpus},
                {"disk_bytes", node.facts.disk_bytes},
                {"servers", state.servers_on(node.id)},
                {"last_seen", to_rfc3339(heard.value_or(node.last_seen))},
                {"cordoned", node.cordoned},
                {"usage", sample == nullptr ? Json(nullptr) : to_json(*sample)},
                {"created_at", to_rfc3339(node.created_at)},
                {"resource_version", std::to_string(node.version)}};
}

Json to_json(const brain::Server& server, const brain::State& state, const Inventory& inventory,
             const Catalogue& catalogue) {
    const Recipe recipe = Recipe::parse(server.spec.details).value_or(Recipe{});
    const auto game = catalogue.pinned(recipe.digest);
    Json operation = nullptr;
    if (const auto* current = state.current_operation(server.id)) {
        operation = Json{{"id", current->id},
                         {"kind", brain::name_of(current->kind)},
                         {"state", brain::name_of(current->state)}};
    }
    const auto shown = state.shown_state(server);
    const auto* sample = is_up(shown) ? inventory.server_sample(server.id) : nullptr;
    const auto since =
        server.observed.since == Timestamp{} ? server.created_at : server.observed.since;
    // Without its game nobody knows which of them are secret.
    Json variables = Json::object();
    if (game) variables = games::mask_variables(*game, recipe.variables);
    std::string image = recipe.image;
    if (image.empty() && game) image = game->image;
    return Json{{"id", server.id},
                {"name", server.spec.name},
                {"description", recipe.description},
                {"game", server.spec.game},
                {"node_id", or_null(server.node_id)},
                {"node_name", name_of_node(state, server.node_id)},
                {"state", brain::name_of(shown)},
                {"desired", brain::name_of(server.desired)},
                {"reason", state.shown_reason(server)},
                {"since", to_rfc3339(since)},
                {"restarts", server.observed.restarts},
                {"exit_code", server.observed.exit_code},
                {"image", image},
                {"variables", std::move(variables)},
                {"settings", games::to_json(recipe.settings, true)},
                {"labels", server.spec.labels},
                {"ports", ports_json(server.ports)},
                {"address", address_of(server, state)},
                {"memory_bytes", server.spec.memory_bytes},
                {"cpus", server.spec.cpus},
                {"restart_on_crash", recipe.restart_on_crash},
                {"data", recipe.data},
                {"created_at", to_rfc3339(server.created_at)},
                {"updated_at", to_rfc3339(server.updated_at)},
                {"generation", server.generation},
                {"version", std::to_string(server.version)},
                {"usage", sample == nullptr ? Json(nullptr) : to_json(*sample)},
                {"operation", std::move(operation)}};
}

}  // namespace muster::coordinator
