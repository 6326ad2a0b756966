#pragma once

#include "decision.hpp"

namespace muster::territory {

/// Finds other successors for those that may take nothing any more, and has the next region of
/// every draining server leave.
void drain(Decision& decision);
/// For the sake of load: at most one move, split or merge in each world.
void balance(Decision& decision);

}  // namespace muster::territory
