#include "queue.hpp"

#include <algorithm>

#include "muster/base/assert.hpp"
#include "placement.hpp"

namespace muster::brain {

namespace {

bool has_instance_that_runs(const Observed& observed) {
    return observed.generation != 0 && observed.state != ServerState::stopped &&
           observed.state != ServerState::crashed;
}

void disarm(State::Impl& state, OperationEntry& entry) {
    if (entry.due) {
        state.deadlines.erase(&entry);
        entry.due.reset();
    }
}

void arm(State::Impl& state, OperationEntry& entry, Timestamp lost_at) {
    disarm(state, entry);
    entry.due = std::max(lost_at, entry.operation.created_at) + state.config.queue_deadline;
    state.deadlines.insert(&entry);
}

void arm_if_away(State::Impl& state, OperationEntry& entry) {
    if (entry.node != nullptr && entry.node->lost_at) {
        arm(state, entry, *entry.node->lost_at);
    }
}

void withdraw(State::Impl& state, ServerEntry& server) {
    OperationEntry* entry = std::exchange(server.offered, nullptr);
    if (entry == nullptr) {
        return;
    }
    if (entry->node != nullptr) {
        entry->node->ready.erase(entry);
        return;
    }
    for (OperationEntry** cursor : {&state.try_next, &state.explain_next}) {
        if (*cursor == entry) {
            const auto next = state.waiting.upper_bound(entry);
            *cursor = next == state.waiting.end() ? nullptr : *next;
        }
    }
    state.waiting.erase(entry);
}

void leave_queues(State::Impl& state, OperationEntry& entry) {
    disarm(state, entry);
    if (entry.operation.state == OperationState::queued) {
        --state.queued;
    }
    if (NodeEntry* node = entry.node; node != nullptr) {
        node->ready.erase(&entry);
        node->kills.erase(&entry);
        if (node->running.erase(&entry) != 0 && !is_kill(entry.operation.kind)) {
            --node->running_counted;
        }
    }
    if (ServerEntry* server = entry.server; server != nullptr) {
        withdraw(state, *server);
        std::erase(server->queue, &entry);
        std::erase(server->kills, &entry);
        std::erase(server->running, &entry);
    }
}

/// Everything of a server's queue gets its node.
void set_node(State::Impl& state, OperationEntry& entry, NodeEntry& node) {
    entry.node = &node;
    entry.operation.node_id = node.node.id;
    arm_if_away(state, entry);
}

void keep_finished(Decision& decision, OperationEntry& entry) {
    State::Impl& state = decision.state;
    state.finished.push_back(&entry);
    while (state.finished.size() > std::max<std::size_t>(state.config.operations_kept_max, 1)) {
        const std::string id = state.finished.front()->operation.id;
        state.finished.pop_front();
        decision.erase_operation(id);
        state.operations.erase(id);
    }
}

/// What its server's record says of an operation that starts now.
void decide_start(OperationEntry& entry) {
    Operation& operation = entry.operation;
    if (ServerEntry* server = entry.server; server != nullptr) {
        operation.generation = ++server->server.generation;
        if (operation.kind == OperationKind::update) {
            operation.start = server->server.desired == Desired::running;
        }
    }
}

void start(Decision& decision, OperationEntry& entry) {
    NodeEntry& node = *entry.node;
    if (entry.server != nullptr) {
        withdraw(decision.state, *entry.server);
        std::erase(entry.server->queue, &entry);
        std::erase(entry.server->kills, &entry);
        entry.server->running.push_back(&entry);
    }
    node.ready.erase(&entry);
    node.kills.erase(&entry);
    node.running.insert(&entry);
    node.running_counted += is_kill(entry.operation.kind) ? 0U : 1U;
    disarm(decision.state, entry);
    --decision.state.queued;

    decide_start(entry);
    entry.operation.state = OperationState::running;
    entry.operation.started_at = decision.now;
    entry.operation.step = "sent";
    entry.operation.detail.clear();
    decision.persist(entry);
    decision.publish(entry);
    if (entry.server != nullptr) {
        decision.persist(*entry.server);
        decision.publish(*entry.server);
    }
    send(decision, entry);
}

}  // namespace

bool has_not_begun(const ServerEntry& server) {
    return server.node == nullptr ||
           (server.server.observed.generation == 0 && server.running.empty() &&
            !server.queue.empty() && server.queue.front()->operation.kind == OperationKind::deploy);
}

void offer(State::Impl& state, ServerEntry& server) {
    withdraw(state, server);
    if (server.queue.empty() || !server.running.empty() || !server.kills.empty()) {
        return;
    }
    server.offered = server.queue.front();
    if (server.node != nullptr) {
        server.node->ready.insert(server.offered);
    } else {
        state.waiting.insert(server.offered);
    }
}

void requeue(State::Impl& state, OperationEntry& entry) {
    const bool runs = entry.operation.state == OperationState::running;
    NodeEntry* node = entry.node;
    state.queued += runs ? 0U : 1U;
    if (runs) {
        MUSTER_ASSERT(node != nullptr);
        node->running.insert(&entry);
        node->running_counted += is_kill(entry.operation.kind) ? 0U : 1U;
    } else {
        arm_if_away(state, entry);
    }
    ServerEntry* server = entry.server;
    if (server == nullptr) {
        if (!runs) {
            (is_kill(entry.operation.kind) ? node->kills : node->ready).insert(&entry);
        }
        return;
    }
    if (runs) {
        server->running.push_back(&entry);
    } else if (is_kill(entry.operation.kind) && node != nullptr) {
        server->kills.push_back(&entry);
        node->kills.insert(&entry);
    } else {
        server->queue.push_back(&entry);
    }
    offer(state, *server);
}

OperationEntry& enqueue(Decision& decision, Operation operation, ServerEntry* server,
                        NodeEntry* node) {
    State::Impl& state = decision.state;
    operation.state = OperationState::queued;
    operation.created_at = decision.now;
    operation.order = state.next_order++;
    operation.step = node == nullptr ? "waiting for a node" : "queued";
    operation.server_id = server != nullptr ? server->server.id : "";
    operation.node_id = node != nullptr ? node->node.id : "";
    auto made = std::make_unique<OperationEntry>();
    made->operation = std::move(operation);
    made->server = server;
    made->node = node;
    OperationEntry& entry = *made;
    const auto [at, is_new] = state.operations.try_emplace(entry.operation.id, std::move(made));
    MUSTER_ASSERT(is_new);
    requeue(state, entry);
    decision.persist(entry);
    decision.publish(entry);
    if (server != nullptr) {
        decision.publish(*server);
    }
    if (node != nullptr) {
        decision.queue_moved(*node);
    }
    return entry;
}

void finish(Decision& decision, OperationEntry& entry, OperationState state,
            std::optional<Error> error) {
    MUSTER_ASSERT(is_final(state) && !is_final(entry.operation.state));
    leave_queues(decision.state, entry);
    entry.operation.state = state;
    entry.operation.error = std::move(error);
    entry.operation.finished_at = decision.now;
    entry.operation.step = std::string(name_of(state));
    entry.operation.detail.clear();
    if (state == OperationState::succeeded) {
        entry.operation.progress = 1.0;
    }
    ServerEntry* server = std::exchange(entry.server, nullptr);
    NodeEntry* node = std::exchange(entry.node, nullptr);
    decision.persist(entry);
    decision.publish(entry);
    if (server != nullptr) {
        offer(decision.state, *server);
        decision.publish(*server);
    }
    if (node != nullptr) {
        decision.queue_moved(*node);
    }
    keep_finished(decision, entry);
}

void record_done(Decision& decision, Operation operation, std::string detail) {
    State::Impl& state = decision.state;
    auto made = std::make_unique<OperationEntry>();
    made->operation = std::move(operation);
    OperationEntry& entry = *made;
    entry.operation.state = OperationState::succeeded;
    entry.operation.created_at = decision.now;
    entry.operation.started_at = decision.now;
    entry.operation.finished_at = decision.now;
    entry.operation.order = state.next_order++;
    entry.operation.step = "succeeded";
    entry.operation.progress = 1.0;
    entry.operation.detail = std::move(detail);
    state.operations.insert_or_assign(entry.operation.id, std::move(made));
    decision.persist(entry);
    decision.publish(entry);
    keep_finished(decision, entry);
}

void erase_server(Decision& decision, ServerEntry& server) {
    const std::string why = "the server was removed";
    cancel_queued(decision, server, why, [](OperationKind) { return true; });
    for (OperationEntry* kill : std::vector(server.kills)) {
        finish(decision, *kill, OperationState::cancelled, Error{Errc::cancelled, why, ""});
    }
    // A kill that runs beside the remove ends by its own result, without its server.
    for (OperationEntry* entry : std::exchange(server.running, {})) {
        entry->server = nullptr;
    }
    NodeEntry* node = server.node;
    unplace(decision.state, server);
    if (node != nullptr) {
        decision.room_appeared(*node);
    }
    const std::string id = server.server.id;
    leave_name(decision.state, server);
    decision.erase_server(id);
    decision.state.servers.erase(id);
}

void arm_deadlines(State::Impl& state, NodeEntry& node) {
    for (ServerEntry* server : node.servers) {
        for (OperationEntry* entry : server->queue) {
            arm_if_away(state, *entry);
        }
    }
    for (OperationEntry* entry : node.ready) {  // those of containers have no server
        arm_if_away(state, *entry);
    }
    for (OperationEntry* entry : node.kills) {
        arm_if_away(state, *entry);
    }
}

void disarm_deadlines(State::Impl& state, NodeEntry& node) {
    for (ServerEntry* server : node.servers) {
        for (OperationEntry* entry : server->queue) {
            disarm(state, *entry);
        }
    }
    for (OperationEntry* entry : node.ready) {
        disarm(state, *entry);
    }
    for (OperationEntry* entry : node.kills) {
        disarm(state, *entry);
    }
}

void send(Decision& decision, OperationEntry& entry) {
    Operation& operation = entry.operation;
    const Node& node = entry.node->node;
    operation.sent_session = node.session;
    SendCommand command{.node_id = node.id,
                        .session = node.session,
                        .operation_id = operation.id,
                        .server_id = operation.server_id,
                        .generation = operation.generation};
    using enum OperationKind;
    switch (operation.kind) {
        case deploy:
        case update:
            command.kind = CommandKind::deploy;
            command.start = operation.start;
            command.pull_always = operation.kind == update;
            break;
        case start:
        case restart: {
            const Server* server = entry.server != nullptr ? &entry.server->server : nullptr;
            // A start never makes anew what runs: players may be on it.
            const bool remake =
                server != nullptr && server->observed.generation < server->spec_generation &&
                (operation.kind == restart || !has_instance_that_runs(server->observed));
            command.kind = remake ? CommandKind::deploy : CommandKind::power;
            command.start = remake;
            break;
        }
        case stop:
        case kill:
        case pause:
        case unpause:
            command.kind = CommandKind::power;
            break;
        case remove:
            command.kind = CommandKind::remove;
            break;
        case container_start:
        case container_stop:
        case container_restart:
        case container_kill:
        case container_pause:
        case container_unpause:
            command.kind = CommandKind::container_power;
            break;
        case container_remove:
            command.kind = CommandKind::container_remove;
            break;
        case pull:
            command.kind = CommandKind::pull;
            break;
    }
    decision.send(std::move(command));
}

void pump(Decision& decision, NodeEntry& node) {
    if (!node.can_be_told()) {
        return;
    }
    while (!node.kills.empty()) {
        start(decision, **node.kills.begin());
    }
    while (!node.ready.empty() &&
           node.running_counted < decision.state.config.running_per_node_max) {
        start(decision, **node.ready.begin());
    }
}

void placed(Decision& decision, ServerEntry& server) {
    NodeEntry& node = *server.node;
    withdraw(decision.state, server);  // from those that wait
    server.server.updated_at = decision.now;
    ++server.server.version;
    for (OperationEntry* entry : server.queue) {
        set_node(decision.state, *entry, node);
        entry->operation.step = "queued";
        entry->operation.detail.clear();
        decision.persist(*entry);
        decision.publish(*entry);
    }
    offer(decision.state, server);
    decision.persist(server);
    decision.publish(server);
    decision.queue_moved(node);
}

void place_waiting_on(Decision& decision, NodeEntry& node, std::size_t visits) {
    if (!node.takes_servers()) {
        return;
    }
    auto at = decision.state.waiting.begin();
    for (; at != decision.state.waiting.end() && visits > 0; --visits) {
        ServerEntry& server = *(*at)->server;
        const std::string& wish = server.server.spec.node_id;
        ++at;  // placing takes it off the set
        if (wish.empty() || wish == node.node.id) {
            if (place_on(decision.state, server, node)) {
                placed(decision, server);
            }
        }
    }
}

}  // namespace muster::brain
