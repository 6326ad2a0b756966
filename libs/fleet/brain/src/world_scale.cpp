#include "muster/brain/world_scale.hpp"

#include <algorithm>
#include <tuple>

namespace muster::brain {

namespace {

const SeenScaled& seen_of(const SeenServers& seen, const ScaledServer& server) {
    static const SeenScaled nothing;
    const auto found = seen.find(server.server_id);
    return found == seen.end() ? nothing : found->second;
}

/// Nobody can be on it: it never joined, or does not run.
bool is_certainly_empty(const ScaledServer& server, const SeenScaled& seen) {
    if (server.member_id.empty()) {
        return true;
    }
    return !seen.listed &&
           (seen.state == ServerState::stopped || seen.state == ServerState::crashed ||
            seen.state == ServerState::waiting);
}

/// The least is the one whose going is felt least; of equals the newest goes.
auto cost_of_leaving(const ScaledServer& server, const SeenScaled& seen, std::size_t place) {
    const int kind = is_certainly_empty(server, seen) ? 0 : seen.listed ? 1 : 2;
    return std::tuple(kind, seen.people, seen.regions, ~place);
}

class Decider {
  public:
    Decider(WorldScale& scale, const SeenServers& seen, Timestamp now)
        : scale_(scale), seen_(seen), now_(now) {}

    std::vector<ScaleAction> run() {
        forget_the_gone();
        remove_what_cannot_join();
        const std::size_t outdated = count_staying(true);
        const std::size_t staying = outdated + count_staying(false);
        const std::size_t surge = outdated > 0 && scale_.count > 0 ? 1 : 0;
        if (staying > scale_.count + surge) {
            let_leave(staying - scale_.count - surge);
        } else if (surge > 0) {
            replace_one(staying);
        } else if (staying < scale_.count) {
            add(scale_.count - staying);
        }
        for (ScaledServer& server : scale_.servers) {
            if (server.leaving) {
                see_off(server);
            }
        }
        return std::move(actions_);
    }

  private:
    [[nodiscard]] bool is_outdated(const ScaledServer& server) const {
        return server.revision != scale_.revision;
    }
    [[nodiscard]] std::size_t count_staying(bool outdated) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(scale_.servers, [&](const ScaledServer& server) {
                return !server.leaving && is_outdated(server) == outdated;
            }));
    }

    void forget_the_gone() {
        std::erase_if(scale_.servers, [&](const ScaledServer& server) {
            if (seen_of(seen_, server).exists) {
                return false;
            }
            actions_.emplace_back(ForgetScaled{server});
            return true;
        });
    }

    /// Its token ran out before its node took it: one with a fresh token takes its place.
    void remove_what_cannot_join() {
        for (ScaledServer& server : scale_.servers) {
            const bool is_late = server.member_id.empty() && seen_of(seen_, server).token_expired;
            server.leaving = server.leaving || is_late;
        }
    }

