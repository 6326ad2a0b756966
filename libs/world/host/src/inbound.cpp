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
        case protocol::Body::Say: {
            const protocol::Say& say = *(*message)->body_as_Say();
            return inbound::Say{{say.text()->data(), say.text()->size()}, say.team_only()};
        }
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
