#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

/// Bytes from the system's generator, fit for keys.
[[nodiscard]] std::string random_bytes(std::size_t count);
/// `length` characters of [a-z0-9] without those that people mistake for another (0 o 1 l i).
[[nodiscard]] std::string random_text(std::size_t length);
/// A new id: prefix and 12 characters (59 bits), e.g. new_id("srv") -> "srv-7k2mpx9d4tqa".
[[nodiscard]] std::string new_id(std::string_view prefix);
/// A whole number in [0, below), for jitter and choices; `below` must be positive.
[[nodiscard]] std::uint32_t random_below(std::uint32_t below);

}  // namespace muster
