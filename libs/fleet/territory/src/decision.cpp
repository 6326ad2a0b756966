#include "decision.hpp"

#include <iterator>
#include <utility>

#include "leases.hpp"

namespace muster::territory {

void Decision::publish() {
    if (!std::exchange(is_published_, true)) {
        ++state.standing.version;
        persist_standing();
    }
}

void Decision::withdraw(const Server& server, const Region& region) {
    withdrawals_.emplace_back(Withdraw{server.id, server.session, server.life, region.id,
                                       region.epoch, region.successor});
}

void Decision::reject(Errc code, std::string message, std::string field) {
    rejects_.emplace_back(Reject{Error{code, std::move(message), std::move(field)}});
}

std::vector<Action> Decision::take_actions() {
    std::vector<Action> answers;
    for (auto& [id, server] : state.servers) {
        if (std::exchange(server.is_marked, false)) {
            answers.emplace_back(renew(*this, server));
        }
    }
    std::vector<Action> actions;
    if (is_standing_marked_) {
        actions.emplace_back(Persist{Subject::standing, {}, false});
    }
    for (auto& [name, world] : state.worlds) {
        if (std::exchange(world.is_marked, false)) {
            actions.emplace_back(Persist{Subject::world, name, false});
        }
    }
    for (const std::string& name : erased_) {
        actions.emplace_back(Persist{Subject::world, name, true});
    }
    std::ranges::move(answers, std::back_inserter(actions));
    std::ranges::move(withdrawals_, std::back_inserter(actions));
    if (is_published_) {
        actions.emplace_back(Publish{state.standing.version});
    }
    std::ranges::move(rejects_, std::back_inserter(actions));
    return actions;
}

}  // namespace muster::territory
