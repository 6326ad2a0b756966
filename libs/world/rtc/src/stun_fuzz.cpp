#include <cstdint>
#include <vector>

#include "muster/base/assert.hpp"
#include "muster/rtc/probe.hpp"
#include "stun.hpp"

/// Any bytes are refused or decoded within their bounds; an answer to what was decoded can be
/// decoded and is authentic; nothing is authentic by chance.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::rtc;
    const std::vector<std::byte> datagram(reinterpret_cast<const std::byte*>(data),
                                          reinterpret_cast<const std::byte*>(data) + size);
    (void)Endpoint::ufrag_of(datagram);
    const auto message = stun::decode(datagram);
    if (const auto probe = answer_to_probe(datagram, Address{})) {
        const auto answer = stun::decode(probe->view());
        MUSTER_ASSERT(message && answer && answer->transaction == message->transaction);
        MUSTER_ASSERT(answer->has_fingerprint == message->has_fingerprint);
    }
    if (!message) return 0;
    static const stun::IntegrityKey key("abcdefghijklmnopqrstuvwxyz");
    const bool authentic = stun::is_authentic(*message, datagram, key);
    MUSTER_ASSERT(!authentic || message->integrity_at >= 20);
    stun::Buffer buffer;
    Address address;
    address.port = 4'711;
    const auto success = stun::write_success(buffer, message->transaction, address, key);
    const auto read = stun::decode(success);
    MUSTER_ASSERT(read && read->kind == stun::Kind::success && read->mapped == address);
    MUSTER_ASSERT(stun::is_authentic(*read, success, key));
    const auto refusal = stun::write_error(buffer, *message, 420, &key);
    const auto read_refusal = stun::decode(refusal);
    MUSTER_ASSERT(read_refusal && read_refusal->error_code == 420);
    return 0;
}
