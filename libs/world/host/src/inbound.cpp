#include "inbound.hpp"

#include <algorithm>

#include "game_generated.h"

namespace muster::host {
namespace {

inbound::Inputs read_inputs(const protocol::Inputs& message) {
    inbound::Inputs out;
    out.newest = message.tick();
    out.received = message.received();
    const auto* steps = message.steps();
    if (steps == nullptr) return out;
    // The newest are at the end; the first sequence is 1.
    std::uint32_t count = std::min<std::uint32_t>(steps->size(), protocol::steps_max);
    count = std::min(count, message.sequence());
    for (std::uint32_t i = 0; i < count; ++i) {
        const protocol::InputStep* step = steps->Get(steps->size() - count + i);
        out.seen_ago[i] = step->seen();
        out.steps[i] = {
            .sequence = message.sequence() - (count - 1 - i),
            .seen = out.newest > step->seen() ? out.newest - step->seen() : sim::Tick{0},
            .aim = step->aim(),
            .buttons = step->buttons(),
            .slot = step->slot(),
        };
    }
    out.count = count;
    return out;
}

std::string_view view(const flatbuffers::String* text) {
    return text == nullptr ? std::string_view{} : std::string_view(text->data(), text->size());
}

Result<Inbound> read_say(const protocol::Say& say) {
    const auto scope = static_cast<std::uint8_t>(say.to());
    if (scope > static_cast<std::uint8_t>(Scope::person))
        return fail(Errc::invalid_argument, "not for a player to say", "to");
    return inbound::Say{view(say.text()), static_cast<Scope>(scope), say.whom(), view(say.name())};
}

}  // namespace

Result<Inbound> read_inbound(std::span<const std::byte> bytes, std::vector<std::uint64_t>& room) {
    // Before it is copied: nobody makes us keep room for more.
    if (bytes.size() > protocol::to_world_bytes_max) {
        return fail(Errc::invalid_argument, "too long for a player's message");
    }
    const auto message = protocol::read_from_player(protocol::aligned(bytes, room));
    if (!message) return std::unexpected(message.error());
    switch ((*message)->body_type()) {
        case protocol::Body::Inputs:
            return read_inputs(*(*message)->body_as_Inputs());
        case protocol::Body::Ping:
            return inbound::Ping{(*message)->body_as_Ping()->time()};
        case protocol::Body::Say:
            return read_say(*(*message)->body_as_Say());
        case protocol::Body::Party:
            return inbound::Party{view((*message)->body_as_Party()->code())};
        case protocol::Body::Bye:
            return inbound::Bye{};
        case protocol::Body::Offer: {
            const protocol::Offer& offer = *(*message)->body_as_Offer();
            return inbound::Offer{offer.number(), {offer.sdp()->data(), offer.sdp()->size()}};
        }
        case protocol::Body::Custom: {
            const protocol::Custom& custom = *(*message)->body_as_Custom();
            inbound::Custom out{.command = custom.command(), .payload = {}};
            if (const auto* payload = custom.payload())
                out.payload = std::as_bytes(std::span(payload->data(), payload->size()));
            return out;
        }
        default:
            return fail(Errc::invalid_argument, "not a player's message");
    }
}

}  // namespace muster::host
