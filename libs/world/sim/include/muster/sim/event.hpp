#pragma once

#include <cstdint>

#include "muster/sim/fixed.hpp"
#include "muster/sim/map.hpp"
#include "muster/sim/state.hpp"

namespace muster::sim {

/// Something that one step did. What each field means depends on the kind; the rest is zero.
struct Event {
    enum class Kind : std::uint8_t {
        // Seen or heard only near `at`.
        shot,      ///< `player` fired `projectile` from `at` with `velocity`; one for each pellet;
                   ///< `value` ticks ago by the shooter's own picture
        strike,    ///< `player` struck with melee
        wall_hit,  ///< a projectile ended at a wall (`index`); `value` damage, 0 if it cannot be
                   ///< destroyed
        player_hit,    ///< `player` hit `other` with `weapon` for `value`; `projectile` ended there
                       ///< (0: melee)
        pickup_taken,  ///< `player` took pickup `index`
        pickup_returned,  ///< pickup `index` is there again
        spawned,          ///< `player`
        reloaded,         ///< `player`, done
        // Told to everybody, on the reliable channel.
        wall_destroyed,  ///< wall `index`
        wall_returned,   ///< wall `index`
        killed,          ///< `player` killed `other` with `weapon`; player == other: by nobody
        flag_taken,      ///< `player` took the flag of `team`
        flag_dropped,
        flag_returned,  ///< by `player`, or no_player: by time
        flag_captured,  ///< `player` brought the flag of `team` home
        match_started,
        match_ended,  ///< `team` won, or `player` (free-for-all), or nobody
        joined,
        left,
    };
    Kind kind = Kind::shot;
    Team team = Team::none;
    Weapon weapon = Weapon::pistol;
    PlayerId player = no_player;
    PlayerId other = no_player;
    std::uint16_t index = 0;
    std::uint16_t value = 0;
    std::uint32_t projectile = 0;
    Vec at{};
    Vec velocity{};  ///< a tick
};
[[nodiscard]] constexpr bool is_for_everybody(Event::Kind kind) {
    return kind >= Event::Kind::wall_destroyed;
}

}  // namespace muster::sim
