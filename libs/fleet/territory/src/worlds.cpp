#include "worlds.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "leases.hpp"

namespace muster::territory {

namespace {

/// The largest part is halved until there are enough, so that the parts are alike and any two
/// halves can be merged again. Fewer than asked for: no part can be halved any more.
std::vector<Rectangle> cut(const WorldSpec& spec) {
    std::vector<Rectangle> parts{spec.bounds};
    while (parts.size() < spec.regions_min) {
        const auto largest = std::ranges::max_element(parts, {}, &Rectangle::area);
        const auto both = halves(*largest, spec.strip);
        if (!both) {
            break;
        }
        *largest = both->first;
        parts.insert(std::next(largest), both->second);
    }
    return parts;
}

std::optional<Error> fault_of(const WorldSpec& spec, const Config& config) {
    if (spec.name.empty()) {
        return Error{Errc::invalid_argument, "a world needs a name", "name"};
    }
    if (spec.bounds.empty()) {
        return Error{Errc::invalid_argument, "the bounds of a world must have an area", "bounds"};
    }
    if (spec.strip < 1) {
        return Error{Errc::invalid_argument, "the strip must be at least 1 wide", "strip"};
    }
    if (spec.regions_min < 1 || spec.regions_min > config.regions_per_world_max) {
        return Error{Errc::invalid_argument,
                     "a world has between 1 and " + std::to_string(config.regions_per_world_max) +
                         " regions",
                     "regions_min"};
    }
    return std::nullopt;
}

}  // namespace

void on(Decision& decision, const DeclareWorld& asked) {
    State::Impl& state = decision.state;
    if (const auto fault = fault_of(asked.spec, state.config)) {
        decision.reject(fault->code, fault->message, fault->field);
        return;
    }
    const auto found = state.worlds.find(asked.spec.name);
    if (found != state.worlds.end()) {
        if (found->second.removing) {
            decision.reject(Errc::conflict, "a world of that name is being removed", "name");
        } else if (found->second.spec != asked.spec) {
            decision.reject(Errc::conflict, "a world of that name is declared otherwise", "name");
        }
        return;
    }
    if (state.worlds.size() >= state.config.worlds_max) {
        decision.reject(Errc::exhausted,
                        "there are " + std::to_string(state.worlds.size()) + " worlds already",
                        "name");
        return;
    }
    const std::vector<Rectangle> parts = cut(asked.spec);
    if (parts.size() < asked.spec.regions_min) {
        decision.reject(Errc::invalid_argument,
                        "only " + std::to_string(parts.size()) +
                            " regions fit that are nowhere narrower than the strip",
                        "regions_min");
        return;
    }
    World world{asked.spec, false, {}, decision.now, false};
    for (const Rectangle& part : parts) {
        Region& region = world.regions.emplace_back();
        region.id = next_region(decision);
        region.area = part;
        region.changed_at = decision.now;
    }
    sort_regions(world);
    World& placed = state.worlds.emplace(asked.spec.name, std::move(world)).first->second;
    decision.persist(placed);
    decision.publish();
    assign_all(decision);
}

void on(Decision& decision, const RemoveWorld& asked) {
    const auto found = decision.state.worlds.find(asked.name);
    if (found == decision.state.worlds.end()) {
        decision.reject(Errc::not_found, "there is no world " + asked.name, "name");
        return;
    }
    World& world = found->second;
    if (std::exchange(world.removing, true)) {
        return;
    }
    decision.persist(world);
    decision.publish();
    for (Region& region : world.regions) {
        region.successor.clear();
        if (const Server* holder = decision.state.holder_of(region)) {
            decision.withdraw(*holder, region);
        }
    }
    erase_removed(decision);
}

void erase_removed(Decision& decision) {
    std::erase_if(decision.state.worlds, [&](const auto& entry) {
        const auto& [name, world] = entry;
        const bool is_over =
            world.removing && std::ranges::none_of(world.regions, &Region::is_held);
        if (is_over) {
            decision.erase(name);
            decision.publish();
        }
        return is_over;
    });
}

void on(Decision& decision, const AskDrain& asked) {
    State::Impl& state = decision.state;
    const bool holds = std::ranges::any_of(state.worlds, [&](const auto& entry) {
        return std::ranges::any_of(entry.second.regions, [&](const Region& region) {
            return region.server == asked.server;
        });
    });
    if (!holds && !state.servers.contains(asked.server)) {
        decision.reject(Errc::not_found, "there is no server " + asked.server, "server");
    } else if (state.standing.draining.insert(asked.server).second) {
        decision.persist_standing();
        decision.publish();
    }
}

void on(Decision& decision, const EndDrain& asked) {
    State::Impl& state = decision.state;
    if (state.standing.draining.erase(asked.server) > 0) {
        decision.persist_standing();
        decision.publish();
        assign_all(decision);
    } else if (!state.servers.contains(asked.server)) {
        decision.reject(Errc::not_found, "there is no server " + asked.server, "server");
    }
}

}  // namespace muster::territory
