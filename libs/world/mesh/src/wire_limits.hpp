#pragma once

#include <cstddef>
#include <vector>

#include "muster/mesh/wire.hpp"

/// What the limits of wire.hpp leave open, and how long things become: for who puts messages
/// together, so that none is longer than `message_bytes_max`.
namespace muster::mesh {

inline constexpr std::size_t name_characters_max = 24;
inline constexpr std::size_t name_bytes_max = name_characters_max * 4;
inline constexpr std::size_t hash_bytes_max = 128;
inline constexpr std::size_t error_bytes_max = 1024;  ///< of an Answer; encode() cuts it
inline constexpr std::uint16_t parts_max = 4'096;
/// No time that passes between servers is longer, but the match's: 77 hours.
inline constexpr sim::Tick ticks_max = 1U << 24U;
/// A tick. Nothing flies faster; World::show() knows better.
inline constexpr sim::Length event_velocity_max = 32 * sim::unit;

/// What a message is, at most, without any of the below.
inline constexpr std::size_t message_bytes_least = 512;
/// By how much each of these makes a message longer, at most.
[[nodiscard]] std::size_t bytes_at_most(const Posed& posed);
[[nodiscard]] std::size_t bytes_at_most(const Roll::Row& row);
[[nodiscard]] std::size_t bytes_at_most(const Traveller& traveller);
[[nodiscard]] std::size_t bytes_at_most(const Letter& letter);
inline constexpr std::size_t wall_bytes = 8;
inline constexpr std::size_t pickup_bytes = 8;
inline constexpr std::size_t event_bytes = 32;

/// What of a strip fits into a message: as it is, or, when it is too long, without its last events,
/// then pickups and walls, then players. Each is said again, the last by the next Standing or
/// strip.
[[nodiscard]] std::size_t bytes_at_most(const Strip& strip);
[[nodiscard]] Strip shortened(Strip strip);

/// Whether every list and text is within its limit. A message that is not is a bug of the caller's:
/// encode() asserts it, and that the whole is not longer than `message_bytes_max`.
[[nodiscard]] bool is_within_limits(const Message& message);
/// encode() without the asserts: for tests of decode().
[[nodiscard]] std::vector<std::byte> encode_anyway(const Message& message);

}  // namespace muster::mesh
