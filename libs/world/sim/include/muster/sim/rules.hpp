#pragma once

#include <array>
#include <cstdint>

#include "muster/sim/fixed.hpp"
#include "muster/sim/map.hpp"

namespace muster::sim {

/// The values are the protocol's.
enum class Mode : std::uint8_t { free_for_all = 0, team_deathmatch = 1, capture_the_flag = 2 };

struct WeaponRules {
    std::uint16_t damage = 0;  ///< of one pellet
    std::uint8_t pellets = 1;
    Tick interval = 0;          ///< between two shots
    std::uint8_t magazine = 0;  ///< 0: needs none
    Tick reload = 0;
    Length speed = 0;  ///< a tick
    Tick lifetime = 0;
    Angle spread = 0;  ///< each pellet within +- this
};

inline constexpr Length player_radius = 15 * unit;
inline constexpr Length player_speed = 640;          ///< a tick: 150 units a second
inline constexpr Length player_speed_boosted = 960;  ///< a tick: 225 units a second
inline constexpr Length muzzle_distance = 20 * unit;
inline constexpr Length melee_range = 50 * unit;
inline constexpr Angle melee_half_arc = 5461;  ///< 30 degrees each way
inline constexpr std::uint8_t health_max = 100;
inline constexpr std::uint8_t shield_max = 50;
inline constexpr Tick rewind_max = ticks_of_ms(200);

[[nodiscard]] const WeaponRules& rules_of(Weapon weapon);

/// What a match is played by.
struct Rules {
    Mode mode = Mode::capture_the_flag;
    std::uint16_t players_max = 400;
    Tick match_length = 300 * tick_rate;
    Tick break_length = 10 * tick_rate;
    Tick respawn = 5 * tick_rate;
    Tick spawn_protection = 2 * tick_rate;  ///< ends at the first shot, too
    Tick flag_return = 30 * tick_rate;
    std::uint16_t captures_to_win = 3;
    std::uint16_t kills_to_win = 0;  ///< 0: only the clock ends the match
    bool friendly_fire = false;
};

}  // namespace muster::sim
