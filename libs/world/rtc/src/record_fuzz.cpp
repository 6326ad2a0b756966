#include <algorithm>
#include <cstdint>
#include <vector>

#include "muster/base/assert.hpp"
#include "records.hpp"

/// A datagram is cut into records within its bounds; nothing that was not sealed is opened, and
/// what was sealed is opened once, whatever came before.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::rtc;
    static const auto identity = Identity::make().value();
    static const RecordKey key{.key = {std::byte{1}}, .salt = {std::byte{2}}};
    Sealer sealer(identity->impl(), key, 1, 1);
    Opener opener(identity->impl(), key);

    std::vector<std::byte> datagram(reinterpret_cast<const std::byte*>(data),
                                    reinterpret_cast<const std::byte*>(data) + size);
    const std::span<std::byte> all(datagram);
    for (std::size_t at = 0; at < all.size();) {
        const auto record = front_record(all.subspan(at));
        if (!record) break;
        MUSTER_ASSERT(record->bytes.size() >= record_header_bytes);
        MUSTER_ASSERT(!opener.open(*record));
        at += record->bytes.size();
    }
    const std::size_t payload_bytes = std::min(size, record_payload_max);
    std::vector<std::byte> buffer(record_headroom + payload_bytes + record_tailroom);
    std::copy_n(reinterpret_cast<const std::byte*>(data), payload_bytes,
                buffer.begin() + record_headroom);
    const auto sealed =
        sealer.seal(Content::data, std::span(buffer).subspan(record_headroom, payload_bytes));
    auto again = std::vector<std::byte>(sealed.begin(), sealed.end());
    const auto record = front_record(sealed);
    MUSTER_ASSERT(record && record->epoch == 1 && record->sequence == 1);
    const auto opened = opener.open(*record);
    MUSTER_ASSERT(opened && std::equal(opened->begin(), opened->end(),
                                       reinterpret_cast<const std::byte*>(data),
                                       reinterpret_cast<const std::byte*>(data) + payload_bytes));
    MUSTER_ASSERT(!opener.open(*front_record(again)));
    return 0;
}