    void let_leave(std::size_t count) {
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < scale_.servers.size(); ++i) {
            if (!scale_.servers[i].leaving) {
                places.push_back(i);
            }
        }
        const auto cost = [&](std::size_t place) {
            const ScaledServer& server = scale_.servers[place];
            return std::pair(!is_outdated(server),
                             cost_of_leaving(server, seen_of(seen_, server), place));
        };
        std::ranges::sort(places, {}, cost);
        for (std::size_t i = 0; i < std::min(count, places.size()); ++i) {
            scale_.servers[places[i]].leaving = true;
        }
    }

    /// One more than asked for while there are outdated ones; the next step waits for this one.
    void replace_one(std::size_t staying) {
        const bool all_open = std::ranges::all_of(scale_.servers, [&](const ScaledServer& server) {
            return server.leaving || is_outdated(server) || seen_of(seen_, server).listed;
        });
        const bool one_leaves = std::ranges::any_of(scale_.servers, &ScaledServer::leaving);
        if (!all_open || one_leaves) {
            return;
        }
        if (staying <= scale_.count) {
            actions_.emplace_back(CreateScaled{});
        } else {
            let_leave(1);
        }
    }

    void add(std::size_t count) {
        // Those that were about to leave first, the fullest of them before the others.
        while (count > 0) {
            ScaledServer* best = nullptr;
            for (ScaledServer& server : scale_.servers) {
                const SeenScaled& seen = seen_of(seen_, server);
                if (!server.leaving || is_outdated(server) || !seen.listed ||
                    seen.state == ServerState::removing) {
                    continue;
                }
                if (best == nullptr || seen.people > seen_of(seen_, *best).people) {
                    best = &server;
                }
            }
            if (best == nullptr) {
                break;
            }
            best->leaving = false;
            best->empty_since.reset();
            actions_.emplace_back(UndrainScaled{best->server_id});
            --count;
        }
        for (std::size_t i = 0; i < std::min(count, created_at_once_max); ++i) {
            actions_.emplace_back(CreateScaled{});
        }
    }

    void see_off(ScaledServer& server) {
        const SeenScaled& seen = seen_of(seen_, server);
        if (seen.state == ServerState::removing) {
            return;
        }
        if (scale_.force || server.member_id.empty()) {
            actions_.emplace_back(RemoveScaled{server.server_id});
            return;
        }
        if (seen.listed && !seen.draining) {
            actions_.emplace_back(DrainScaled{server.server_id});
        }
        // One that has crashed may be back by now, and somebody on it.
        const bool is_empty =
            is_certainly_empty(server, seen) || (seen.listed && seen.draining && seen.people == 0 &&
                                                 (seen.regions == 0 || is_the_end()));
        if (!is_empty) {
            server.empty_since.reset();
            return;
        }
        // Time may jump: an hour back only begins the wait anew.
        if (!server.empty_since || *server.empty_since > now_) {
            server.empty_since = now_;
        }
        if (now_ - *server.empty_since >= empty_before_removal) {
            actions_.emplace_back(RemoveScaled{server.server_id});
        }
    }

    /// The whole world is to go, and nobody is in it: then nobody needs its regions.
    [[nodiscard]] bool is_the_end() const {
        return scale_.count == 0 &&
               std::ranges::all_of(scale_.servers, [&](const ScaledServer& server) {
                   const SeenScaled& seen = seen_of(seen_, server);
                   return server.leaving &&
                          ((seen.listed && seen.people == 0) ||
                           seen.state == ServerState::removing || is_certainly_empty(server, seen));
               });
    }

    WorldScale& scale_;
    const SeenServers& seen_;
    Timestamp now_;
    std::vector<ScaleAction> actions_;
};

bool has_labels(const Node& node, const std::map<std::string, std::string>& required) {
    return std::ranges::all_of(required, [&](const auto& label) {
        for (const auto* labels : {&node.labels, &node.facts.labels}) {
            const auto found = labels->find(label.first);
            if (found != labels->end()) {
                return found->second == label.second;
            }
        }
        return false;
    });
}

}  // namespace

std::vector<ScaleAction> decide(WorldScale& scale, const SeenServers& seen, Timestamp now) {
    return Decider(scale, seen, now).run();
}

std::string node_for(const State& fleet, const ServerSpec& spec,
                     const std::vector<ScaledServer>& servers,
                     const std::vector<std::string>& allowed) {
    std::map<std::string, std::int64_t> committed;
    std::map<std::string, std::size_t> of_world;
    fleet.each_server(
        [&](const Server& server) { committed[server.node_id] += server.spec.memory_bytes; });
    for (const ScaledServer& one : servers) {
        const Server* server = fleet.server(one.server_id);
        if (server != nullptr && !one.leaving) {
            const bool is_placed = !server->node_id.empty();
            ++of_world[is_placed ? server->node_id : server->spec.node_id];
        }
    }
    std::string best;
    std::tuple<std::size_t, std::size_t, std::string> least;
    fleet.each_node([&](const Node& node) {
        const std::int64_t memory = node.facts.memory_bytes;
        const bool has_room = memory <= 0 || spec.memory_bytes + committed[node.id] <= memory;
        const bool is_allowed = allowed.empty() || std::ranges::count(allowed, node.id) > 0;
        if (!node.connected || node.cordoned || node.state != NodeState::online || !has_room ||
            !is_allowed || !has_labels(node, spec.required_labels)) {
            return;
        }
        std::tuple cost(of_world[node.id], fleet.servers_on(node.id), node.id);
        if (best.empty() || cost < least) {
            best = node.id;
            least = std::move(cost);
        }
    });
    return best;
}

}  // namespace muster::brain
