#include "asks.hpp"

#include <algorithm>

#include "placement.hpp"
#include "queue.hpp"

namespace muster::brain {

namespace {

constexpr std::size_t kills_per_server_max = 4;

enum class Verdict { go, done };

/// Whether an ask with that operation id is new; one that was asked before is done.
Verdict check_operation(Decision& decision, const std::string& id) {
    if (id.empty()) {
        decision.reject(Errc::invalid_argument, "an operation needs an id", "operation_id");
        return Verdict::done;
    }
    return decision.state.operations.contains(id) ? Verdict::done : Verdict::go;
}

bool has_room(Decision& decision, const ServerEntry* server) {
    const Config& config = decision.state.config;
    if (decision.state.queued >= config.queued_max) {
        decision.reject(Errc::exhausted, "too many operations are queued; try again later");
        return false;
    }
    if (server != nullptr && server->queue.size() >= config.queued_per_server_max) {
        decision.reject(Errc::exhausted, "too many operations are queued for this server");
        return false;
    }
    return true;
}

bool is_being_removed(const ServerEntry& server) {
    const auto removes = [](const OperationEntry* one) {
        return one->operation.kind == OperationKind::remove;
    };
    return std::ranges::any_of(server.queue, removes) ||
           std::ranges::any_of(server.running, removes);
}

/// The server that an ask is about, if it can be acted on.
ServerEntry* find_server(Decision& decision, const std::string& id) {
    ServerEntry* server = State::Impl::find(decision.state.servers, id);
    if (server == nullptr) {
        decision.reject(Errc::not_found, "there is no server " + id);
    }
    return server;
}

bool can_act(Decision& decision, const ServerEntry& server) {
    if (server.node != nullptr && server.node->node.state == NodeState::revoked) {
        decision.reject(Errc::conflict, "its node was revoked; the server can only be removed");
        return false;
    }
    return true;
}

bool can_queue(Decision& decision, const ServerEntry& server) {
    if (is_being_removed(server)) {
        decision.reject(Errc::conflict, "the server is being removed");
        return false;
    }
    return has_room(decision, &server);
}

void want(Decision& decision, ServerEntry& server, Desired desired) {
    if (server.server.desired != desired) {
        server.server.desired = desired;
        server.server.updated_at = decision.now;
        ++server.server.version;
    }
    decision.persist(server);
    decision.publish(server);
}

/// A head that waits for a node gets one, or the reason why there is none.
void find_a_node(Decision& decision, ServerEntry& server) {
    if (server.node != nullptr || server.offered == nullptr) {
        return;
    }
    std::size_t visits = decision.state.slots.size();
    if (place(decision.state, server, visits) != nullptr) {
        placed(decision, server);
    } else {
        server.offered->operation.detail =
            recent_reason(decision.state, server.server.spec, decision.now);
    }
}

/// `self`: the server that is to have it, nullptr for a new one.
std::optional<Error> check_name(const State::Impl& state, const ServerSpec& spec,
                                const ServerEntry* self) {
    if (spec.name.empty() || (self != nullptr && self->server.spec.name == spec.name)) {
        return std::nullopt;
    }
    const auto found = state.names.find(spec.name);
    if (found == state.names.end()) {
        return std::nullopt;
    }
    return Error{Errc::conflict, "the server " + found->second->server.id + " has this name",
                 "name"};
}

std::optional<Error> check_spec(const State::Impl& state, const ServerSpec& spec) {
    if (spec.memory_bytes < 0) {
        return Error{Errc::invalid_argument, "a limit cannot be below 0", "memory_bytes"};
    }
    if (!(spec.cpus >= 0 && spec.cpus <= 1e6)) {
        return Error{Errc::invalid_argument, "a limit is 0 to 1000000 cores", "cpus"};
    }
    if (auto ports = check_ports(spec.ports)) {
        return ports;
    }
    if (spec.node_id.empty()) {
        return std::nullopt;
    }
    const auto node = state.nodes.find(spec.node_id);
    if (node == state.nodes.end()) {
        return Error{Errc::not_found, "there is no node " + spec.node_id, "node_id"};
    }
    if (node->second->node.state == NodeState::revoked) {
        return Error{Errc::conflict, "that node was revoked", "node_id"};
    }
    return std::nullopt;
}

/// What speaks against that specification for a server that is there already.
std::optional<Error> check_change(const State::Impl& state, const ServerEntry& server,
                                  const ServerSpec& spec) {
    if (auto wrong = check_spec(state, spec)) {
        return wrong;
    }
    if (auto taken = check_name(state, spec, &server)) {
        return taken;
    }
    if (server.node == nullptr) {
        return std::nullopt;
    }
    const ServerSpec& old = server.server.spec;
    if (spec.ports != old.ports) {
        return Error{Errc::unsupported, "ports cannot change after the deploy", "ports"};
    }
    if (spec.node_id != old.node_id || spec.runtime != old.runtime) {
        return Error{Errc::unsupported, "a server stays on its node", "node_id"};
    }
    return check_limits(state, *server.node, spec, &old);
}

/// After check_change() found nothing.
void take_spec(Decision& decision, ServerEntry& server, const ServerSpec& spec, bool remake) {
    if (server.node != nullptr) {
        change_limits(decision.state, server, spec);
        decision.room_appeared(*server.node);
    }
    if (remake) {
        server.server.spec_generation = ++server.server.generation;
    }
    leave_name(decision.state, server);
    server.server.spec = spec;
    enter_name(decision.state, server);
    server.server.updated_at = decision.now;
    ++server.server.version;
}

void kill(Decision& decision, ServerEntry& server, Operation operation) {
    const auto running = std::ranges::count_if(
        server.running, [](OperationEntry* one) { return is_kill(one->operation.kind); });
    if (server.kills.size() + static_cast<std::size_t>(running) >= kills_per_server_max) {
        decision.reject(Errc::exhausted, "several kills are on their way to it already");
        return;
    }
    cancel_queued(decision, server, "a kill overtook it", is_undone_by_kill);
    enqueue(decision, std::move(operation), &server, server.node);
}

Desired desired_by(OperationKind kind) {
    switch (kind) {
        case OperationKind::stop:
        case OperationKind::kill:
            return Desired::stopped;
        case OperationKind::pause:
            return Desired::paused;
        default:
            return Desired::running;
    }
}

}  // namespace

void on(Decision& decision, const DeployServer& event) {
    State::Impl& state = decision.state;
    if (check_operation(decision, event.operation_id) == Verdict::done) {
        return;
    }
    if (event.server_id.empty()) {
        decision.reject(Errc::invalid_argument, "a server needs an id", "server_id");
        return;
    }
    if (state.servers.contains(event.server_id)) {
        decision.reject(Errc::conflict, "there is a server " + event.server_id + " already");
        return;
    }
    if (auto wrong = check_spec(state, event.spec)) {
        decision.reject(std::move(*wrong));
        return;
    }
    if (auto taken = check_name(state, event.spec, nullptr)) {
        decision.reject(std::move(*taken));
        return;
    }
    if (!has_room(decision, nullptr)) {
        return;
    }
    auto made = std::make_unique<ServerEntry>();
    ServerEntry& server = *made;
    server.server.id = event.server_id;
    server.server.spec = event.spec;
    server.server.desired = event.start ? Desired::running : Desired::stopped;
    server.server.generation = 1;
    server.server.spec_generation = 1;
    server.server.created_at = decision.now;
    server.server.updated_at = decision.now;
    state.servers.try_emplace(event.server_id, std::move(made));
    enter_name(state, server);
    Operation operation{.id = event.operation_id,
                        .kind = OperationKind::deploy,
                        .start = event.start,
                        .by = event.by};
    enqueue(decision, std::move(operation), &server, nullptr);
    decision.persist(server);
    find_a_node(decision, server);
}

void on(Decision& decision, const ChangeServer& event) {
    ServerEntry* server = find_server(decision, event.server_id);
    if (server == nullptr) {
        return;
    }
    if (is_being_removed(*server)) {
        decision.reject(Errc::conflict, "the server is being removed");
        return;
    }
    if (auto wrong = check_change(decision.state, *server, event.spec)) {
        decision.reject(std::move(*wrong));
        return;
    }
    take_spec(decision, *server, event.spec, event.remake);
    find_a_node(decision, *server);
    decision.persist(*server);
    decision.publish(*server);
}

void on(Decision& decision, const PowerServer& event) {
    if (check_operation(decision, event.operation_id) == Verdict::done) {
        return;
    }
    if (event.kind < OperationKind::start || event.kind > OperationKind::unpause) {
        decision.reject(Errc::invalid_argument, "that is no power command", "kind");
        return;
    }
    ServerEntry* server = find_server(decision, event.server_id);
    if (server == nullptr || !can_act(decision, *server)) {
        return;
    }
    Operation operation{.id = event.operation_id, .kind = event.kind, .by = event.by};
    const bool stops = event.kind == OperationKind::stop || event.kind == OperationKind::kill;
    if (stops && has_not_begun(*server)) {
        cancel_queued(decision, *server, "the server was stopped before it was made",
                      [](OperationKind kind) { return kind != OperationKind::remove; });
        want(decision, *server, Desired::stopped);
        operation.server_id = event.server_id;
        operation.node_id = server->server.node_id;
        record_done(decision, std::move(operation), "it had not begun");
        return;
    }
    if (event.kind == OperationKind::kill) {
        const std::size_t before = decision.state.operations.size();
        kill(decision, *server, std::move(operation));
        if (decision.state.operations.size() != before) {
            want(decision, *server, Desired::stopped);
        }
        return;
    }
    if (server->node == nullptr && server->queue.empty() &&
        (event.kind == OperationKind::pause || event.kind == OperationKind::unpause)) {
        decision.reject(Errc::conflict, "the server is on no node yet");
        return;
    }
    if (!can_queue(decision, *server)) {
        return;
    }
    enqueue(decision, std::move(operation), server, server->node);
    want(decision, *server, desired_by(event.kind));
    find_a_node(decision, *server);
}

void on(Decision& decision, const UpdateServer& event) {
    if (check_operation(decision, event.operation_id) == Verdict::done) {
        return;
    }
    ServerEntry* server = find_server(decision, event.server_id);
    if (server == nullptr || !can_act(decision, *server) || !can_queue(decision, *server)) {
        return;
    }
    if (event.spec) {
        if (auto wrong = check_change(decision.state, *server, *event.spec)) {
            decision.reject(std::move(*wrong));
            return;
        }
        take_spec(decision, *server, *event.spec, true);
        decision.persist(*server);
        decision.publish(*server);
    }
    Operation operation{.id = event.operation_id, .kind = OperationKind::update, .by = event.by};
    enqueue(decision, std::move(operation), server, server->node);
    find_a_node(decision, *server);
}

void on(Decision& decision, const RemoveServer& event) {
    if (check_operation(decision, event.operation_id) == Verdict::done) {
        return;
    }
    ServerEntry* server = find_server(decision, event.server_id);
    if (server == nullptr) {
        return;
    }
    Operation operation{.id = event.operation_id,
                        .kind = OperationKind::remove,
                        .with_data = event.with_data,
                        .by = event.by};
    const bool forced = server->node == nullptr || server->node->node.state == NodeState::revoked;
    if (forced) {
        operation.server_id = event.server_id;
        operation.node_id = server->server.node_id;
        record_done(decision, std::move(operation),
                    server->node == nullptr ? "it was on no node"
                                            : "its node was revoked and was not asked");
        erase_server(decision, *server);
        return;
    }
    if (is_being_removed(*server)) {
        decision.reject(Errc::conflict, "the server is being removed");
        return;
    }
    cancel_queued(decision, *server, "the server is being removed",
                  [](OperationKind) { return true; });
    enqueue(decision, std::move(operation), server, server->node);
    want(decision, *server, Desired::removed);
}

void on(Decision& decision, const CommandNode& event) {
    if (check_operation(decision, event.operation_id) == Verdict::done) {
        return;
    }
    if (event.kind < OperationKind::container_start) {
        decision.reject(Errc::invalid_argument, "that is no command for a node", "kind");
        return;
    }
    const bool is_pull = event.kind == OperationKind::pull;
    if (is_pull ? event.image.empty() : event.container_id.empty()) {
        decision.reject(Errc::invalid_argument, is_pull ? "which image?" : "which container?",
                        is_pull ? "image" : "container_id");
        return;
    }
    NodeEntry* node = State::Impl::find(decision.state.nodes, event.node_id);
    if (node == nullptr || node->node.state == NodeState::revoked) {
        decision.reject(
            node == nullptr ? Errc::not_found : Errc::conflict,
            node == nullptr ? "there is no node " + event.node_id : "that node was revoked",
            "node_id");
        return;
    }
    if (!has_room(decision, nullptr)) {
        return;
    }
    Operation operation{.id = event.operation_id,
                        .kind = event.kind,
                        .container_id = event.container_id,
                        .image = event.image,
                        .force = event.force,
                        .grace_seconds = event.grace_seconds,
                        .by = event.by};
    enqueue(decision, std::move(operation), nullptr, node);
}

void on(Decision& decision, const CancelOperation& event) {
    OperationEntry* entry = State::Impl::find(decision.state.operations, event.operation_id);
    if (entry == nullptr) {
        decision.reject(Errc::not_found, "there is no operation " + event.operation_id);
        return;
    }
    if (entry->operation.state == OperationState::cancelled) {
        return;
    }
    if (entry->operation.state != OperationState::queued) {
        decision.reject(Errc::conflict, entry->operation.state == OperationState::running
                                            ? "it has begun and cannot be cancelled"
                                            : "it has ended already");
        return;
    }
    ServerEntry* server = entry->server;
    const OperationKind kind = entry->operation.kind;
    finish(decision, *entry, OperationState::cancelled,
           Error{Errc::cancelled, "somebody cancelled it", ""});
    if (server != nullptr && kind == OperationKind::deploy) {
        want(decision, *server, Desired::stopped);
    }
}

void on(Decision& decision, const ChangeNode& event) {
    NodeEntry* node = State::Impl::find(decision.state.nodes, event.node_id);
    if (node == nullptr) {
        decision.reject(Errc::not_found, "there is no node " + event.node_id);
        return;
    }
    if (event.name && event.name->empty()) {
        decision.reject(Errc::invalid_argument, "a node needs a name", "name");
        return;
    }
    node->node.name = event.name.value_or(node->node.name);
    node->node.cordoned = event.cordoned.value_or(node->node.cordoned);
    node->node.details = event.details.value_or(node->node.details);
    if (event.labels) {
        node->node.labels = *event.labels;
        reindex_labels(decision.state, *node);
    }
    ++node->node.version;
    reindex(decision.state, *node);
    decision.persist(*node);
    decision.publish(*node);
    decision.room_appeared(*node);
}

void on(Decision& decision, const RevokeNode& event) {
    State::Impl& state = decision.state;
    NodeEntry* node = State::Impl::find(state.nodes, event.node_id);
    if (node == nullptr) {
        decision.reject(Errc::not_found, "there is no node " + event.node_id);
        return;
    }
    if (node->node.state == NodeState::revoked) {
        return;
    }
    node->node.state = NodeState::revoked;
    node->node.connected = false;
    node->inventoried = false;
    if (node->lease_due) {
        state.leases.erase({*std::exchange(node->lease_due, std::nullopt), node->slot});
    }
    if (node->ask_due) {
        state.asks.erase({*std::exchange(node->ask_due, std::nullopt), node->slot});
    }
    ++node->node.version;
    reindex(state, *node);
    decision.persist(*node);
    decision.publish(*node);
    for (ServerEntry* server : node->servers) {
        decision.publish(*server);
    }
    const Error why{Errc::unavailable, "the node was revoked", "node_id"};
    std::vector<OperationEntry*> hit;
    for (auto& [id, entry] : state.operations) {
        const bool waits_for_it = entry->node == nullptr && entry->server != nullptr &&
                                  entry->server->server.spec.node_id == event.node_id;
        if (entry->node == node || waits_for_it) {
            hit.push_back(entry.get());
        }
    }
    std::ranges::sort(hit, ByOrder{});
    for (OperationEntry* entry : hit) {
        ServerEntry* server = entry->server;
        // Who wanted a server gone has it gone: nobody is left who could confirm it.
        const bool removes = entry->operation.kind == OperationKind::remove;
        finish(decision, *entry, removes ? OperationState::succeeded : OperationState::failed,
               removes ? std::nullopt : std::optional(why));
        if (removes && server != nullptr) {
            erase_server(decision, *server);
        }
    }
}

}  // namespace muster::brain
