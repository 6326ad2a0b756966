#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json.hpp"
#include "muster/coordinator/world_gate.hpp"
#include "muster/world/v1/world.pb.h"
#include "region_words.hpp"

/// What world servers say, held against what may be said, and how it is shown. Pure.
namespace muster::coordinator {

namespace world_wire = muster::world::v1;

struct ListedWorld {
    WorldFacts facts;
    std::uint32_t tick_p99_us = 0;
};

/// A world server as it is listed.
struct WorldListing {
    static constexpr int worlds_max = 16;
    static constexpr int addresses_max = 8;
    static constexpr int wishes_max = 16;

    std::string id;
    std::string name;
    std::string version;
    std::string location;                ///< where it stands, as "eu-west"; may be empty
    std::vector<std::string> addresses;  ///< numeric, never empty
    std::uint16_t udp_port = 0;
    std::string http;  ///< URL of its own page and API; empty: none
    std::vector<ListedWorld> worlds;
    std::uint32_t sessions = 0;
    std::uint32_t sessions_max = 0;
    double cpu = 0;  ///< of its machine, 0..1
    bool draining = false;
    std::uint64_t uptime_s = 0;         ///< of its process, when it said hello
    std::uint64_t life = 0;             ///< of its process; only with a spread world
    std::optional<SpreadWorld> spread;  ///< then it is the only one of `worlds`
    /// What it would like to have of the spread world; each has an area, all of it on its map.
    std::vector<territory::Rectangle> wishes;

    /// How full it is, 0..1 and more: places taken or processors, whichever is worse.
    [[nodiscard]] double load() const;
    [[nodiscard]] std::uint32_t tick_p99_us() const;  ///< of its slowest world
    [[nodiscard]] const ListedWorld* world(std::string_view name) const;
};

/// `invalid_argument` names the field of the hello. `conflict`, field "protocol": it speaks another
/// one. `dialled_from` stands in for addresses that it does not give.
[[nodiscard]] Result<WorldListing> read_hello(const world_wire::Hello& hello, std::string id,
                                              const std::string& dialled_from);
/// Takes a load over into the listing; `invalid_argument` names its field, and nothing is taken.
[[nodiscard]] Result<void> take_load(WorldListing& listing, const world_wire::Load& load);

/// Where a player could go.
struct Candidate {
    std::string server_id;  ///< empty: this process
    std::uint32_t people = 0;
    std::uint32_t players_max = 0;
    double load = 0;                ///< of the server
    bool has_room = true;           ///< on the server as a whole
    std::optional<double> ping_ms;  ///< as the player has measured it
    [[nodiscard]] bool is_full() const { return !has_room || people >= players_max; }
};
enum class Strategy { least_load, packed, lowest_ping };
[[nodiscard]] std::optional<Strategy> strategy_from_name(std::string_view name);
/// Those with room, the best first. By ping: differences that nobody feels, under `ping_step_ms`,
/// leave it to the load; those that were not measured come last.
inline constexpr double ping_step_ms = 5;
[[nodiscard]] std::vector<Candidate> ranked(std::vector<Candidate> candidates, Strategy strategy);

[[nodiscard]] Json to_json(const WorldFacts& world);
/// As in the list of world servers, without when it was heard of.
[[nodiscard]] Json to_json(const WorldListing& listing);

}  // namespace muster::coordinator
