#pragma once

#include <cstdint>
#include <string>

namespace muster::bots {

/// "Bot Maple 3": friendly, and nobody takes it for a person. Distinct for distinct numbers, at
/// most 24 characters.
[[nodiscard]] std::string bot_name(std::uint32_t number);

}  // namespace muster::bots
