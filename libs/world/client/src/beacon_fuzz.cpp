// Anybody may answer a question's port.
#include <cstdint>

#include "muster/client/beacon.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)muster::client::read_beacon_answer(std::as_bytes(std::span(data, size)));
    return 0;
}
