#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/sim/state.hpp"

namespace muster::host {

/// A ticket names a player of a world and proves that one is it: "W-PPPP-secret", the secret 128
/// random bits. The server keeps its hash only.
struct Ticket {
    std::uint16_t world = 0;
    sim::PlayerId player = sim::no_player;
    std::string hash;  ///< of the whole text
};

[[nodiscard]] std::string make_ticket(std::uint16_t world, sim::PlayerId player);
/// Nothing when it is no such text; whether it is a player's is for equal_secret() of the hashes.
[[nodiscard]] std::optional<Ticket> read_ticket(std::string_view text);

}  // namespace muster::host
