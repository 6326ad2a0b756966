#pragma once

#include <cstdint>

#include "muster/sim/fixed.hpp"

namespace muster::sim {

/// What a player wants in one tick of its own time. Directions are the screen's, not the player's.
struct Input {
    enum Button : std::uint8_t {
        up = 1,
        down = 2,
        left = 4,
        right = 8,
        fire = 16,
        reload = 32,
        strike = 64,  ///< melee, whatever is in hand
    };
    std::uint32_t sequence = 0;  ///< the first one is 1; each further one greater
    /// The tick that the player saw others at when it aimed: shots are judged there, at most
    /// `rewind_max` back. 0, or one that lies ahead: now.
    Tick seen = 0;
    Angle aim = 0;
    std::uint8_t buttons = 0;
    std::uint8_t slot = 0;  ///< 0: as it is; 1 to 5: the weapon of that number, if it has it
    bool operator==(const Input&) const = default;
};

}  // namespace muster::sim
