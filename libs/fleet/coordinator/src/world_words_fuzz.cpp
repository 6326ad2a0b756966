#include <cstddef>
#include <cstdint>

#include "muster/base/assert.hpp"
#include "world_words.hpp"

namespace coordinator = muster::coordinator;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    coordinator::world_wire::FromWorld message;
    if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
    auto listing = coordinator::read_hello(message.hello(), "world-1", "192.0.2.1");
    if (listing) {
        MUSTER_ASSERT(!listing->addresses.empty() && listing->udp_port != 0);
        static_cast<void>(coordinator::to_text(coordinator::to_json(*listing)));
    } else {
        MUSTER_ASSERT(!listing.error().field.empty());
        coordinator::WorldListing one;
        one.worlds.resize(1);
        one.worlds[0].facts.players_max = 1;
        if (coordinator::take_load(one, message.load())) {
            MUSTER_ASSERT(one.cpu >= 0 && one.cpu <= 1);
            static_cast<void>(coordinator::to_text(coordinator::to_json(one)));
        }
    }
    return 0;
}
