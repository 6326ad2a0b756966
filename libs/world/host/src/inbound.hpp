#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/protocol/protocol.hpp"
#include "muster/sim/input.hpp"
#include "muster/sim/state.hpp"
#include "scope.hpp"

namespace muster::host {

/// What a player's message says, in the simulation's terms.
namespace inbound {
struct Inputs {
    sim::Tick newest = 0;  ///< snapshot that came
    std::uint32_t received = 0;
    std::size_t count = 0;
    std::array<sim::Input, protocol::steps_max> steps{};  ///< oldest first
    /// How many ticks before `newest` (or before now, when there is none) `seen` is.
    std::array<std::uint8_t, protocol::steps_max> seen_ago{};
};
struct Ping {
    std::uint64_t time = 0;
};
struct Say {
    std::string_view text;  ///< in the message's bytes, like `name`
    Scope to = Scope::all;
    sim::PlayerId whom = sim::no_player;
    std::string_view name;
};
struct Party {
    std::string_view code;  ///< in the message's bytes
};
struct Bye {};
/// For a second connection, to another server of the world.
struct Offer {
    std::uint32_t number = 0;
    std::string_view sdp;  ///< in the message's bytes
};
struct Custom {
    std::uint8_t command = 0;
    std::span<const std::byte> payload;  ///< in the message's bytes
};
}  // namespace inbound
using Inbound = std::variant<inbound::Inputs, inbound::Ping, inbound::Say, inbound::Bye,
                             inbound::Offer, inbound::Custom, inbound::Party>;

/// `invalid_argument` for what is no message of a player. `room` is reused for what does not lie
/// where it can be read; both must outlive what is returned.
[[nodiscard]] Result<Inbound> read_inbound(std::span<const std::byte> bytes,
                                           std::vector<std::uint64_t>& room);

}  // namespace muster::host
