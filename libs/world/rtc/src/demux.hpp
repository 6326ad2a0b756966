#pragma once

#include <cstddef>
#include <span>

namespace muster::rtc {

enum class Protocol : unsigned char { stun, dtls, other };

/// What a datagram is by its first byte (RFC 7983).
[[nodiscard]] inline Protocol protocol_of(std::span<const std::byte> datagram) {
    if (datagram.empty()) return Protocol::other;
    const auto first = std::to_integer<unsigned>(datagram[0]);
    if (first <= 3) return Protocol::stun;
    return first >= 20 && first <= 63 ? Protocol::dtls : Protocol::other;
}

}  // namespace muster::rtc
