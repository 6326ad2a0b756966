#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "muster/base/bucket.hpp"
#include "muster/rtc/endpoint.hpp"

/// The ping of a world's UDP port: docs/formats/beacon.md. Pure.
namespace muster::host {

/// What a first byte of a datagram means on a port of WebRTC is divided by RFC 7983, of which RFC
/// 9443 left 4 to 15 alone to nobody: a beacon begins with 11.
inline constexpr std::byte beacon_first{11};
inline constexpr std::size_t beacon_question_bytes_min = 32;
inline constexpr std::size_t beacon_answer_bytes = 24;
static_assert(beacon_answer_bytes <= beacon_question_bytes_min, "it must not amplify");

using BeaconNonce = std::array<std::byte, 8>;
using BeaconAnswer = std::array<std::byte, beacon_answer_bytes>;

/// Nothing when it is no question, or a shorter one than any answer may be to.
[[nodiscard]] std::optional<BeaconNonce> read_beacon_question(std::span<const std::byte> datagram);
[[nodiscard]] BeaconAnswer write_beacon_answer(const BeaconNonce& nonce, std::uint32_t players,
                                               std::uint32_t capacity);

/// How often those are answered who have proven nothing, neither where they are: for beacons and
/// STUN alike. What is over it is dropped without a word. One thread.
class BeaconLimits {
  public:
    static constexpr Rate of_address{10,
                                     20};  ///< of an IPv4 address, or of an IPv6 network of 64 bits
    static constexpr Rate of_all{2'000, 2'000};
    static constexpr std::size_t addresses_max = 4'096;

    [[nodiscard]] bool admit(const rtc::Address& from, Timestamp now);

  private:
    using Network = std::array<std::byte, 16>;
    Bucket all_{of_all};
    Buckets<Network> by_address_{of_address, addresses_max};
};

}  // namespace muster::host
