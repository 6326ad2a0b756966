#include "liveness.hpp"

#include <algorithm>
#include <unordered_set>

#include "bind.hpp"
#include "placement.hpp"
#include "queue.hpp"

namespace muster::brain {

namespace {

constexpr milliseconds inventory_patience{10'000};

void end_lease(State::Impl& state, NodeEntry& node) {
    if (node.lease_due) {
        state.leases.erase({*node.lease_due, node.slot});
        node.lease_due.reset();
    }
}

void expect_inventory(State::Impl& state, NodeEntry& node, std::optional<Timestamp> by) {
    if (node.ask_due) {
        state.asks.erase({*node.ask_due, node.slot});
    }
    node.ask_due = by;
    if (by) {
        state.asks.emplace(*by, node.slot);
    }
}

/// True when people see a change.
bool regain_contact(Decision& decision, NodeEntry& node) {
    State::Impl& state = decision.state;
    node.node.last_seen = decision.now;
    if (!node.lost_at && node.node.state == NodeState::online) {
        return false;
    }
    node.lost_at.reset();
    end_lease(state, node);
    disarm_deadlines(state, node);
    node.node.connected = true;
    node.node.state = NodeState::online;
    reindex(state, node);
    return true;
}

void publish_servers(Decision& decision, NodeEntry& node) {
    for (ServerEntry* server : node.servers) {
        decision.publish(*server);
    }
}

void observe(Decision& decision, ServerEntry& server, const Observed& observed) {
    if (server.server.observed != observed) {
        server.server.observed = observed;
        decision.persist_observed(server);
        decision.publish(server);
    }
}

/// Its node does not have it. Nothing is done about it: somebody has to ask.
void observe_absent(Decision& decision, ServerEntry& server) {
    if (server.server.observed.generation == 0) {
        return;  // it was never there
    }
    observe(decision, server,
            Observed{.state = ServerState::stopped,
                     .reason = "its node does not have it any more; starting makes it anew",
                     .since = decision.now});
}

/// The engine may have come up only after the hello.
void learn_runtime(Decision& decision, NodeEntry& node, const InventoryReported& event) {
    NodeFacts& facts = node.node.facts;
    if (event.runtime.empty() ||
        (facts.runtime == event.runtime && facts.runtime_version == event.runtime_version)) {
        return;
    }
    facts.runtime = event.runtime;
    facts.runtime_version = event.runtime_version;
    ++node.node.version;
    decision.persist(node);
    decision.publish(node);
}

void take_stock(Decision& decision, NodeEntry& node, const InventoryReported& event) {
    node.foreign_ports.clear();
    for (const BusyPort& port : event.busy_ports) {
        node.foreign_ports.take(port.number, port.protocol);
    }
    std::unordered_set<const ServerEntry*> seen;
    for (const ObservedServer& one : event.servers) {
        ServerEntry* server = State::Impl::find(decision.state.servers, one.server_id);
        if (server != nullptr && server->node == &node) {
            seen.insert(server);
            observe(decision, *server, one.observed);
            continue;
        }
        for (const GivenPort& port : one.observed.ports) {  // left alone, but in the way
            node.foreign_ports.take(port.outside, port.protocol);
        }
    }
    for (ServerEntry* server : node.servers) {
        if (!seen.contains(server)) {
            observe_absent(decision, *server);
        }
    }
}

/// What runs by our word and what the node does not know is told again, in the order it was told.
void send_again(Decision& decision, NodeEntry& node, const InventoryReported& event) {
    const std::unordered_set<std::string_view> known(event.known_operations.begin(),
                                                     event.known_operations.end());
    std::vector<OperationEntry*> unsent;
    for (OperationEntry* entry : node.running) {
        if (known.contains(entry->operation.id)) {
            entry->operation.sent_session = node.node.session;
        } else if (entry->operation.sent_session != node.node.session) {
            unsent.push_back(entry);
        }
    }
    std::ranges::sort(unsent, {}, [](OperationEntry* one) {
        return std::pair(one->operation.generation, one->operation.order);
    });
    for (OperationEntry* entry : unsent) {
        send(decision, *entry);
    }
}

OperationEntry* operation_of(Decision& decision, const NodeEntry& node, std::string_view id) {
    OperationEntry* entry = State::Impl::find(decision.state.operations, id);
    return entry != nullptr && entry->node == &node ? entry : nullptr;
}

}  // namespace

void lose_contact(State::Impl& state, NodeEntry& node, Timestamp since) {
    if (node.lost_at || node.node.state == NodeState::revoked) {
        return;
    }
    node.lost_at = since;
    node.node.connected = false;
    reindex(state, node);
    arm_deadlines(state, node);
    if (node.node.state == NodeState::online) {
        node.lease_due =
            std::max(since + state.config.lease, state.started_at + state.config.grace);
        state.leases.emplace(*node.lease_due, node.slot);
    }
}

NodeEntry* hear(Decision& decision, std::string_view node_id, std::uint64_t session) {
    NodeEntry* node = State::Impl::find(decision.state.nodes, node_id);
    if (node == nullptr || node->node.session != session || session == 0 ||
        node->node.state == NodeState::revoked) {
        return nullptr;
    }
    if (regain_contact(decision, *node)) {
        // The stream kept its order, so what we know is true again once the inventory had come.
        node->stale = node->stale && !node->inventoried;
        decision.persist(*node);
        decision.publish(*node);
        publish_servers(decision, *node);
        decision.queue_moved(*node);
        decision.room_appeared(*node);
    }
    return node;
}

void on(Decision& decision, const NodeConnected& event) {
    State::Impl& state = decision.state;
    NodeEntry* node = State::Impl::find(state.nodes, event.node_id);
    if (event.node_id.empty() || event.session == 0) {
        decision.reject(Errc::invalid_argument, "a node needs an id and a session", "node_id");
        return;
    }
    if (node == nullptr) {
        node = &add_node(state, Node{.id = event.node_id,
                                     .name = event.name.empty() ? event.node_id : event.name,
                                     .created_at = decision.now});
    }
    if (node->node.state == NodeState::revoked) {
        decision.reject(Errc::permission_denied, "this node was revoked", "node_id");
        return;
    }
    if (event.session <= node->node.session) {
        return;  // an older session's hello came late
    }
    node->node.session = event.session;
    node->inventoried = false;
    node->node.facts = event.facts;
    node->node.connected = true;
    ++node->node.version;
    const bool was_unreachable = node->node.state == NodeState::unreachable;
    node->stale = node->stale || was_unreachable;
    regain_contact(decision, *node);
    reindex_labels(state, *node);
    reindex(state, *node);
    expect_inventory(state, *node, decision.now + inventory_patience);
    decision.persist(*node);
    decision.publish(*node);
}

void on(Decision& decision, const InventoryReported& event) {
    NodeEntry* node = hear(decision, event.node_id, event.session);
    if (node == nullptr) {
        return;
    }
    State::Impl& state = decision.state;
    const bool is_first = !std::exchange(node->inventoried, true);
    learn_runtime(decision, *node, event);
    node->avoided_ports.clear();
    for (const BusyPort& port : event.avoided_ports) {
        node->avoided_ports.take(port.number, port.protocol);
    }
    if (event.runtime_answers) {
        take_stock(decision, *node, event);
        if (std::exchange(node->stale, false)) {
            publish_servers(decision, *node);
        }
        expect_inventory(state, *node, std::nullopt);
    } else {
        expect_inventory(state, *node, decision.now + inventory_patience);
    }
    reindex(state, *node);
    if (is_first) {
        send_again(decision, *node, event);
    }
    decision.queue_moved(*node);
    decision.room_appeared(*node);
}

void on(Decision& decision, const NodeSeen& event) {
    hear(decision, event.node_id, event.session);
}

void on(Decision& decision, const NodeLostContact& event) {
    NodeEntry* node = State::Impl::find(decision.state.nodes, event.node_id);
    if (node == nullptr || node->node.session != event.session || node->lost_at) {
        return;
    }
    lose_contact(decision.state, *node, decision.now);
    decision.persist(*node);  // for its last_seen
    decision.publish(*node);
}

void on(Decision& decision, const NodeSessionEnded& event) {
    NodeEntry* node = State::Impl::find(decision.state.nodes, event.node_id);
    if (node == nullptr || node->node.session != event.session) {
        return;
    }
    node->inventoried = false;
    expect_inventory(decision.state, *node, std::nullopt);
    reindex(decision.state, *node);
    on(decision, NodeLostContact{event.node_id, event.session});
}

void on(Decision& decision, const ServerObserved& event) {
    NodeEntry* node = hear(decision, event.node_id, event.session);
    ServerEntry* server = State::Impl::find(decision.state.servers, event.server_id);
    if (node == nullptr || server == nullptr || server->node != node) {
        return;
    }
    if (event.removed) {
        observe_absent(decision, *server);
    } else if (event.observed.generation >= server->server.observed.generation) {
        observe(decision, *server, event.observed);
    }
}

void on(Decision& decision, const OperationAcknowledged& event) {
    NodeEntry* node = hear(decision, event.node_id, event.session);
    OperationEntry* entry =
        node != nullptr ? operation_of(decision, *node, event.operation_id) : nullptr;
    if (entry != nullptr && entry->operation.state == OperationState::running &&
        entry->operation.step == "sent") {
        entry->operation.step = "begun";
        decision.publish(*entry);
    }
}

void on(Decision& decision, const OperationProgressed& event) {
    NodeEntry* node = hear(decision, event.node_id, event.session);
    OperationEntry* entry =
        node != nullptr ? operation_of(decision, *node, event.operation_id) : nullptr;
    if (entry == nullptr || entry->operation.state != OperationState::running) {
        return;
    }
    Operation& operation = entry->operation;
    if (operation.step != event.step || operation.progress != event.progress ||
        operation.detail != event.detail) {
        operation.step = event.step;
        operation.progress = event.progress;
        operation.detail = event.detail;
        decision.publish(*entry);
    }
}

void on(Decision& decision, const OperationFinished& event) {
    NodeEntry* node = hear(decision, event.node_id, event.session);
    if (node == nullptr) {
        return;
    }
    // Also one that we do not know (any more): nobody needs the node to remember it.
    decision.acknowledge(*node, event.operation_id);
    OperationEntry* entry = operation_of(decision, *node, event.operation_id);
    if (entry == nullptr) {
        return;
    }
    ServerEntry* server = entry->server;
    const bool removed = entry->operation.kind == OperationKind::remove && !event.error;
    finish(decision, *entry, event.error ? OperationState::failed : OperationState::succeeded,
           event.error);
    if (removed && server != nullptr) {
        erase_server(decision, *server);
    }
}

namespace {

constexpr std::size_t changes_max = 400;  // in one tick: what is left comes in the next

void end_leases(Decision& decision) {
    State::Impl& state = decision.state;
    for (std::size_t changes = 0; changes < changes_max && !state.leases.empty() &&
                                  state.leases.begin()->first <= decision.now;) {
        NodeEntry& node = *state.slots[state.leases.begin()->second];
        end_lease(state, node);
        node.node.state = NodeState::unreachable;
        node.stale = true;
        ++node.node.version;
        decision.persist(node);
        decision.publish(node);
        publish_servers(decision, node);
        changes += 1 + node.servers.size();
    }
}

void end_deadlines(Decision& decision) {
    State::Impl& state = decision.state;
    for (std::size_t changes = 0; changes < changes_max && !state.deadlines.empty() &&
                                  (*state.deadlines.begin())->due <= decision.now;
         ++changes) {
        finish(decision, **state.deadlines.begin(), OperationState::failed,
               Error{Errc::unavailable, "its node was out of contact for too long", "node_id"});
    }
}

void ask_again(Decision& decision) {
    State::Impl& state = decision.state;
    for (std::size_t asked = 0;
         asked < changes_max && !state.asks.empty() && state.asks.begin()->first <= decision.now;
         ++asked) {
        NodeEntry& node = *state.slots[state.asks.begin()->second];
        decision.ask_inventory(node);
        expect_inventory(state, node, decision.now + inventory_patience);
    }
}

/// The one that the cursor is at, which then goes on; they come in turn, whatever leaves meanwhile.
OperationEntry& in_turn(State::Impl& state, OperationEntry*& cursor) {
    auto at = cursor != nullptr ? state.waiting.find(cursor) : state.waiting.begin();
    OperationEntry& entry = **at;
    ++at;
    cursor = at == state.waiting.end() ? nullptr : *at;
    return entry;
}

void look_at_waiting(Decision& decision) {
    State::Impl& state = decision.state;
    std::size_t visits = 5'000;  // of nodes: about a third of a millisecond
    const std::size_t tries = std::min<std::size_t>(state.waiting.size(), 64);
    for (std::size_t tried = 0; tried < tries && visits > 0 && !state.waiting.empty(); ++tried) {
        ServerEntry& server = *in_turn(state, state.try_next).server;
        if (place(state, server, visits) != nullptr) {
            placed(decision, server);
        }
    }
    if (state.waiting.empty()) {
        return;
    }
    OperationEntry& entry = in_turn(state, state.explain_next);
    std::string why = recent_reason(state, entry.server->server.spec, decision.now);
    if (why != entry.operation.detail) {
        entry.operation.detail = std::move(why);
        decision.publish(entry);
        decision.publish(*entry.server);
    }
}

}  // namespace

void on(Decision& decision, const Tick& /*event*/) {
    end_leases(decision);
    end_deadlines(decision);
    ask_again(decision);
    look_at_waiting(decision);
}

}  // namespace muster::brain
