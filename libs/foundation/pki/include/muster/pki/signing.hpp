#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

/// Signatures by Ed25519 (RFC 8032), by OpenSSL. Pure, from any thread. Keys and signatures are raw
/// bytes; no error carries a key.
namespace muster::pki {

inline constexpr std::size_t signing_key_bytes = 32;  ///< of either half
inline constexpr std::size_t signature_bytes = 64;

struct SigningKey {
    std::string seed;  ///< secret
    std::string public_key;
};

[[nodiscard]] Result<SigningKey> new_signing_key();
/// `invalid_argument`, field "seed", unless it is 32 bytes.
[[nodiscard]] Result<SigningKey> signing_key(std::string_view seed);
[[nodiscard]] Result<std::string> sign(const SigningKey& key, std::string_view message);
/// False also for what is no key or no signature at all.
[[nodiscard]] bool is_signed(std::string_view public_key, std::string_view message,
                             std::string_view signature);

}  // namespace muster::pki
