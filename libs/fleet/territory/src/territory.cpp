#include "muster/territory/territory.hpp"

#include <utility>
#include <variant>

#include "balance.hpp"
#include "choice.hpp"
#include "leases.hpp"
#include "servers.hpp"
#include "worlds.hpp"

namespace muster::territory {

namespace {

void on(Decision& decision, const TimePassed& /*passed*/) {
    end_leases(decision);
    erase_removed(decision);
    assign_all(decision);
    drain(decision);
    balance(decision);
    forget_servers(decision);
    tally(decision.state);  // answers name keepers
}

}  // namespace

std::vector<Action> decide(State& state, const Event& event) {
    Decision decision(state.impl(), event.now);
    std::visit([&](const auto& what) { on(decision, what); }, event.what);
    return decision.take_actions();
}

}  // namespace muster::territory
