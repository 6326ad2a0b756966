#include "muster/territory/place.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>

#include "choice.hpp"
#include "state_impl.hpp"

namespace muster::territory {

namespace {

constexpr std::size_t alternatives_max = 8;
constexpr std::uint64_t capacity_max = std::numeric_limits<std::uint32_t>::max();

std::uint64_t room_of(const Server& server) {
    return server.players >= server.capacity ? 0 : server.capacity - server.players;
}

/// Its holder, when players can be sent there.
const Server* open_holder(State::Impl& impl, const World& world, const Region& region,
                          Instant now) {
    const Server* holder = impl.holder_of(region);
    const bool is_open = holder != nullptr && !world.removing && now < region.lease_until &&
                         !region.leaving && impl.is_in_contact(*holder, now) &&
                         !impl.is_draining(*holder);
    return is_open ? holder : nullptr;
}

std::vector<Alternative> alternatives(State::Impl& impl, Instant now) {
    std::vector<Alternative> found;
    for (const auto& [name, world] : impl.worlds) {
        for (const Region& region : world.regions) {
            const Server* holder = open_holder(impl, world, region, now);
            if (holder == nullptr || room_of(*holder) == 0) {
                continue;
            }
            Alternative one{name, holder->id, holder->players, holder->capacity};
            if (std::ranges::find(found, one) == found.end()) {
                found.push_back(std::move(one));
            }
        }
    }
    std::ranges::sort(found, {}, [](const Alternative& one) {
        return std::tuple(capacity_max - (one.capacity - one.players), one.world, one.server);
    });
    found.resize(std::min(found.size(), alternatives_max));
    return found;
}

}  // namespace

std::expected<Place, Refusal> find_place(const State& state, Instant now, std::string_view name,
                                         std::optional<Point> at) {
    State::Impl& impl = state.impl();
    tally(impl);
    const auto refuse = [&](Errc code, std::string message, std::string field) {
        return std::unexpected(
            Refusal{{code, std::move(message), std::move(field)}, alternatives(impl, now)});
    };
    const auto found = impl.worlds.find(name);
    if (found == impl.worlds.end()) {
        return refuse(Errc::not_found, "there is no world " + std::string(name), "world");
    }
    const World& world = found->second;
    if (at && !world.spec.bounds.contains(*at)) {
        return refuse(Errc::invalid_argument, "that point is outside the world", "at");
    }
    const Region* best = nullptr;
    const Server* best_server = nullptr;
    for (const Region& region : world.regions) {
        const Server* holder = open_holder(impl, world, region, now);
        if (holder == nullptr || (at && !region.area.contains(*at))) {
            continue;
        }
        if (best == nullptr || std::pair(room_of(*holder), best->players) >
                                   std::pair(room_of(*best_server), region.players)) {
            best = &region;
            best_server = holder;
        }
    }
    if (best == nullptr) {
        return refuse(Errc::unavailable,
                      "no server that is in contact has " +
                          std::string(at ? "that part of " : "any part of ") + "the world " +
                          std::string(name) + " now",
                      "world");
    }
    if (room_of(*best_server) == 0) {
        return refuse(Errc::exhausted,
                      std::string(at ? "that part of " : "") + "the world " + std::string(name) +
                          " is full: " + std::to_string(best_server->players) +
                          " players on a server for " + std::to_string(best_server->capacity),
                      "world");
    }
    return Place{std::string(name), best->id, best->area, best_server->id, best->epoch};
}

}  // namespace muster::territory
