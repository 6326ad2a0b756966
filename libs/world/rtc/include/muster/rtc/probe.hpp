#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "muster/rtc/endpoint.hpp"

namespace muster::rtc {

/// A short datagram, by value.
struct ShortDatagram {
    std::array<std::byte, 64> bytes{};
    std::size_t size = 0;
    [[nodiscard]] std::span<const std::byte> view() const { return std::span(bytes).first(size); }
};

/// The answer to a STUN Binding request without credentials (RFC 8489, 6.3: the basic service of a
/// STUN server): from where it came, and FINGERPRINT if that had one. So a page can name a world
/// server as its ICE server and see how far it is. Nothing for everything else, such as an ICE
/// check. Pure; whoever calls limits how often, for the answer may be longer than the request.
[[nodiscard]] std::optional<ShortDatagram> answer_to_probe(std::span<const std::byte> datagram,
                                                           const Address& from);

}  // namespace muster::rtc
