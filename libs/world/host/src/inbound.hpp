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

namespace muster::host {

/// What a player's message says, in the simulation's terms.
namespace inbound {
struct Inputs {
    sim::Tick newest = 0;  ///< snapshot that came
    std::uint32_t received = 0;
    std::size_t count = 0;
    std::array<sim::Input, protocol::steps_max> steps{};  ///< oldest first
};
struct Ping {
    std::uint64_t time = 0;
};
struct Say {
    std::string_view text;  ///< in the message's bytes
    bool team_only = false;
};
struct Bye {};
struct Custom {
    std::uint8_t command = 0;
    std::span<const std::byte> payload;  ///< in the message's bytes
};
}  // namespace inbound
using Inbound =
    std::variant<inbound::Inputs, inbound::Ping, inbound::Say, inbound::Bye, inbound::Custom>;

/// `invalid_argument` for what is no message of a player. `room` is reused for what does not lie
/// where it can be read; both must outlive what is returned.
[[nodiscard]] Result<Inbound> read_inbound(std::span<const std::byte> bytes,
                                           std::vector<std::uint64_t>& room);

}  // namespace muster::host
