#include <cstdint>

#include "game_generated.h"
#include "muster/base/assert.hpp"
#include "muster/protocol/protocol.hpp"

/// What a player sends is refused with a reason, or every field of it can be read and keeps its
/// limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::protocol;
    std::vector<std::uint64_t> room;
    const auto message =
        read_from_player(aligned({reinterpret_cast<const std::byte*>(data), size}, room));
    if (!message) {
        MUSTER_ASSERT(!message.error().message.empty());
        MUSTER_ASSERT(message.error().code == muster::Errc::invalid_argument);
        return 0;
    }
    MUSTER_ASSERT(size <= to_world_bytes_max);
    MUSTER_ASSERT(size <= to_world_packet_max || (*message)->body_as_Offer() != nullptr);
    std::uint64_t sum = 0;
    if (const auto* inputs = (*message)->body_as_Inputs()) {
        sum += inputs->sequence() + inputs->tick() + inputs->received();
        if (inputs->steps() != nullptr) {
            MUSTER_ASSERT(inputs->steps()->size() <= steps_max);
            for (const auto* step : *inputs->steps())
                sum += step->aim() + step->buttons() + step->slot() + step->seen();
        }
    } else if (const auto* ping = (*message)->body_as_Ping()) {
        sum += ping->time();
    } else if (const auto* say = (*message)->body_as_Say()) {
        MUSTER_ASSERT(say->text()->size() <= 4 * chat_characters_max);
        for (const char c : *say->text()) sum += static_cast<std::uint8_t>(c);
        if (say->name() != nullptr)
            for (const char c : *say->name()) sum += static_cast<std::uint8_t>(c);
        sum += say->whom() + static_cast<std::uint64_t>(say->to());
    } else if (const auto* party = (*message)->body_as_Party()) {
        if (party->code() != nullptr)
            for (const char c : *party->code()) sum += static_cast<std::uint8_t>(c);
        MUSTER_ASSERT(party->members() == nullptr || party->members()->size() == 0);
    } else if (const auto* custom = (*message)->body_as_Custom()) {
        sum += custom->command();
        if (custom->payload() != nullptr) {
            MUSTER_ASSERT(custom->payload()->size() <= custom_bytes_max);
            for (const std::uint8_t one : *custom->payload()) sum += one;
        }
    } else if (const auto* offer = (*message)->body_as_Offer()) {
        MUSTER_ASSERT(offer->sdp()->size() <= offer_bytes_max);
        for (const char c : *offer->sdp()) sum += static_cast<std::uint8_t>(c);
        sum += offer->number();
    } else {
        MUSTER_ASSERT((*message)->body_as_Bye() != nullptr);
    }
    volatile auto keep = sum;
    static_cast<void>(keep);
    return 0;
}
