#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

/// The messages between players and worlds. schemas/game.fbs is the shape; the generated code is
/// "game_generated.h" (heavy: include it in .cpp files only).
namespace muster::protocol {

struct Message;

inline constexpr std::uint16_t version = 2;
/// The channels, negotiated on both sides by these stream ids.
inline constexpr std::uint16_t control_stream = 0;
inline constexpr std::uint16_t state_stream = 1;
inline constexpr std::string_view control_label = "control";
inline constexpr std::string_view state_label = "state";

inline constexpr std::size_t offer_bytes_max = 4'096;  ///< of a page's SDP
inline constexpr std::size_t to_world_bytes_max = offer_bytes_max + 128;
inline constexpr std::size_t to_world_packet_max = 1'100;  ///< of all but an Offer: one packet
inline constexpr std::size_t state_bytes_max = 1'100;      ///< fits one packet
inline constexpr std::size_t control_bytes_max = 262'144;  ///< a Welcome with a large map
inline constexpr std::size_t chat_characters_max = 100;
inline constexpr std::size_t announcement_characters_max = 400;  ///< of those who run the world
inline constexpr std::size_t party_members_max = 64;
inline constexpr std::size_t steps_max = 16;
inline constexpr std::size_t custom_bytes_max = 1'024;  ///< of a payload

/// Where reading needs a message to begin: numbers in it are read in place.
inline constexpr std::size_t alignment = 8;
/// `bytes` where they can be read: as they lie when they are aligned, else copied into `room`,
/// which is reused. Valid as long as both are left alone.
[[nodiscard]] std::span<const std::byte> aligned(std::span<const std::byte> bytes,
                                                 std::vector<std::uint64_t>& room);

/// The verified message in `bytes`, which must outlive it and be aligned(). `invalid_argument`,
/// with the field where there is one, when the bytes are too long, no FlatBuffer of this
/// identifier, of a kind that the direction does not have, or over a limit: more than `steps_max`
/// steps, a text that is no UTF-8 or longer than `chat_characters_max`, a payload over
/// `custom_bytes_max`, an SDP over `offer_bytes_max`. What has no limit here (an enum's value, an
/// index) is still the sender's word: check it before it is used. `internal`: not aligned.
[[nodiscard]] Result<const Message*> read_from_player(std::span<const std::byte> bytes);
[[nodiscard]] Result<const Message*> read_from_world(std::span<const std::byte> bytes);

}  // namespace muster::protocol
