#pragma once

#include <string>
#include <string_view>

namespace muster::sim {

inline constexpr std::size_t name_characters_max = 24;

/// At most 24 characters of well-formed UTF-8 without control characters, those that turn the
/// direction of text, and spaces at the ends.
[[nodiscard]] std::string clean_name(std::string_view name);

}  // namespace muster::sim
