// Anybody may send to the port: what is answered is a question, and the answer is no longer and no
// question itself.
#include <cstdint>

#include "beacon.hpp"
#include "muster/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::host;
    const auto datagram = std::as_bytes(std::span(data, size));
    const auto nonce = read_beacon_question(datagram);
    if (!nonce) return 0;
    const auto answer = write_beacon_answer(*nonce, 1, 2);
    MUSTER_ASSERT(answer.size() <= datagram.size() && datagram[0] == beacon_first);
    MUSTER_ASSERT(!read_beacon_question(answer));
    return 0;
}
