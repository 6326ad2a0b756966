#pragma once

#include <cstdint>

#include "muster/client.h"

namespace muster::protocol {
struct FlagState;
}

namespace muster::sdk {

/// The bits of an Entity's and of one's own `look` (schemas/game.fbs).
struct Look {
    explicit constexpr Look(unsigned bits)
        : weapon(static_cast<std::uint8_t>(bits & 7U)),
          team(static_cast<std::uint8_t>(bits >> 3U & 3U)),
          flag(static_cast<std::uint8_t>(bits >> 5U & 3U)),
          state(static_cast<std::uint8_t>(bits >> 7U & 31U)),
          generation(static_cast<std::uint8_t>(bits >> 12U & 15U)) {}
    std::uint8_t weapon, team, flag, state, generation;
};
// `state` as it is: the bits have the same order.
static_assert(Look(1U << 7U).state == MUSTER_CLIENT_STATE_ALIVE &&
              Look(1U << 8U).state == MUSTER_CLIENT_STATE_PROTECTED &&
              Look(1U << 9U).state == MUSTER_CLIENT_STATE_SHIELDED &&
              Look(1U << 10U).state == MUSTER_CLIENT_STATE_FASTER &&
              Look(1U << 11U).state == MUSTER_CLIENT_STATE_STRONGER);

[[nodiscard]] muster_client_flag flag_of(const protocol::FlagState& flag);

}  // namespace muster::sdk
