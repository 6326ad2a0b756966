#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/base/time.hpp"
#include "muster/brain/server.hpp"
#include "muster/brain/state.hpp"

/// How many servers of the fleet a world has, as data: what was asked for and what is seen go in,
/// what is to be done comes out. Pure, as all of this room.
///
/// What holds whatever happens:
///  - a server that was seen with people, or of which nobody knows whether it has some, is neither
///    stopped nor removed, but when a person said `force`;
///  - a server leaves drained: its regions and people were others' before it goes;
///  - a new server is open before an outdated one is drained for it, and one is drained at a time.
namespace muster::brain {

/// One of its servers. Kept, but for `empty_since`.
struct ScaledServer {
    std::string server_id{};     ///< in the fleet
    std::string token_id{};      ///< of the join token that it was made with
    std::string member_id{};     ///< what it joined as; empty: it never did
    std::uint64_t revision = 0;  ///< of the template that it was made from
    bool leaving = false;
    std::optional<Timestamp> empty_since{};  ///< leaving, and nobody and nothing on it so long
};

/// What somebody asked for, and what came of it.
struct WorldScale {
    std::string world{};
    std::uint32_t count = 0;
    std::uint64_t revision = 1;           ///< of the template; servers of older ones are replaced
    bool force = false;                   ///< who leaves does so at once, whoever plays there
    std::uint64_t next_number = 1;        ///< in the next server's name
    std::vector<ScaledServer> servers{};  ///< the oldest first
};

/// What is known of one of them now.
struct SeenScaled {
    bool exists = false;                       ///< the fleet has its record
    ServerState state = ServerState::unknown;  ///< as people are shown it
    bool token_expired = false;                ///< unused, and no longer good
    bool listed = false;                       ///< it is on its link; else the rest says nothing
    bool draining = false;
    std::uint32_t people = 0;
    std::uint32_t regions = 0;
};
using SeenServers = std::map<std::string, SeenScaled>;  ///< by server_id

struct CreateScaled {};
/// Takes nobody new, and hands over what it has.
struct DrainScaled {
    std::string server_id{};
};
/// It stays after all.
struct UndrainScaled {
    std::string server_id{};
};
/// Stopped and removed, with its data: a server that comes later has an identity of its own.
struct RemoveScaled {
    std::string server_id{};
};
/// It is gone from the fleet, and is not in the state any more.
struct ForgetScaled {
    ScaledServer server{};
};
using ScaleAction =
    std::variant<CreateScaled, DrainScaled, UndrainScaled, RemoveScaled, ForgetScaled>;

/// So long a drained server must have been empty: longer than a join that was under way when it was
/// drained may take.
inline constexpr milliseconds empty_before_removal{6'000};
/// Made in one step.
inline constexpr std::size_t created_at_once_max = 4;
inline constexpr std::uint32_t scale_count_max = 64;

/// To be called each second and after each change of `scale`. Whoever performs a CreateScaled adds
/// the server to `scale`; all other changes are made here. A server that is `leaving` must be
/// drained from the moment that its link comes back.
[[nodiscard]] std::vector<ScaleAction> decide(WorldScale& scale, const SeenServers& seen,
                                              Timestamp now);

/// The node for the next server of a world: of those that have room for `spec` the one with the
/// fewest of `servers`, then of all servers. `allowed`: ids of nodes; empty: any. Empty when none
/// has room.
[[nodiscard]] std::string node_for(const State& fleet, const ServerSpec& spec,
                                   const std::vector<ScaledServer>& servers,
                                   const std::vector<std::string>& allowed);

}  // namespace muster::brain
