#pragma once

#include <cstdint>
#include <string_view>

#include "muster/replication/messages.hpp"

namespace muster::client {

/// A player's answer to an invitation: docs/formats/world-protocol.md, "From one server to the
/// next".
[[nodiscard]] replication::Bytes write_offer(std::uint32_t number, std::string_view sdp);

}  // namespace muster::client
