#pragma once

#include <array>
#include <cstdint>

#include "muster/sim/fixed.hpp"
#include "muster/sim/map.hpp"
#include "muster/sim/rules.hpp"

namespace muster::sim {

/// Dense: an index below players_max. The network id too.
using PlayerId = std::uint16_t;
inline constexpr PlayerId no_player = 0xffff;

struct Player {
    Vec at{};
    Vec velocity{};  ///< a tick; of its last consumed input
    Angle aim = 0;
    Team team = Team::none;
    Weapon weapon = Weapon::pistol;
    std::uint8_t weapons = 1;     ///< one bit for each that it has, bit 0 the pistol; melee always
    std::uint8_t generation = 0;  ///< grows with each player of this id, so that two are told apart
    bool present = false;
    bool alive = false;
    bool bot = false;
    bool ghost = false;      ///< somebody whom another World owns (border.hpp): seen and hit here,
                             ///< decided upon there
    std::uint16_t life = 0;  ///< grows with each spawn
    std::uint8_t health = 0;
    std::uint8_t shield = 0;
    std::array<std::uint8_t, weapon_count> ammunition{};  ///< in the magazine of each
    Tick reload_until = 0;                                ///< 0: does not reload
    Tick shot_ready_at = 0;
    Tick strike_ready_at = 0;
    Tick respawn_at = 0;  ///< when not alive
    Tick protected_until = 0;
    Tick speed_until = 0;
    Tick damage_until = 0;
    Team carries = Team::none;  ///< whose flag
    std::int32_t score = 0;
    std::uint16_t kills = 0;
    std::uint16_t deaths = 0;
    std::uint16_t captures = 0;
    std::uint32_t acknowledged = 0;  ///< the newest input consumed
    Tick joined_at = 0;
};

struct Projectile {
    std::uint32_t id = 0;  ///< never used again
    Vec at{};
    Vec velocity{};  ///< a tick
    PlayerId owner = no_player;
    Team team = Team::none;
    Weapon weapon = Weapon::pistol;
    bool boosted = false;
    Tick fired_at = 0;
    Tick expires_at = 0;
};

struct Wall {
    std::uint16_t health = 0;  ///< 0: destroyed
    Tick respawn_at = 0;
};

struct Pickup {
    bool available = true;
    Tick respawn_at = 0;
};

struct Flag {
    enum class Where : std::uint8_t { base = 0, carried = 1, dropped = 2 };
    Where where = Where::base;
    Vec at{};
    PlayerId carrier = no_player;
    Tick returns_at = 0;  ///< when dropped
};

struct Match {
    enum class Phase : std::uint8_t { waiting = 0, active = 1, ended = 2 };
    Phase phase = Phase::waiting;
    Tick ends_at = 0;  ///< of this phase; 0 while waiting
    std::uint32_t number = 0;
    std::array<std::uint16_t, 2> scores{};  ///< red's, blue's
    Team winner = Team::none;               ///< of the ended match; none: a draw, or free-for-all
    PlayerId winning_player = no_player;    ///< of free-for-all
};

}  // namespace muster::sim
