#pragma once

#include "decision.hpp"

namespace muster::brain {

/// A node's entry, new in every index.
NodeEntry& add_node(State::Impl& state, Node node);
/// Binds restored records together, once: nodes get their servers' ports and limits, operations
/// their queues. What makes no sense (an operation of a server that is gone) is ended.
void bind_restored(Decision& decision);

}  // namespace muster::brain
