// What goes wrong, how it heals, and what must be so when it has.
#include <algorithm>

#include "simulation.hpp"

namespace muster::territory {

namespace {
constexpr std::int64_t ms = 1'000;
}

void Simulation::disturb() {
    if (!faults_) {
        return;
    }
    if (chance_.one_in(12)) {
        if (state_) {
            crash();
        }
    } else if (chance_.one_in(3)) {
        disturb_people();
    } else {
        disturb_server(servers_[static_cast<std::size_t>(
            chance_.below(static_cast<std::int64_t>(servers_.size())))]);
    }
    later(chance_.below(500 * ms), [this] { disturb(); });
}

void Simulation::disturb_server(WorldServer& one) {
    switch (chance_.below(7)) {
        case 0:
            if (one.holdings) {
                ++summary_.server_crashes;
                if (chance_.one_in(3)) {
                    up(one, ServerDied{one.id, one.holdings->life()}, true);
                }
                one.holdings.reset();
                later(chance_.below(chance_.one_in(2) ? 200 * ms : 5'000 * ms),
                      [this, &one] { start(one); });
            }
            break;
        case 1:
        case 2:
            one.is_cut_up = chance_.one_in(3);
            one.is_cut_down = chance_.one_in(3);
            break;
        case 3:
            if (one.session != 0 && chance_.one_in(2)) {
                up(one, ServerGone{one.id, one.session}, true);
            }
            one.session = 0;
            break;
        case 4:
            one.stalled_until = now_ + chance_.below(2'500 * ms);
            break;
        case 5:
            one.is_stubborn = chance_.one_in(3);
            break;
        default:
            one.wants_drain = chance_.one_in(4);
    }
}

void Simulation::disturb_people() {
    const std::string& id = servers_[static_cast<std::size_t>(
                                         chance_.below(static_cast<std::int64_t>(servers_.size())))]
                                .id;
    switch (chance_.below(8)) {
        case 0:
            tell(AskDrain{id});
            break;
        case 1:
            tell(EndDrain{id});
            break;
        case 2:
            tell(DeclareWorld{{"hills", {-100, -100, 100, 100}, 2, 10}});
            break;
        case 3:
            if (chance_.one_in(2)) {
                tell(RemoveWorld{"hills"});
            }
            break;
        case 4:
            crowd_players_ = 0;
            players_ = chance_.below(20);
            break;
        default:
            crowd_ = {static_cast<std::int32_t>(chance_.below(400)),
                      static_cast<std::int32_t>(chance_.below(200))};
            crowd_players_ = chance_.below(200);
            players_ = chance_.below(200);
    }
}

void Simulation::heal() {
    faults_ = false;
    restart();
    for (WorldServer& one : servers_) {
        one.is_cut_up = one.is_cut_down = one.is_stubborn = false;
        one.stalled_until = 0;
        one.session = 0;
        start(one);
    }
    // Somebody must be able to take everything.
    servers_.front().wants_drain = false;
    tell(EndDrain{servers_.front().id});
}

void Simulation::come_to_rest() {
    // Every lease that could not be renewed is over, by the slowest clock, and a few rounds.
    const std::int64_t lease = waited_for(config_.lease, config_).count() * 103 / 100;
    run_until(now_ + (lease + 1'000) * ms);
    bool is_owned = is_all_owned();
    // A region is between two servers for a moment while it is handed over.
    for (int round = 0; round < 40 && !is_owned; ++round) {
        run_until(now_ + 13 * ms);
        is_owned = is_all_owned();
    }
    if (!is_owned) {
        promises_.complain("not everything is owned, though all is calm");
    }
    for (WorldServer& one : servers_) {
        const bool is_draining = one.wants_drain || state_->standing().draining.contains(one.id);
        for (int round = 0; is_draining && round < 200 && !is_drained(one); ++round) {
            run_until(now_ + 100 * ms);
        }
        summary_.drained += is_draining ? 1U : 0U;
        if (is_draining && !is_drained(one)) {
            promises_.complain(one.id + " is being drained and has regions");
        }
    }
}

bool Simulation::is_all_owned() const {
    return std::ranges::all_of(state_->list(), [&](const Listed& region) {
        return std::ranges::any_of(servers_, [&](const WorldServer& one) {
            return one.holdings && one.id == region.server &&
                   one.holdings->owns(region.region, one.clock.at(now_)) == region.epoch;
        });
    });
}

bool Simulation::is_drained(const WorldServer& one) const {
    return one.holdings->held().empty() &&
           std::ranges::none_of(state_->list(),
                                [&](const Listed& region) { return region.server == one.id; });
}

}  // namespace muster::territory
