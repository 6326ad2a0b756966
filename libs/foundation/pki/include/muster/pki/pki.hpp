#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

/// Keys and certificates (X.509, RFC 5280), by OpenSSL. Pure: the caller says what time it is and
/// keeps the files. Any thread may call anything here. Errors name the field that was wrong
/// ("certificate", "private_key", "authority", "signing_request_der", "common_name", ...) and never
/// carry a key.
namespace muster::pki {

/// A private key (P-256) and its certificate, as PEM.
struct Identity {
    std::string certificate_pem;
    std::string private_key_pem;
};

/// Whom a certificate speaks for. `common_name` is "node:<id>" for a node, a host name for the
/// coordinator.
struct Subject {
    std::string common_name;
    std::vector<std::string> dns_names;
    std::vector<std::string> addresses;  ///< numeric
};

enum class Usage { server, client };

/// A certificate begins this long before `now`, so that a peer whose clock is late accepts it. It
/// never ends after its authority does.
inline constexpr std::chrono::minutes backdated{10};
inline constexpr std::size_t common_name_max = 64;  ///< bytes; RFC 5280, ub-common-name
inline constexpr std::size_t request_bytes_max = 16U << 10U;

[[nodiscard]] Result<std::string> new_private_key();  ///< PEM, PKCS#8
[[nodiscard]] Result<Identity> new_authority(std::string_view name, Timestamp now,
                                             std::chrono::days valid);
/// Signs a key of our own.
[[nodiscard]] Result<std::string> issue(const Identity& authority, std::string_view private_key_pem,
                                        const Subject& subject, Usage usage, Timestamp now,
                                        std::chrono::minutes valid);
/// A PKCS#10 request (RFC 2986) for the key, as DER; and a certificate for such a request. Only the
/// key is taken from it: the subject is the authority's to say. The request must be signed by its
/// own key, which must be worth 112 bits or more.
[[nodiscard]] Result<std::string> signing_request(std::string_view private_key_pem);
[[nodiscard]] Result<std::string> issue_for_request(const Identity& authority,
                                                    std::string_view request_der,
                                                    const Subject& subject, Usage usage,
                                                    Timestamp now, std::chrono::minutes valid);

/// SHA-256 (hex) of the public key in such a request, which is checked as issue_for_request() does:
/// two requests with the same one come from who holds the same private key.
[[nodiscard]] Result<std::string> key_digest(std::string_view request_der);

struct CertificateFacts {
    std::string common_name;  ///< empty when it has none
    std::string serial_hex;   ///< lower case, whole bytes
    Timestamp not_before{};
    Timestamp not_after{};
    std::string digest_hex;  ///< SHA-256 of the DER
    std::vector<std::string> dns_names;
    std::vector<std::string> addresses;
};
/// Of the first certificate in the PEM text.
[[nodiscard]] Result<CertificateFacts> facts(std::string_view certificate_pem);
/// Whether the private key belongs to the certificate, in words when it does not.
[[nodiscard]] Result<void> matches(std::string_view certificate_pem,
                                   std::string_view private_key_pem);
/// Whether the authority signed the certificate for this use and it is valid at `now`, in words
/// when not.
[[nodiscard]] Result<void> verify(std::string_view certificate_pem, std::string_view authority_pem,
                                  Usage usage, Timestamp now);

}  // namespace muster::pki
