#include <cstdint>
#include <string_view>

#include "muster/base/assert.hpp"
#include "signal_words.hpp"

/// What comes over signalling is refused with a reason, or says what it needs to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::host;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto join = read_join(text);
    MUSTER_ASSERT(join ? !join->sdp.empty() : !join.error().message.empty());
    const auto ticket = read_leave(text);
    MUSTER_ASSERT(ticket ? !ticket->empty() : !ticket.error().message.empty());
    const auto message = read_socket_message(text);
    if (message) {
        const auto* request = std::get_if<JoinRequest>(&*message);
        MUSTER_ASSERT(request == nullptr || !request->sdp.empty());
    }
    for (const Json& one : ice_messages(text)) MUSTER_ASSERT(one.contains("ice"));
    return 0;
}
