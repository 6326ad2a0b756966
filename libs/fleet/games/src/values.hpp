#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "muster/games/game.hpp"

namespace muster::games {

inline constexpr std::size_t value_bytes_max = 32U << 10U;

/// Whether it is UTF-8 without control characters; `multiline` allows line ends and tabs.
[[nodiscard]] bool is_value_text(std::string_view text, bool multiline);

/// The words for yes and no that people write: true/false, yes/no, on/off, 1/0.
[[nodiscard]] std::optional<bool> reads_as(std::string_view text);

/// The value as it is written for the program, or what is wrong with it ("must be ..."), without
/// the value.
[[nodiscard]] std::expected<std::string, std::string> check_value(const Variable& variable,
                                                                  std::string_view value);

/// A value for every name that a text of this game may use, to check its placeholders with.
[[nodiscard]] Placeholders example_placeholders(const Game& game);

}  // namespace muster::games
