#pragma once

#include <vector>

#include "muster/brain/action.hpp"
#include "muster/brain/event.hpp"
#include "muster/brain/state.hpp"

/// The coordinator's judgement as data: events change the state and give actions. Pure: no clock,
/// no sockets, no threads, no chance; the same events give the same actions.
///
/// What holds whatever happens (lost, repeated and late messages, restarts of either side):
///  - a port of a node is given to one server at a time;
///  - no server is stopped, replaced or declared lost without somebody having asked for it;
///  - one operation at a time runs for a server, but a kill is never held up by another;
///  - an operation is sent once in each session of its node until its result came, always with the
///    same id and generation, so that the node can execute it once;
///  - an operation that runs fails only by the word of its node (or when the node is revoked).
namespace muster::brain {

[[nodiscard]] std::vector<Action> decide(State& state, const Event& event);

}  // namespace muster::brain
