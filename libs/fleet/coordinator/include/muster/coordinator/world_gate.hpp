#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "muster/base/error.hpp"

namespace muster::coordinator {

/// A world as lists show it.
struct WorldFacts {
    std::string name;
    std::string mode;
    std::string map;
    std::uint32_t people = 0;
    std::uint32_t bots = 0;
    std::uint32_t players_max = 0;
    bool asleep = false;
};

/// Somebody wants to play.
struct WorldJoin {
    std::string world;
    std::string sdp;
    std::string name;
    std::string team;    ///< "red", "blue" or empty
    std::string resume;  ///< a ticket that this server gave, or empty
    std::string remote_address;
    bool resume_only = false;  ///< no new place, when the ticket is no good there
};
struct WorldPlace {
    std::string sdp;  ///< the answer, with the candidates of who serves the world
    std::string ticket;
    std::uint32_t player = 0;
};

/// The worlds of the coordinator's own process, which it lists and fills beside those of remote
/// world servers. Called on the coordinator's executor; never waits.
class WorldGate {
  public:
    virtual ~WorldGate() = default;
    [[nodiscard]] virtual std::vector<WorldFacts> worlds() const = 0;
    /// Calls `then` once, from any thread. `exhausted` when there is no place.
    virtual void join(WorldJoin wish, std::function<void(Result<WorldPlace>)> then) = 0;
    virtual void leave(std::string ticket) = 0;
};

}  // namespace muster::coordinator
