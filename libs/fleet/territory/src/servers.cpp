#include "servers.hpp"

#include <algorithm>
#include <limits>

#include "choice.hpp"
#include "leases.hpp"

namespace muster::territory {

namespace {

/// Numbers beyond are nobody's: no count gets there, and none may be made to wrap.
constexpr std::uint64_t believable_max = std::numeric_limits<std::uint64_t>::max() / 2;

/// A server may know of grants that the records do not when these were put back from an older copy.
/// Then the counts go on from what it knows, and nobody is granted anything while leases that we do
/// not know of may run.
void learn(Decision& decision, const std::vector<Holding>& holds) {
    State::Impl& state = decision.state;
    for (const Holding& one : holds) {
        const bool is_new = one.epoch > state.standing.epoch || one.region > state.standing.region;
        if (!is_new || one.epoch > believable_max || one.region > believable_max) {
            continue;
        }
        state.standing.epoch = std::max(state.standing.epoch, one.epoch);
        state.standing.region = std::max(state.standing.region, one.region);
        state.quiet_until = decision.now + waited_for(state.standing.lease, state.config);
        decision.persist_standing();
    }
}

Server* server_of(State::Impl& state, const std::string& id, std::uint64_t session) {
    const auto found = state.servers.find(id);
    return found != state.servers.end() && found->second.session == session ? &found->second
                                                                            : nullptr;
}

/// False: that server does not hold it with that epoch.
bool release(Decision& decision, const std::string& server, std::uint64_t life,
             const Holding& what) {
    for (auto& [name, world] : decision.state.worlds) {
        for (Region& region : world.regions) {
            if (region.id == what.region) {
                if (region.server != server || region.life != life || region.epoch != what.epoch) {
                    return false;
                }
                set_free(decision, world, region);
                return true;
            }
        }
    }
    return false;
}

/// Since when a load has been as asked.
void note(std::optional<Instant>& since, bool is_so, Instant now) {
    if (!is_so) {
        since.reset();
    } else if (!since) {
        since = now;
    }
}

void note_loads(Decision& decision, const Server& server, const std::vector<RegionLoad>& loads) {
    const Config& config = decision.state.config;
    for (auto& [name, world] : decision.state.worlds) {
        for (Region& region : world.regions) {
            const auto load = std::ranges::find(loads, region.id, &RegionLoad::region);
            if (!State::Impl::holds(server, region) || load == loads.end()) {
                continue;
            }
            region.players = load->players;
            region.cpu_permille = load->cpu_permille;
            const std::uint64_t share = share_of(region, server);
            note(region.busy_since, share > config.split_above, decision.now);
            note(region.idle_since, share < config.merge_below, decision.now);
        }
    }
}

}  // namespace

void on(Decision& decision, const ServerCame& came) {
    State::Impl& state = decision.state;
    auto found = state.servers.find(came.server);
    if (came.server.empty() || came.session == 0 ||
        (found == state.servers.end() && state.servers.size() >= state.config.servers_max) ||
        (found != state.servers.end() && came.session <= found->second.session)) {
        return;
    }
    if (found == state.servers.end()) {
        found = state.servers.emplace(came.server, Server{.id = came.server}).first;
    }
    Server& server = found->second;
    if (server.life != came.life) {
        server.wants_drain = false;
    }
    server.session = came.session;
    server.life = came.life;
    server.is_linked = true;
    server.capacity = came.capacity;
    server.worlds = came.worlds;
    server.host = came.host;
    server.wishes = came.regions;
    server.request = 0;
    server.answers = 0;
    server.heard = decision.now;
    learn(decision, came.holds);
}

void on(Decision& decision, const ServerHeard& heard) {
    Server* server = server_of(decision.state, heard.server, heard.session);
    if (server == nullptr) {
        return;
    }
    bool is_any_free = server->request == 0;  // and now it can be given something
    for (const Holding& one : heard.released) {
        is_any_free = release(decision, server->id, server->life, one) || is_any_free;
    }
    if (heard.request > server->request) {
        server->request = heard.request;
        server->heard = decision.now;
        server->wants_drain = heard.draining;
        learn(decision, heard.holds);
        note_loads(decision, *server, heard.loads);
        decision.answer(*server);
    }
    if (is_any_free) {
        assign_all(decision);
    } else {
        tally(decision.state);  // the answer names keepers
    }
}

void on(Decision& decision, const RegionReleased& released) {
    if (release(decision, released.server, released.life, released.what)) {
        assign_all(decision);
    }
}

void on(Decision& decision, const ServerGone& gone) {
    if (Server* server = server_of(decision.state, gone.server, gone.session)) {
        server->is_linked = false;
    }
}

void on(Decision& decision, const ServerDied& died) {
    for (auto& [name, world] : decision.state.worlds) {
        for (Region& region : world.regions) {
            if (region.server != died.server || region.life != died.life) {
                continue;
            }
            region.lease_until = std::min(region.lease_until, decision.now);
        }
    }
    end_leases(decision);
    assign_all(decision);
}

void forget_servers(Decision& decision) {
    State::Impl& state = decision.state;
    const auto is_named = [&](const Server& server) {
        return std::ranges::any_of(state.worlds, [&](const auto& world) {
            return std::ranges::any_of(world.second.regions, [&](const Region& region) {
                return region.server == server.id || region.successor == server.id;
            });
        });
    };
    std::erase_if(state.servers, [&](const auto& entry) {
        const Server& server = entry.second;
        return !server.is_linked && decision.now - server.heard > state.config.forget &&
               !is_named(server);
    });
}

}  // namespace muster::territory
