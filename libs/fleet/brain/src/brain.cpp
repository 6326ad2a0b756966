#include "muster/brain/brain.hpp"

#include "asks.hpp"
#include "bind.hpp"
#include "liveness.hpp"
#include "queue.hpp"

namespace muster::brain {

std::vector<Action> decide(State& state, const Event& event) {
    State::Impl& impl = state.impl();
    ++impl.decision;
    Decision decision(impl, event.now);
    bind_restored(decision);
    std::visit([&](const auto& what) { on(decision, what); }, event.what);
    // Room first: what is placed there is then sent at once, if it may be.
    constexpr std::size_t waiting_looked_at = 500;
    for (NodeEntry* node : decision.take_with_room()) {
        place_waiting_on(decision, *node, waiting_looked_at);
    }
    for (NodeEntry* node : decision.take_moved()) {
        pump(decision, *node);
    }
    return decision.take_actions();
}

}  // namespace muster::brain
