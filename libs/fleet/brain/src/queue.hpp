#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "decision.hpp"

/// Operations from asking to their end.
namespace muster::brain {

[[nodiscard]] inline bool is_kill(OperationKind kind) {
    return kind == OperationKind::kill || kind == OperationKind::container_kill;
}
/// A running instance would be stopped, started or held by it: what a kill makes pointless.
[[nodiscard]] inline bool is_undone_by_kill(OperationKind kind) {
    return kind >= OperationKind::start && kind <= OperationKind::unpause &&
           kind != OperationKind::kill;
}
/// The node never had an instance of it and was not told to make one.
[[nodiscard]] bool has_not_begun(const ServerEntry& server);

/// A new queued operation, in its place in its server's or node's queue; it may start within this
/// decision.
OperationEntry& enqueue(Decision& decision, Operation operation, ServerEntry* server,
                        NodeEntry* node);
/// Puts a restored operation that has not ended where it belongs.
void requeue(State::Impl& state, OperationEntry& entry);

/// Ends it: off every queue, its server's next one is offered. The record stays for a while.
void finish(Decision& decision, OperationEntry& entry, OperationState state,
            std::optional<Error> error);
/// An operation that is over as soon as it was asked for.
void record_done(Decision& decision, Operation operation, std::string detail);

/// Cancels the server's queued operations that `which` takes.
template <typename Which>
void cancel_queued(Decision& decision, ServerEntry& server, const std::string& why, Which which);

/// The server's record goes, and what was queued for it.
void erase_server(Decision& decision, ServerEntry& server);

/// The node lost contact or has it again: deadlines of what is queued for it begin or end.
void arm_deadlines(State::Impl& state, NodeEntry& node);
void disarm_deadlines(State::Impl& state, NodeEntry& node);

/// Sends the command of an operation that runs (again) in the node's session.
void send(Decision& decision, OperationEntry& entry);
/// Starts what may start on the node.
void pump(Decision& decision, NodeEntry& node);

/// A server that waited has its node now: its operations go there.
void placed(Decision& decision, ServerEntry& server);
/// Tries the waiting ones on a node that has room, the oldest first, at most `visits` of them.
void place_waiting_on(Decision& decision, NodeEntry& node, std::size_t visits);

/// Offers the head of the server's queue to its node (or to those that wait), if it may begin.
void offer(State::Impl& state, ServerEntry& server);

template <typename Which>
void cancel_queued(Decision& decision, ServerEntry& server, const std::string& why, Which which) {
    const auto queue = server.queue;  // finish() takes them off the real one
    for (OperationEntry* entry : queue) {
        if (which(entry->operation.kind)) {
            finish(decision, *entry, OperationState::cancelled, Error{Errc::cancelled, why, ""});
        }
    }
}

}  // namespace muster::brain
