#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "muster/rtc/sdp.hpp"

/// A description is refused with a reason, or its answer can be read by the other side and says
/// what the offer said.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::rtc;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto answer = parse_answer(text);
    if (!answer) MUSTER_ASSERT(!answer.error().message.empty());
    const auto offer = parse_offer(text);
    if (!offer) {
        MUSTER_ASSERT(!offer.error().message.empty() && offer.error().field == "sdp");
        return 0;
    }
    const Answer own{.ufrag = "abcd1234",
                     .password = "abcdefghijklmnopqrstuvwxyz",
                     .fingerprint = {},
                     .candidates = {{"192.0.2.7", 7'000}},
                     .max_message_size = 65'536,
                     .session = 1};
    const auto read = parse_answer(write_answer(*offer, own));
    MUSTER_ASSERT(read.has_value());
    MUSTER_ASSERT(read->remote.ufrag == own.ufrag && read->remote.mid == offer->mid);
    MUSTER_ASSERT(read->remote.sctp_port == offer->sctp_port);
    MUSTER_ASSERT(read->candidates == own.candidates);
    return 0;
}
