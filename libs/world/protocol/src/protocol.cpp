#include "muster/protocol/protocol.hpp"

#include <cstring>
#include <optional>

#include "game_generated.h"

namespace muster::protocol {
namespace {

struct Direction {
    std::size_t bytes_max;
    // A message of a player is a Message and its body. Of a world's, the longest list is People,
    // whose entries take 20 bytes or more; without a limit, overlapping tables would make a short
    // message long to verify.
    flatbuffers::uoffset_t tables_max;
    bool (*has)(Body);
};

bool from_player(Body body) {
    return body == Body::Inputs || body == Body::Ping || body == Body::Say || body == Body::Bye ||
           body == Body::Custom || body == Body::Offer || body == Body::Party;
}

bool from_world(Body body) {
    return body >= Body::Welcome && body <= Body::MAX && body != Body::Offer;
}

constexpr flatbuffers::uoffset_t depth_max =
    4;  // Message, body, an entry of its list; one to spare

Result<const Message*> read(std::span<const std::byte> bytes, const Direction& direction) {
    if (bytes.size() > direction.bytes_max)
        return fail(Errc::invalid_argument, "The message is too long.");
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment != 0)
        return fail(Errc::internal, "The bytes of the message are not aligned.");
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    flatbuffers::Verifier::Options options;
    options.max_depth = depth_max;
    options.max_tables = direction.tables_max;
    flatbuffers::Verifier verifier(data, bytes.size(), options);
    if (!VerifyMessageBuffer(verifier))
        return fail(Errc::invalid_argument, "This is no message of the protocol.");
    const auto* message = GetMessage(data);
    // The verifier lets a body of an unknown kind pass: a later version may have it.
    if (!direction.has(message->body_type()))
        return fail(Errc::invalid_argument, "This kind of message does not go this way.",
                    "body_type");
    return message;
}

// How many code points, or nothing when it is no UTF-8 (RFC 3629: shortest form, no surrogates).
std::optional<std::size_t> characters_of(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        const auto first = static_cast<std::uint8_t>(text[at++]);
        if (first < 0x80) continue;
        const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4) return std::nullopt;
        std::uint32_t code = first & (0x3FU >> more);
        for (int n = 0; n < more; ++n) {
            if (at == text.size()) return std::nullopt;
            const auto next = static_cast<std::uint8_t>(text[at++]);
            if ((next & 0xC0U) != 0x80) return std::nullopt;
            code = code << 6U | (next & 0x3FU);
        }
        constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return std::nullopt;
    }
    return count;
}

constexpr const char* too_long = "The payload is longer than 1024 bytes.";

bool fits(const Custom& custom) {
    return custom.payload() == nullptr || custom.payload()->size() <= custom_bytes_max;
}

}  // namespace

std::span<const std::byte> aligned(std::span<const std::byte> bytes,
                                   std::vector<std::uint64_t>& room) {
    static_assert(alignof(std::uint64_t) == alignment);
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0) return bytes;
    const auto words = (bytes.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    if (room.size() < words) room.resize(words);
    if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
    return {reinterpret_cast<const std::byte*>(room.data()), bytes.size()};
}

Result<const Message*> read_from_player(std::span<const std::byte> bytes) {
    const auto message = read(bytes, {to_world_bytes_max, 2, from_player});
    if (!message) return message;
    if (const auto* offer = (*message)->body_as_Offer()) {
        if (offer->sdp()->size() > offer_bytes_max)
            return fail(Errc::invalid_argument, "The SDP is longer than 4096 bytes.", "sdp");
        return message;
    }
    if (bytes.size() > to_world_packet_max)
        return fail(Errc::invalid_argument, "The message is too long.");
    if (const auto* inputs = (*message)->body_as_Inputs()) {
        if (inputs->steps() != nullptr && inputs->steps()->size() > steps_max)
            return fail(Errc::invalid_argument, "There are too many steps.", "steps");
    } else if (const auto* say = (*message)->body_as_Say()) {
        const auto characters = characters_of({say->text()->c_str(), say->text()->size()});
        if (!characters) return fail(Errc::invalid_argument, "The text is not UTF-8.", "text");
        if (*characters > chat_characters_max)
            return fail(Errc::invalid_argument, "The text is longer than 100 characters.", "text");
    } else if (const auto* custom = (*message)->body_as_Custom()) {
        if (!fits(*custom)) return fail(Errc::invalid_argument, too_long, "payload");
    }
    return message;
}

Result<const Message*> read_from_world(std::span<const std::byte> bytes) {
    const auto message = read(bytes, {control_bytes_max, control_bytes_max / 16, from_world});
    if (!message) return message;
    const auto* custom = (*message)->body_as_Custom();
    if (custom != nullptr && !fits(*custom))
        return fail(Errc::invalid_argument, too_long, "payload");
    return message;
}

}  // namespace muster::protocol
