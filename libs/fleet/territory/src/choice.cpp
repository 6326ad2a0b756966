#include "choice.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace muster::territory {

namespace {

constexpr std::uint64_t load_max = 1'000'000;

std::uint64_t load(std::uint64_t players, std::uint64_t cpu_permille, std::uint32_t capacity) {
    const std::uint64_t of_players =
        capacity == 0 ? (players == 0 ? 0 : load_max) : players * 1'000 / capacity;
    return std::min(load_max, std::max(of_players, cpu_permille));
}

}  // namespace

void tally(State::Impl& state) {
    for (auto& [id, server] : state.servers) {
        server.players = server.cpu_permille = 0;
        server.leaving_players = server.leaving_cpu = 0;
        server.regions = 0;
    }
    for (const auto& [name, world] : state.worlds) {
        for (const Region& region : world.regions) {
            if (Server* holder = state.holder_of(region)) {
                holder->players += region.players;
                holder->cpu_permille += region.cpu_permille;
                holder->leaving_players += region.leaving ? region.players : 0U;
                holder->leaving_cpu += region.leaving ? region.cpu_permille : 0U;
                ++holder->regions;
            }
            const auto next = state.servers.find(region.successor);
            if (next != state.servers.end()) {
                next->second.players += region.players;
                next->second.cpu_permille += region.cpu_permille;
                ++next->second.regions;
            }
        }
    }
}

std::uint64_t load_of(const Server& server) {
    return load(server.players, server.cpu_permille, server.capacity);
}

std::uint64_t load_that_stays(const Server& server) {
    return load(server.players - server.leaving_players, server.cpu_permille - server.leaving_cpu,
                server.capacity);
}

std::uint64_t share_of(const Region& region, const Server& server) {
    return load(region.players, region.cpu_permille, server.capacity);
}

bool may_take(const State::Impl& state, const Server& server, const World& world, Instant now) {
    return state.is_in_contact(server, now) && !state.is_draining(server) &&
           (server.worlds.empty() || server.worlds.contains(world.spec.name));
}

bool has_room(const Server& server, const Region& region) {
    return server.capacity > 0 && server.players + region.players <= server.capacity;
}

Server* choose(State::Impl& state, const World& world, const Region& region,
               std::string_view except, Instant now) {
    Server* best = nullptr;
    using Rank = std::tuple<bool, bool, bool, bool, std::uint64_t, std::size_t>;
    std::optional<Rank> best_rank;
    for (auto& [id, server] : state.servers) {
        if (id == except || !may_take(state, server, world, now)) {
            continue;
        }
        // Its own share is in the successor's sums already.
        const bool is_successor = id == region.successor;
        const Rank rank{!is_successor && !has_room(server, region),
                        !is_successor,
                        id != region.keeper,
                        !server.wishes.contains(region.id),
                        load_of(server) + (is_successor ? 0 : share_of(region, server)),
                        server.regions};
        if (!best_rank || rank < *best_rank) {
            best_rank = rank;
            best = &server;
        }
    }
    return best;
}

std::string choose_keeper(State::Impl& state, const World& world, const Region& region,
                          Instant now) {
    const auto may_keep = [&](const Server& server) {
        return server.id != region.server && may_take(state, server, world, now);
    };
    const auto holder = state.servers.find(region.server);
    const std::string host = holder == state.servers.end() ? std::string() : holder->second.host;
    std::string best;
    using Rank = std::tuple<bool, bool, bool, bool, std::uint64_t, std::size_t>;
    std::optional<Rank> best_rank;
    for (const auto& [id, server] : state.servers) {
        if (!may_keep(server)) {
            continue;
        }
        const bool is_neighbour = std::ranges::any_of(world.regions, [&](const Region& other) {
            return other.server == id && near(other.area, region.area, world.spec.strip);
        });
        // A copy beside what it is of falls with it.
        const bool is_beside = !host.empty() && server.host == host;
        const Rank rank{!has_room(server, region), is_beside,
                        id != region.keeper,       !is_neighbour,
                        load_of(server),           server.regions};
        if (!best_rank || rank < *best_rank) {
            best_rank = rank;
            best = id;
        }
    }
    // Nobody better: the one it had may come back, if it was not made the holder.
    return best.empty() && region.keeper != region.server ? region.keeper : best;
}

}  // namespace muster::territory
