#pragma once

#include "lobby.hpp"

/// Where a player could go. Pure judgement over what the lists say.
namespace muster::coordinator {

struct PlaceWish {
    std::string world;
    std::string server;  ///< wanted; "local" is this process; empty: any
    Strategy strategy = Strategy::least_load;
    std::map<std::string, double> pings;  ///< ms, by the servers' ids
    std::vector<std::string> last;        ///< where the player was, the newest first
};

/// In the order in which they are tried: where the player was before, if there is room, and then as
/// the strategy says. The error says why there are none: `not_found`, `exhausted` (all are full) or
/// `unavailable`.
[[nodiscard]] Result<std::vector<Candidate>> places_for(const Lobby& lobby, const PlaceWish& wish);
/// Where else there is room, with the players there: the same world first, then others.
[[nodiscard]] Json alternatives_to(const Lobby& lobby, const std::string& world,
                                   const std::string& not_there);

}  // namespace muster::coordinator
