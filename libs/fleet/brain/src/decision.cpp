#include "decision.hpp"

#include <utility>

namespace muster::brain {

namespace {

/// True the first time in this decision.
bool mark(std::uint64_t& last, const State::Impl& state) {
    return std::exchange(last, state.decision) != state.decision;
}

}  // namespace

void Decision::persist(NodeEntry& entry) {
    if (mark(entry.marks.persisted, state)) {
        persists_.push_back({Subject::node, entry.node.id, false});
    }
}

void Decision::persist(ServerEntry& entry) {
    if (mark(entry.marks.persisted, state)) {
        persists_.push_back({Subject::server, entry.server.id, false});
    }
}

void Decision::persist_observed(ServerEntry& entry) {
    if (mark(entry.marks.observed_persisted, state)) {
        persists_.push_back({Subject::observed, entry.server.id, false});
    }
}

void Decision::persist(OperationEntry& entry) {
    if (mark(entry.marks.persisted, state)) {
        persists_.push_back({Subject::operation, entry.operation.id, false});
    }
}

void Decision::publish(NodeEntry& entry) {
    if (mark(entry.marks.published, state)) {
        publishes_.push_back({Subject::node, entry.node.id, false});
    }
}

void Decision::publish(ServerEntry& entry) {
    if (mark(entry.marks.published, state)) {
        publishes_.push_back({Subject::server, entry.server.id, false});
    }
}

void Decision::publish(OperationEntry& entry) {
    if (mark(entry.marks.published, state)) {
        publishes_.push_back({Subject::operation, entry.operation.id, false});
    }
}

void Decision::forget(Subject subject, std::string_view id) {
    std::erase_if(persists_,
                  [&](const Persist& one) { return one.subject == subject && one.id == id; });
    std::erase_if(publishes_,
                  [&](const Publish& one) { return one.subject == subject && one.id == id; });
}

void Decision::erase_server(std::string_view id) {
    forget(Subject::server, id);
    forget(Subject::observed, id);
    persists_.push_back({Subject::server, std::string(id), true});
    persists_.push_back({Subject::observed, std::string(id), true});
    publishes_.push_back({Subject::server, std::string(id), true});
}

void Decision::erase_operation(std::string_view id) {
    forget(Subject::operation, id);
    persists_.push_back({Subject::operation, std::string(id), true});
    publishes_.push_back({Subject::operation, std::string(id), true});
}

void Decision::acknowledge(const NodeEntry& node, std::string_view operation_id) {
    sends_.emplace_back(
        AcknowledgeResult{node.node.id, node.node.session, std::string(operation_id)});
}

void Decision::ask_inventory(const NodeEntry& node) {
    sends_.emplace_back(AskInventory{node.node.id, node.node.session});
}

void Decision::reject(Errc code, std::string message, std::string field) {
    reject(Error{code, std::move(message), std::move(field)});
}

void Decision::reject(Error error) {
    rejects_.emplace_back(Reject{std::move(error)});
}

std::vector<Action> Decision::take_actions() {
    std::vector<Action> actions;
    actions.reserve(persists_.size() + sends_.size() + publishes_.size() + rejects_.size());
    for (Persist& one : persists_) {
        actions.emplace_back(std::move(one));
    }
    for (Action& one : sends_) {
        actions.push_back(std::move(one));
    }
    for (Publish& one : publishes_) {
        actions.emplace_back(std::move(one));
    }
    for (Action& one : rejects_) {
        actions.push_back(std::move(one));
    }
    return actions;
}

}  // namespace muster::brain
