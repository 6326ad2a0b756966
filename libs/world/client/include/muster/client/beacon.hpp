#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

/// How far a world server is: docs/formats/beacon.md, the asking side. Pure.
namespace muster::client {

using BeaconNonce = std::array<std::byte, 8>;
inline constexpr std::size_t beacon_question_bytes = 32;
using BeaconQuestion = std::array<std::byte, beacon_question_bytes>;

/// `nonce`: random, and new for each question.
[[nodiscard]] BeaconQuestion write_beacon_question(const BeaconNonce& nonce);

struct BeaconAnswer {
    BeaconNonce nonce{};
    std::uint32_t players = 0, capacity = 0;  ///< there now, and at most
};
/// Nothing when it is none. It counts if its nonce is one that is open.
[[nodiscard]] std::optional<BeaconAnswer> read_beacon_answer(std::span<const std::byte> datagram);

}  // namespace muster::client
