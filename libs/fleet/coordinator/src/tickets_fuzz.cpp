// Anybody may show a ticket, and a description comes from a world server: whatever the bytes, they
// are read to their end, and no ticket is good but one that was signed.
#include <cstdint>
#include <string>

#include "muster/base/assert.hpp"
#include "tickets.hpp"

namespace coordinator = muster::coordinator;
namespace pki = muster::pki;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const pki::SigningKey signing = pki::signing_key(std::string(32, 'k')).value();
    static const coordinator::TicketKey key{
        coordinator::key_id(signing.public_key), signing, {}, {}};
    const muster::Timestamp now{std::chrono::seconds(1)};
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto keys = std::span(&key, 1);
    const auto read = coordinator::read_ticket(text, keys, "fuzz", now);
    if (!read) MUSTER_ASSERT(!read.error().message.empty());
    static_cast<void>(coordinator::fingerprint_in(text));
    if (auto claims = coordinator::read_claims(text)) {
        claims->issuer = "fuzz";
        claims->expires_at = now + std::chrono::seconds(1);
        const auto ticket = coordinator::write_ticket(*claims, key);
        MUSTER_ASSERT(ticket);
        const auto again = coordinator::read_ticket(*ticket, keys, "fuzz", now);
        if (ticket->size() <= coordinator::ticket_bytes_max) {
            MUSTER_ASSERT(again && again->secret == claims->secret &&
                          again->player == claims->player);
        }
    }
    return 0;
}
