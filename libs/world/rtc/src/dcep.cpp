#include "dcep.hpp"

#include <algorithm>

#include <algorithm>

#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"
#include "wire.hpp"

namespace muster::rtc::dcep {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::uint8_t unordered = 0x80;

}  // namespace

std::optional<Open> decode_open(std::span<const std::byte> message) {
    using Policy = sctp::Reliability::Policy;
    if (message.size() < header_bytes || message[0] != open_type) return std::nullopt;
    const std::byte* const at = message.data();
    const auto type = std::to_integer<std::uint8_t>(message[1]);
    const std::size_t label_bytes = load<std::uint16_t>(at + 8);
    const std::size_t protocol_bytes = load<std::uint16_t>(at + 10);
    if (message.size() != header_bytes + label_bytes + protocol_bytes ||
        label_bytes > label_bytes_max || protocol_bytes > label_bytes_max) {
        return std::nullopt;
    }
    Open open;
    open.reliability.ordered = (type & unordered) == 0;
    switch (type & ~unordered) {
        case 0:
            open.reliability.policy = Policy::reliable;
            break;
        case 1:
            open.reliability.policy = Policy::retransmissions;
            break;
        case 2:
            open.reliability.policy = Policy::lifetime;
            break;
        default:
            return std::nullopt;
    }
    if (open.reliability.policy != Policy::reliable) {
        open.reliability.limit = load<std::uint32_t>(at + 4);
    }
    const std::string_view texts(reinterpret_cast<const char*>(at) + header_bytes,
                                 label_bytes + protocol_bytes);
    open.label = texts.substr(0, label_bytes);
    open.protocol = texts.substr(label_bytes);
    return open;
}

std::vector<std::byte> write_open(const Open& open) {
    MUSTER_ASSERT(open.label.size() <= label_bytes_max && open.protocol.size() <= label_bytes_max);
    std::vector<std::byte> message(header_bytes + open.label.size() + open.protocol.size());
    message[0] = open_type;
    const auto policy = static_cast<std::uint8_t>(open.reliability.policy);
    message[1] = static_cast<std::byte>(open.reliability.ordered ? policy : policy | unordered);
    store(message.data() + 4, open.reliability.limit);
    store(message.data() + 8, static_cast<std::uint16_t>(open.label.size()));
    store(message.data() + 10, static_cast<std::uint16_t>(open.protocol.size()));
    const auto end = std::ranges::copy(as_bytes(open.label), message.begin() + header_bytes).out;
    std::ranges::copy(as_bytes(open.protocol), end);
    return message;
}

}  // namespace muster::rtc::dcep
