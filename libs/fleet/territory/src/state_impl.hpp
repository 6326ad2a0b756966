#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "muster/territory/event.hpp"
#include "muster/territory/state.hpp"

namespace muster::territory {

/// The record, and what need not outlast the coordinator.
struct Region : RegionRecord {
    Instant lease_until{};  ///< as counted here; only with a server
    std::uint32_t players = 0;
    std::uint32_t cpu_permille = 0;
    Instant changed_at{};  ///< made, or given to a server
    std::optional<Instant> busy_since{};
    std::optional<Instant> idle_since{};
    std::optional<Instant> uneven_since{};  ///< a move would have been worth it
    bool leaving = false;                   ///< its holder was asked to hand over and release
    std::string successor{};
    Instant leave_until{};

    [[nodiscard]] bool is_held() const { return !server.empty(); }
};

struct World {
    WorldSpec spec{};
    bool removing = false;
    std::vector<Region> regions{};  ///< by top, then left
    Instant changed_at{};           ///< the last move, split or merge for the sake of load
    bool is_marked = false;         ///< to be persisted by this decision
};

struct Server {
    std::string id{};
    std::uint64_t session = 0;
    std::uint64_t life = 0;
    bool is_linked = false;
    std::uint32_t capacity = 0;
    std::set<std::string> worlds{};
    std::set<RegionId> wishes{};
    std::string host{};
    bool wants_drain = false;
    std::uint64_t request = 0;  ///< the newest heard in this session; 0: none
    std::uint64_t answers = 0;  ///< in this session
    Instant heard{};

    // Sums over regions; see tally().
    std::uint64_t players = 0;  ///< held, and on the way to it
    std::uint64_t cpu_permille = 0;
    std::uint64_t leaving_players = 0;
    std::uint64_t leaving_cpu = 0;
    std::size_t regions = 0;
    bool is_marked = false;  ///< to be answered by this decision
};

struct State::Impl {
    Config config{};
    Instant start{};
    /// Nothing is granted before: a server knew of grants that the records do not.
    Instant quiet_until{};
    Standing standing{};
    milliseconds lease_kept{0};  ///< that the record has; no longer one is given before
    std::map<std::string, World, std::less<>> worlds{};
    std::map<std::string, Server, std::less<>> servers{};

    [[nodiscard]] bool is_draining(const Server& server) const {
        return server.wants_drain || standing.draining.contains(server.id);
    }
    [[nodiscard]] bool is_in_contact(const Server& server, Instant now) const {
        return server.is_linked && server.request != 0 && now - server.heard <= config.contact;
    }
    /// It is this very process that holds the region.
    [[nodiscard]] static bool holds(const Server& server, const Region& region) {
        return region.server == server.id && region.life == server.life;
    }
    [[nodiscard]] Server* holder_of(const Region& region);
};

[[nodiscard]] RegionRecord record_of(const Region& region);
void sort_regions(World& world);

}  // namespace muster::territory
