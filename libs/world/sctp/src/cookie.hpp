#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "muster/sctp/association.hpp"

namespace muster::sctp {

/// What the handshake says of the peer.
struct Peer {
    std::uint32_t tag = 0, initial_tsn = 0, window = 0;
    std::uint16_t out_streams = 0, in_streams = 0;
    bool forward_tsn = false, reconfig = false, zero_checksum = false;

    bool operator==(const Peer&) const = default;
};

/// The state cookie (RFC 9260, 5.1.3): all that an INIT says, signed, so that none of it has to be
/// kept until the peer shows that it hears us.
struct Cookie {
    Instant made{0};
    std::uint32_t own_tag = 0;
    Peer peer;
};

inline constexpr std::size_t cookie_bytes = 72;

[[nodiscard]] std::array<std::byte, cookie_bytes> seal(const Cookie& cookie,
                                                       std::span<const std::byte, 32> key);
/// None when it is not one of ours, or was changed.
[[nodiscard]] std::optional<Cookie> unseal(std::span<const std::byte> bytes,
                                           std::span<const std::byte, 32> key);

}  // namespace muster::sctp
