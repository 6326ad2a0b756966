#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "muster/sctp/association.hpp"

/// The Data Channel Establishment Protocol (RFC 8832) and the payload identifiers of RFC 8831.
namespace muster::rtc::dcep {

enum Payload : std::uint32_t {
    control = 50,
    text = 51,
    binary = 53,
    text_empty = 56,
    binary_empty = 57,
};

constexpr std::size_t label_bytes_max = 1'024;

/// Views point into the message.
struct Open {
    sctp::Reliability reliability;
    std::string_view label;
    std::string_view protocol;
};
/// DATA_CHANNEL_OPEN; nothing when it is broken, of no known type, or its texts are too long.
[[nodiscard]] std::optional<Open> decode_open(std::span<const std::byte> message);
[[nodiscard]] std::vector<std::byte> write_open(const Open& open);

constexpr std::byte open_type{0x03};
constexpr std::byte ack_type{0x02};

}  // namespace muster::rtc::dcep
