#pragma once

#include <span>
#include <string>
#include <string_view>

#include "json.hpp"
#include "muster/base/time.hpp"
#include "muster/pki/signing.hpp"

/// The tickets that a coordinator gives with a join: JSON Web Tokens (RFC 7519) in compact form
/// (RFC 7515), signed with Ed25519 (EdDSA, RFC 8037). Pure. ADR 8 says why they are as they are.
namespace muster::coordinator {

struct TicketClaims {
    std::string issuer;      ///< iss
    Timestamp issued_at{};   ///< iat; whole seconds
    Timestamp expires_at{};  ///< exp; whole seconds
    std::string world;       ///< its name
    std::string server;      ///< the world server's id, or "local"
    std::uint32_t player = 0;
    std::string secret;       ///< the world server's own ticket
    std::string fingerprint;  ///< fp: SHA-256 of the world server's DTLS certificate, as in its SDP

    bool operator==(const TicketClaims&) const = default;
};

struct TicketKey {
    std::string id;  ///< kid: the key's thumbprint (RFC 7638)
    pki::SigningKey key;
    Timestamp made_at{};
    std::optional<Timestamp>
        retired_at;  ///< signs nothing any more; its tickets are good to their end
};

inline constexpr std::size_t ticket_bytes_max = 2'048;

[[nodiscard]] std::string key_id(std::string_view public_key);
/// A JSON Web Key Set (RFC 7517) of the public halves.
[[nodiscard]] Json public_key_set(std::span<const TicketKey> keys);

[[nodiscard]] Result<std::string> write_ticket(const TicketClaims& claims, const TicketKey& key);
/// The claims of a ticket that one of the keys signed and that has not ended. Behind a "~" it may
/// carry the token of a later Welcome, which then is `secret`: who crossed a border has a new one
/// of another world server, and the signed part still says who came in and where.
/// `unauthenticated`, in words, when it is none.
[[nodiscard]] Result<TicketClaims> read_ticket(std::string_view text,
                                               std::span<const TicketKey> keys,
                                               std::string_view issuer, Timestamp now);
/// Of a ticket's payload, once its signature is known to be good.
[[nodiscard]] Result<TicketClaims> read_claims(std::string_view payload);

/// "AB:CD:..." of the one SHA-256 fingerprint (RFC 8122) in the description; nothing when there is
/// none, or another one beside it.
[[nodiscard]] std::optional<std::string> fingerprint_in(std::string_view sdp);

}  // namespace muster::coordinator
