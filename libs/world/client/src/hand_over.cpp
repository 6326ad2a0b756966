#include "hand_over.hpp"

#include "game_generated.h"

namespace muster::client {

replication::Bytes write_offer(std::uint32_t number, std::string_view sdp) {
    flatbuffers::FlatBufferBuilder builder(2'048);
    const auto text = builder.CreateString(sdp.data(), sdp.size());
    const auto offer = protocol::CreateOffer(builder, number, text);
    protocol::FinishMessageBuffer(
        builder, protocol::CreateMessage(builder, protocol::Body::Offer, offer.Union()));
    const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {data, data + builder.GetSize()};
}

}  // namespace muster::client
