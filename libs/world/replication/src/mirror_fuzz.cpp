#include <cstdint>

#include "muster/base/assert.hpp"
#include "muster/replication/mirror.hpp"

/// Whatever comes from a world, in any order, a mirror holds each id once, nobody older than a
/// second, and finds whom it lists. The input: messages, each behind its length (two bytes).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::replication;
    Mirror mirror;
    std::size_t at = 0;
    while (size - at >= 2) {
        const std::size_t wanted = static_cast<std::size_t>(data[at] | data[at + 1] << 8U);
        at += 2;
        const auto length = wanted < size - at ? wanted : size - at;
        const auto before = mirror.newest();
        static_cast<void>(mirror.receive({reinterpret_cast<const std::byte*>(data) + at, length}));
        at += length;
        MUSTER_ASSERT(mirror.newest() >= before);
    }
    for (const auto& seen : mirror.seen()) {
        MUSTER_ASSERT(mirror.find(seen.record.id) == &seen);
        MUSTER_ASSERT(mirror.newest() - seen.at < 60);
    }
    static_cast<void>(mirror.name_of(mirror.player()));
    return 0;
}
