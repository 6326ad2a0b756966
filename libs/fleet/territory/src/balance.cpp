#include "balance.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "choice.hpp"
#include "leases.hpp"

namespace muster::territory {

namespace {

void find_successors(Decision& decision, World& world) {
    State::Impl& state = decision.state;
    for (Region& region : world.regions) {
        if (!region.is_held() || !region.leaving || decision.now >= region.leave_until) {
            continue;
        }
        const auto next = state.servers.find(region.successor);
        if (next != state.servers.end() && may_take(state, next->second, world, decision.now)) {
            continue;
        }
        const Server* other = choose(state, world, region, region.server, decision.now);
        if (other != nullptr) {
            region.successor = other->id;
        } else {
            let_stay(region);
        }
        Server* holder = state.holder_of(region);
        if (holder != nullptr && state.is_in_contact(*holder, decision.now)) {
            decision.answer(*holder);
        }
    }
}

bool is_leaving_one(const State::Impl& state, const Server& server) {
    return std::ranges::any_of(state.worlds, [&](const auto& entry) {
        return std::ranges::any_of(entry.second.regions, [&](const Region& region) {
            return State::Impl::holds(server, region) && region.leaving;
        });
    });
}

/// One at a time: the rest plays on where it is.
void have_next_leave(Decision& decision, const Server& server) {
    for (auto& [name, world] : decision.state.worlds) {
        for (Region& region : world.regions) {
            if (world.removing || !State::Impl::holds(server, region)) {
                continue;
            }
            const Server* next = choose(decision.state, world, region, server.id, decision.now);
            if (next != nullptr) {
                ask_to_leave(decision, region, *next);
                return;
            }
        }
    }
}

bool has_lasted(const std::optional<Instant>& since, const Decision& decision) {
    return since && decision.now - *since >= decision.state.config.settle;
}

bool is_old_enough(const Region& region, const Decision& decision) {
    return decision.now - region.changed_at >= decision.state.config.age_min;
}

/// Its holder, when that can be spoken to and keeps it for now.
Server* steady_holder(const Decision& decision, const Region& region) {
    Server* holder = decision.state.holder_of(region);
    const bool is_steady = holder != nullptr && !region.leaving &&
                           decision.state.is_in_contact(*holder, decision.now) &&
                           !decision.state.is_draining(*holder);
    return is_steady ? holder : nullptr;
}

Server* emptiest(const Decision& decision, const World& world, const Server& except) {
    Server* best = nullptr;
    for (auto& [id, server] : decision.state.servers) {
        if (id != except.id && may_take(decision.state, server, world, decision.now) &&
            (best == nullptr || std::pair(load_of(server), server.regions) <
                                    std::pair(load_of(*best), best->regions))) {
            best = &server;
        }
    }
    return best;
}

struct Move {
    Server* to = nullptr;
    std::uint64_t fuller = 0;  ///< the load of the fuller of both afterwards
    bool is_to_empty = false;  ///< a server that has nothing, from one that has several regions
};

/// A move of the whole region that would be worth it.
std::optional<Move> worthwhile(const Decision& decision, const World& world, const Region& region) {
    const Config& config = decision.state.config;
    const Server* from = steady_holder(decision, region);
    Server* to = from == nullptr ? nullptr : emptiest(decision, world, *from);
    if (to == nullptr || !has_room(*to, region)) {
        return std::nullopt;
    }
    const std::uint64_t there = load_of(*to) + share_of(region, *to);
    const std::uint64_t here = load_that_stays(*from);
    const std::uint64_t rest = here - std::min(here, share_of(region, *from));
    // Whoever brings a server wants it to be used, and the first to come has all at first.
    const Move move{to, std::max(there, rest), to->regions == 0 && from->regions > 1};
    const bool is_uneven = here >= load_of(*to) + config.move_gap;
    const bool gains = move.fuller + config.move_gain <= here;
    const bool is_worth_it = move.is_to_empty || (is_uneven && gains);
    return is_worth_it && there <= config.fill_below ? std::optional(move) : std::nullopt;
}

/// Looked at every time, for the reason must last.
std::optional<std::pair<Region*, Move>> best_move(const Decision& decision, World& world) {
    std::optional<std::pair<Region*, Move>> best;
    for (Region& region : world.regions) {
        const auto move = worthwhile(decision, world, region);
        if (!move) {
            region.uneven_since.reset();
            continue;
        }
        if (!region.uneven_since) {
            region.uneven_since = decision.now;
        }
        if (has_lasted(region.uneven_since, decision) &&
            (move->is_to_empty || is_old_enough(region, decision)) &&
            (!best || move->fuller < best->second.fuller)) {
            best = std::pair(&region, *move);
        }
    }
    return best;
}

struct Split {
    RegionId region = 0;
    std::pair<Rectangle, Rectangle> areas{};
    Server* to = nullptr;
    std::uint64_t share = 0;
};

std::optional<Split> best_split(const Decision& decision, const World& world) {
    const Config& config = decision.state.config;
    std::optional<Split> best;
    if (world.regions.size() >= config.regions_per_world_max) {
        return best;
    }
    for (const Region& region : world.regions) {
        const Server* holder = steady_holder(decision, region);
        const auto areas = halves(region.area, world.spec.strip);
        if (holder == nullptr || !areas || !has_lasted(region.busy_since, decision) ||
            !is_old_enough(region, decision)) {
            continue;
        }
        Server* to = emptiest(decision, world, *holder);
        const std::uint64_t share = share_of(region, *holder);
        const bool has_place = to != nullptr &&
                               load_of(*to) + share_of(region, *to) / 2 <= config.fill_below &&
                               to->players + region.players / 2 <= to->capacity;
        if (has_place && share / 2 >= config.move_gain && (!best || share > best->share)) {
            best = Split{region.id, *areas, to, share};
        }
    }
    return best;
}

/// What both parts, or the whole of two, have anew.
void renewed(Decision& decision, Region& region, const Rectangle& area) {
    region.id = next_region(decision);
    region.epoch = next_epoch(decision);
    region.area = area;
    region.changed_at = decision.now;
    region.busy_since.reset();
    region.idle_since.reset();
    region.uneven_since.reset();
}

/// The holder is granted both, each under its own id, and is asked to leave the second.
void split(Decision& decision, World& world, const Split& what) {
    Region& first = *std::ranges::find(world.regions, what.region, &Region::id);
    Region second = first;
    renewed(decision, first, what.areas.first);
    renewed(decision, second, what.areas.second);
    first.players -= first.players / 2;
    second.players /= 2;
    first.cpu_permille /= 2;
    second.cpu_permille /= 2;
    decision.answer(*decision.state.holder_of(first));
    ask_to_leave(decision, second, *what.to);
    world.regions.push_back(std::move(second));
    sort_regions(world);
}

bool merge_two(Decision& decision, World& world) {
    const auto is_idle = [&](const Region& region) {
        return steady_holder(decision, region) != nullptr &&
               has_lasted(region.idle_since, decision) && is_old_enough(region, decision);
    };
    for (Region& one : world.regions) {
        if (!is_idle(one)) {
            continue;
        }
        for (Region& other : world.regions) {
            const auto whole = joined(one.area, other.area);
            Server* holder = decision.state.holder_of(one);
            if (!whole || &one == &other || !is_idle(other) ||
                !State::Impl::holds(*holder, other) ||
                share_of(one, *holder) + share_of(other, *holder) >=
                    decision.state.config.merge_below) {
                continue;
            }
            renewed(decision, one, *whole);
            one.players += other.players;
            one.cpu_permille += other.cpu_permille;
            one.lease_until = std::max(one.lease_until, other.lease_until);
            decision.answer(*holder);
            world.regions.erase(world.regions.begin() + (&other - world.regions.data()));
            sort_regions(world);
            return true;
        }
    }
    return false;
}

/// True: something changed.
bool balance(Decision& decision, World& world,
             const std::optional<std::pair<Region*, Move>>& move) {
    if (move) {
        ask_to_leave(decision, *move->first, *move->second.to);
        return true;
    }
    const auto cut = best_split(decision, world);
    if (cut) {
        split(decision, world, *cut);
    }
    if (cut || (world.regions.size() > world.spec.regions_min && merge_two(decision, world))) {
        decision.persist(world);
        decision.publish();
        return true;
    }
    return false;
}

}  // namespace

void drain(Decision& decision) {
    State::Impl& state = decision.state;
    tally(state);
    for (auto& [name, world] : state.worlds) {
        find_successors(decision, world);
    }
    for (auto& [id, server] : state.servers) {
        if (state.is_draining(server) && state.is_in_contact(server, decision.now) &&
            !is_leaving_one(state, server)) {
            tally(state);
            have_next_leave(decision, server);
        }
    }
}

void balance(Decision& decision) {
    State::Impl& state = decision.state;
    for (auto& [name, world] : state.worlds) {
        tally(state);
        const auto move = best_move(decision, world);
        const bool may_change = !world.removing && decision.now >= state.quiet_until &&
                                decision.now - world.changed_at >= state.config.change_interval &&
                                std::ranges::none_of(world.regions, &Region::leaving);
        if (may_change && balance(decision, world, move)) {
            world.changed_at = decision.now;
        }
    }
}

}  // namespace muster::territory
