#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

/// A coordinator's tickets, on the player's side: JSON Web Tokens (RFC 7519) signed with Ed25519
/// (EdDSA, RFC 8037), which say which server takes the player by its DTLS certificate. ADR 8. Pure.
namespace muster::client {

/// Public keys by their id (kid): 32 bytes each.
using TicketKeys = std::map<std::string, std::string, std::less<>>;

/// Of a JSON Web Key Set (RFC 7517), as at /.well-known/muster-keys.json. Keys of another kind are
/// left out, and so are those after the sixteenth.
[[nodiscard]] TicketKeys read_ticket_keys(std::string_view set);

/// The id of the key that a ticket says it is signed with; nothing when it is no signed ticket, as
/// a world server's own.
[[nodiscard]] std::optional<std::string> key_of_ticket(std::string_view ticket);

/// Whether one of `keys` signed the ticket for this world, it has not ended at `now` (seconds since
/// 1970), and the answer `sdp` is of the server that it names. `unauthenticated` says what is
/// wrong.
[[nodiscard]] Result<void> check_ticket(std::string_view ticket, const std::string& sdp,
                                        std::string_view world, const TicketKeys& keys,
                                        std::int64_t now);

/// A ticket with the token of a later Welcome, which takes the place of what an earlier one
/// brought: behind a signed ticket, else instead of it.
[[nodiscard]] std::string renewed_ticket(std::string_view ticket, std::string_view token);

}  // namespace muster::client
