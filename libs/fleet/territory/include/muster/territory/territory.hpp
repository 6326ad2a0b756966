#pragma once

#include <vector>

#include "muster/territory/action.hpp"
#include "muster/territory/event.hpp"
#include "muster/territory/place.hpp"
#include "muster/territory/state.hpp"

/// Who owns which region of a world: events change the state and give actions. Pure: no clock, no
/// sockets, no threads, no chance; the same events give the same actions.
///
/// What holds whatever happens (lost, repeated, late and reordered messages, restarts of either
/// side, clocks that differ within Config::drift_permille), when servers do as Holdings says:
///  - at no instant do two servers own the same point of a world;
///  - of two grants of a point the later one has the greater epoch, over splits, merges and
///  restarts;
///  - the regions of a world tile it exactly;
///  - an epoch is durable before anybody is granted it;
///  - a server that is being drained is granted nothing new;
///  - a region moves for no other reason than its holder's end, a drain, a difference of load that
///    is large and lasts, or a server that has no region when its holder has several.
namespace muster::territory {

[[nodiscard]] std::vector<Action> decide(State& state, const Event& event);

}  // namespace muster::territory
