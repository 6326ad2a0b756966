#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"

/// Named keys: what a world server may prove in place of showing a join token. One key is good for
/// many servers, is known by a name, and never travels (docs/adr/0007-named-keys.md). Blocking
/// where a path is given, for small files.
namespace muster::link {

/// 32 bytes of the system's generator that a coordinator and its world servers share.
struct ClusterKey {
    static constexpr std::size_t size = 32;
    std::string bytes;  ///< `size` of them
    bool operator==(const ClusterKey&) const = default;
};

/// 1 to 64 of letters, digits, `.`, `-` and `_`, not beginning with a dot: the name of a file, too.
[[nodiscard]] bool is_key_name(std::string_view name);
[[nodiscard]] ClusterKey new_cluster_key();
/// `mck1-` and 43 characters of base64url (RFC 4648 §5), to be pasted.
[[nodiscard]] std::string to_text(const ClusterKey& key);
/// The text, with spaces and line ends around it, or the 32 bytes as they are. The error's field is
/// "key", and it never holds any of it.
[[nodiscard]] Result<ClusterKey> parse_cluster_key(std::string_view content);

/// Of FOLDER/NAME; `not_found` when there is none. A link to elsewhere is no key.
[[nodiscard]] Result<ClusterKey> read_cluster_key(const std::filesystem::path& folder,
                                                  const std::string& name);
struct FoundKey {
    ClusterKey key;
    bool is_new = false;
};
/// The same, or a new one that is put there: 32 bytes, 0600, in a folder of 0700.
[[nodiscard]] Result<FoundKey> read_or_make_cluster_key(const std::filesystem::path& folder,
                                                        const std::string& name);

/// What both sides prove that they hold the key for. It ties the proof to the TLS channel (by the
/// authority that vouches for its other end), to the key pair that a certificate is asked for, and
/// to this one enrolment.
struct KeyTranscript {
    static constexpr std::size_t nonce_size = 32;
    static constexpr std::size_t challenge_max = 256;
    std::string key_name;
    std::string nonce;             ///< the world server's
    std::string challenge;         ///< the coordinator's
    std::string authority_digest;  ///< SHA-256 (hex) of its certificate
    std::string key_digest;        ///< pki::key_digest() of the signing request
};
/// HMAC-SHA-256 (RFC 2104), 32 bytes. Neither is ever good for the other: each side's has a label
/// of its own.
[[nodiscard]] std::string world_server_mac(const ClusterKey& key, const KeyTranscript& transcript);
/// Also of what the coordinator gave: the id and the certificate.
[[nodiscard]] std::string coordinator_mac(const ClusterKey& key, const KeyTranscript& transcript,
                                          std::string_view id, std::string_view certificate_pem);

/// HMAC-SHA-256 over the parts, each with its length before it, so that no two lists of parts are
/// the same text.
[[nodiscard]] std::string mac_of(std::string_view key, std::span<const std::string_view> parts);

}  // namespace muster::link
