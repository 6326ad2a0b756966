// Anybody may send to the port that asked.
#include <cstdint>

#include "muster/base/assert.hpp"
#include "world_ping.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view datagram(reinterpret_cast<const char*>(data), size);
    const auto heard = muster::cli::read_beacon_answer(datagram);
    if (heard) MUSTER_ASSERT(size >= 24 && heard->nonce[0] == datagram[8]);
    return 0;
}
