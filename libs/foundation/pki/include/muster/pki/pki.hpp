#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

/// Keys and certificates (X.509, RFC 5280), by OpenSSL. Pure: the caller says what time it is and
/// keeps the files.
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

[[nodiscard]] Result<std::string> new_private_key();  ///< PEM, PKCS#8
[[nodiscard]] Result<Identity> new_authority(std::string_view name, Timestamp now,
                                             std::chrono::days valid);
/// Signs a key of our own.
[[nodiscard]] Result<std::string> issue(const Identity& authority, std::string_view private_key_pem,
                                        const Subject& subject, Usage usage, Timestamp now,
                                        std::chrono::minutes valid);
/// A PKCS#10 request for the key, as DER; and a certificate for such a request. Only the key is
/// taken from it: the subject is the authority's to say.
[[nodiscard]] Result<std::string> signing_request(std::string_view private_key_pem);
[[nodiscard]] Result<std::string> issue_for_request(const Identity& authority,
                                                    std::string_view request_der,
                                                    const Subject& subject, Usage usage,
                                                    Timestamp now, std::chrono::minutes valid);

struct CertificateFacts {
    std::string common_name;
    std::string serial_hex;
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

}  // namespace muster::pki
