#include "leases.hpp"

#include <algorithm>

#include "choice.hpp"

namespace muster::territory {

Epoch next_epoch(Decision& decision) {
    decision.persist_standing();
    return ++decision.state.standing.epoch;
}

RegionId next_region(Decision& decision) {
    decision.persist_standing();
    return ++decision.state.standing.region;
}

void assign(Decision& decision, World& world, Region& region) {
    if (region.is_held() || world.removing || decision.now < decision.state.quiet_until) {
        return;
    }
    Server* server = choose(decision.state, world, region, {}, decision.now);
    if (server == nullptr) {
        return;
    }
    if (region.successor != server->id) {
        server->players += region.players;
        server->cpu_permille += region.cpu_permille;
        ++server->regions;
    }
    region.epoch = next_epoch(decision);
    region.server = server->id;
    region.life = server->life;
    region.changed_at = decision.now;
    region.busy_since.reset();
    region.idle_since.reset();
    region.uneven_since.reset();
    let_stay(region);
    decision.persist(world);
    decision.answer(*server);
    decision.publish();
}

void assign_all(Decision& decision) {
    tally(decision.state);
    for (auto& [name, world] : decision.state.worlds) {
        for (Region& region : world.regions) {
            assign(decision, world, region);
        }
    }
}

void set_free(Decision& decision, World& world, Region& region) {
    region.server.clear();
    region.life = 0;
    region.leaving = false;  // its successor remains: it has the players
    decision.persist(world);
    decision.publish();
}

void ask_to_leave(Decision& decision, Region& region, const Server& successor) {
    region.leaving = true;
    region.successor = successor.id;
    region.leave_until = decision.now + decision.state.config.leave_deadline;
    if (const Server* holder = decision.state.holder_of(region)) {
        decision.withdraw(*holder, region);
    }
}

void let_stay(Region& region) {
    region.leaving = false;
    region.successor.clear();
}

namespace {

std::vector<Neighbour> neighbours_of(const World& world, const Region& region) {
    std::vector<Neighbour> found;
    for (const Region& other : world.regions) {
        if (other.id != region.id && near(other.area, region.area, world.spec.strip)) {
            found.push_back({other.id, other.area, other.server, other.epoch});
        }
    }
    return found;
}

bool may_renew(const Decision& decision, const World& world, const Region& region) {
    return !world.removing && !(region.leaving && decision.now >= region.leave_until);
}

}  // namespace

Answer renew(Decision& decision, Server& server) {
    const Config& config = decision.state.config;
    Answer answer{server.id,        server.session, server.life, server.request,
                  ++server.answers, config.lease,   {}};
    if (decision.state.lease_kept != decision.state.standing.lease) {
        decision.state.lease_kept = decision.state.standing.lease;
        decision.persist_standing();
    }
    const Instant until = decision.now + waited_for(config.lease, config);
    for (auto& [name, world] : decision.state.worlds) {
        for (Region& region : world.regions) {
            if (!State::Impl::holds(server, region)) {
                continue;
            }
            if (!may_renew(decision, world, region)) {
                decision.withdraw(server, region);
                continue;
            }
            region.lease_until = std::max(region.lease_until, until);
            // Only now, for only a holder that lives makes copies.
            std::string keeper = choose_keeper(decision.state, world, region, decision.now);
            if (keeper != region.keeper) {
                region.keeper = std::move(keeper);
                decision.persist(world);
            }
            answer.grants.push_back({name, region.id, region.area, region.epoch,
                                     neighbours_of(world, region), region.keeper, region.leaving,
                                     region.successor});
        }
    }
    return answer;
}

void end_leases(Decision& decision) {
    State::Impl& state = decision.state;
    for (auto& [name, world] : state.worlds) {
        for (Region& region : world.regions) {
            if (region.is_held() && decision.now >= region.lease_until) {
                // Nothing was handed over: whoever keeps the copy has the players.
                region.successor.clear();
                set_free(decision, world, region);
            }
        }
    }
    if (state.standing.lease > state.config.lease &&
        decision.now >= state.start + waited_for(state.standing.lease, state.config)) {
        state.standing.lease = state.lease_kept = state.config.lease;
        decision.persist_standing();
    }
}

}  // namespace muster::territory
