#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "json.hpp"
#include "muster/territory/action.hpp"
#include "muster/territory/event.hpp"
#include "muster/territory/id_ledger.hpp"
#include "muster/territory/state.hpp"
#include "muster/world/v1/world.pb.h"

/// Leases of regions as they are said to world servers, kept in the store and shown. Pure.
namespace muster::coordinator {

namespace world_wire = muster::world::v1;

/// A world that several servers compute together, as the first hello that brought it says.
struct SpreadWorld {
    territory::WorldSpec spec;
    std::string mode;
    std::string map;
    std::uint32_t players_max = 0;
    std::string fingerprint;  ///< of what must be alike on all its servers
    bool operator==(const SpreadWorld&) const = default;
};

/// `invalid_argument` names the field of the hello.
[[nodiscard]] Result<SpreadWorld> read_spread(const world_wire::World& world);
/// Why a server with the one cannot compute a part of the other: the field and both values.
[[nodiscard]] Error difference(const SpreadWorld& declared, const SpreadWorld& brought);

struct Question {
    territory::ServerHeard heard;  ///< without server and session
    std::vector<territory::PlayerId> used;
    std::vector<territory::PlayerId> spare;
    bool wants_ids = false;
    std::set<std::string> hears;
};
/// `invalid_argument` names the field. `players_max`: of its world, which no id reaches.
[[nodiscard]] Result<Question> read_question(const world_wire::LeaseQuestion& question,
                                             std::uint32_t players_max);

[[nodiscard]] world_wire::ToWorld to_wire(const territory::Answer& answer,
                                          const std::vector<territory::IdLoan>& loans);
[[nodiscard]] world_wire::ToWorld to_wire(const territory::Withdraw& withdraw);

// ---- records of the store; `internal` when one cannot have been ours

[[nodiscard]] Json record_of(const territory::Standing& standing);
[[nodiscard]] Result<territory::Standing> read_standing(const Json& record);

struct KeptWorld {
    SpreadWorld facts;
    territory::WorldRecord record;
};
[[nodiscard]] Json record_of(const SpreadWorld& facts, const territory::WorldRecord& record);
[[nodiscard]] Result<KeptWorld> read_world(const std::string& name, const Json& record,
                                           const territory::Standing& standing);

/// As in the description of a world.
[[nodiscard]] Json to_json(const territory::Listed& region);

}  // namespace muster::coordinator
