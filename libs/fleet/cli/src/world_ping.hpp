#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

/// How far world servers are: beacons to their UDP ports (docs/formats/beacon.md).
namespace muster::cli {

using BeaconNonce = std::array<char, 8>;
struct BeaconHeard {
    BeaconNonce nonce{};
    std::uint32_t players = 0;
    std::uint32_t capacity = 0;
};
[[nodiscard]] std::string write_beacon_question(const BeaconNonce& nonce);
/// Nothing when it is no answer.
[[nodiscard]] std::optional<BeaconHeard> read_beacon_answer(std::string_view datagram);

struct PingTarget {
    std::string address;  ///< numeric
    std::uint16_t port = 0;
};
struct PingResult {
    std::vector<std::chrono::microseconds> times;  ///< of the questions that were answered
    std::uint32_t players = 0;                     ///< as the last answer says
    std::uint32_t capacity = 0;
    /// The middle one; nothing when none was answered.
    [[nodiscard]] std::optional<std::chrono::microseconds> median() const;
};

inline constexpr int ping_rounds = 5;
/// Asks all of them once a round, and waits for their answers for `patience`. Blocks. One result
/// for each target, in their order; an address that cannot be sent to is one that does not answer.
[[nodiscard]] Result<std::vector<PingResult>> ping_all(const std::vector<PingTarget>& targets,
                                                       std::chrono::milliseconds patience);

}  // namespace muster::cli
