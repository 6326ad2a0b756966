#pragma once

#include "decision.hpp"

/// Whether a node is there: leases, sessions, inventories, and what the node says.
namespace muster::brain {

/// Out of contact since `since`: its lease begins to run (but the grace after the coordinator's
/// start is kept), and so do the deadlines of what is queued for it.
void lose_contact(State::Impl& state, NodeEntry& node, Timestamp since);

/// The node of an event, if the event is of its latest session; it was heard of now.
NodeEntry* hear(Decision& decision, std::string_view node_id, std::uint64_t session);

void on(Decision& decision, const NodeConnected& event);
void on(Decision& decision, const InventoryReported& event);
void on(Decision& decision, const NodeSeen& event);
void on(Decision& decision, const NodeLostContact& event);
void on(Decision& decision, const NodeSessionEnded& event);
void on(Decision& decision, const ServerObserved& event);
void on(Decision& decision, const OperationAcknowledged& event);
void on(Decision& decision, const OperationProgressed& event);
void on(Decision& decision, const OperationFinished& event);
void on(Decision& decision, const Tick& event);

}  // namespace muster::brain
