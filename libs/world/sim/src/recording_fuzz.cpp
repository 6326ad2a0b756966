#include <cstdint>

#include "invariants.hpp"
#include "muster/base/assert.hpp"
#include "muster/sim/recording.hpp"

/// Bytes are refused with a reason or played, without harm either way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::sim;
    const auto replayed = replay({reinterpret_cast<const std::byte*>(data), size});
    if (!replayed) {
        MUSTER_ASSERT(!replayed.error().message.empty());
        return 0;
    }
    if (replayed->ticks > 0) check_invariants(replayed->world);
    return 0;
}
