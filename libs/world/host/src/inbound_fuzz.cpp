#include <cstddef>
#include <cstdint>
#include <span>

#include "chat_text.hpp"
#include "inbound.hpp"
#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"

/// Whatever a peer sends is refused, or is a bounded number of inputs with ascending numbers from 1
/// on, or a text that is still clean when it is cleaned again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::host;
    std::vector<std::uint64_t> room;
    const auto read = read_inbound(std::as_bytes(std::span(data, size)), room);
    if (!read) return 0;
    if (const auto* inputs = std::get_if<inbound::Inputs>(&*read)) {
        MUSTER_ASSERT(inputs->count <= inputs->steps.size());
        for (std::size_t i = 0; i < inputs->count; ++i) {
            MUSTER_ASSERT(inputs->steps[i].sequence == inputs->steps[0].sequence + i);
            MUSTER_ASSERT(inputs->steps[i].sequence > 0);
            MUSTER_ASSERT(inputs->steps[i].seen <= inputs->newest);
        }
    }
    if (const auto* offer = std::get_if<inbound::Offer>(&*read)) {
        MUSTER_ASSERT(offer->sdp.size() <= muster::protocol::offer_bytes_max);
        std::uint64_t sum = 0;
        for (const char one : offer->sdp) sum += static_cast<std::uint8_t>(one);
        volatile auto keep = sum;
        static_cast<void>(keep);
    }
    if (const auto* custom = std::get_if<inbound::Custom>(&*read)) {
        MUSTER_ASSERT(custom->payload.size() <= muster::protocol::custom_bytes_max);
        std::uint64_t sum = 0;
        for (const std::byte one : custom->payload) sum += std::to_integer<std::uint8_t>(one);
        volatile auto keep = sum;
        static_cast<void>(keep);
    }
    if (const auto* say = std::get_if<inbound::Say>(&*read)) {
        const auto text = clean_text(say->text, 100);
        if (!text) return 0;
        MUSTER_ASSERT(muster::is_utf8(*text) && !text->empty());
        MUSTER_ASSERT(clean_text(*text, 100) == text);
    }
    return 0;
}
