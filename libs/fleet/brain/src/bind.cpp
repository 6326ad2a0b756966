#include "bind.hpp"

#include <algorithm>

#include "liveness.hpp"
#include "placement.hpp"
#include "queue.hpp"

namespace muster::brain {

namespace {

template <typename Entry, typename Key>
std::vector<Entry*> sorted(ById<Entry>& entries, Key key) {
    std::vector<Entry*> list;
    list.reserve(entries.size());
    for (auto& [id, entry] : entries) {
        list.push_back(entry.get());
    }
    std::ranges::sort(list, {}, key);
    return list;
}

void enter(State::Impl& state, NodeEntry& entry) {
    entry.slot = static_cast<Slot>(state.slots.size());
    state.slots.push_back(&entry);
    reindex_labels(state, entry);
    reindex(state, entry);
    if (entry.node.state != NodeState::revoked) {
        lose_contact(state, entry, state.started_at);
    }
    // A node that was unreachable before stays so until it says something.
    if (entry.node.state == NodeState::unreachable) {
        entry.stale = true;
    }
}

void bind_server(State::Impl& state, ServerEntry& entry) {
    if (entry.server.node_id.empty()) {
        return;
    }
    NodeEntry* node = State::Impl::find(state.nodes, entry.server.node_id);
    if (node == nullptr) {
        // Its record is lost; it will say itself who it is.
        node = &add_node(state, Node{.id = entry.server.node_id, .name = entry.server.node_id});
    }
    bind_to_node(state, entry, *node);
}

/// False when it cannot go on.
bool bind_operation(State::Impl& state, OperationEntry& entry) {
    const Operation& operation = entry.operation;
    if (!operation.server_id.empty()) {
        entry.server = State::Impl::find(state.servers, operation.server_id);
        if (entry.server == nullptr) {
            return false;
        }
        entry.node = entry.server->node;
        if (entry.node == nullptr && operation.state == OperationState::running) {
            return false;
        }
    } else {
        entry.node = State::Impl::find(state.nodes, operation.node_id);
        if (entry.node == nullptr) {
            return false;
        }
    }
    return entry.node == nullptr || entry.node->node.state != NodeState::revoked;
}

}  // namespace

NodeEntry& add_node(State::Impl& state, Node node) {
    auto made = std::make_unique<NodeEntry>();
    made->node = std::move(node);
    NodeEntry& entry = *made;
    state.nodes.insert_or_assign(entry.node.id, std::move(made));
    enter(state, entry);
    return entry;
}

void bind_restored(Decision& decision) {
    State::Impl& state = decision.state;
    if (std::exchange(state.bound, true)) {
        return;
    }
    // Observations of servers that have no record of their own are left-overs.
    std::erase_if(state.servers, [](const auto& one) { return one.second->server.id.empty(); });
    state.names.clear();
    for (const auto& [id, entry] : state.servers) {
        enter_name(state, *entry);
    }
    for (NodeEntry* node : sorted(state.nodes, [](NodeEntry* one) { return one->node.id; })) {
        enter(state, *node);
    }
    for (ServerEntry* server :
         sorted(state.servers, [](ServerEntry* one) { return one->server.id; })) {
        bind_server(state, *server);
    }
    std::vector<OperationEntry*> ended;
    std::vector<OperationEntry*> senseless;
    for (OperationEntry* entry : sorted(state.operations, [](OperationEntry* one) {
             return std::pair(one->operation.order, one->operation.id);
         })) {
        state.next_order = std::max(state.next_order, entry->operation.order + 1);
        if (is_final(entry->operation.state)) {
            ended.push_back(entry);
        } else if (bind_operation(state, *entry)) {
            requeue(state, *entry);
        } else {
            senseless.push_back(entry);
        }
    }
    std::ranges::sort(ended, {}, [](OperationEntry* one) {
        return std::pair(one->operation.finished_at.value_or(Timestamp{}), one->operation.order);
    });
    state.finished.assign(ended.begin(), ended.end());
    for (OperationEntry* entry : senseless) {
        state.queued += entry->operation.state == OperationState::queued ? 1U : 0U;
        entry->server = nullptr;
        entry->node = nullptr;
        finish(decision, *entry, OperationState::failed,
               Error{Errc::unavailable, "its server or node is gone", ""});
    }
}

}  // namespace muster::brain
