#include "muster/link/cluster_key.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/file.hpp"
#include "muster/base/random.hpp"
#include "muster/base/text.hpp"

namespace muster::link {
namespace {

constexpr std::string_view prefix = "mck1-";
constexpr std::size_t name_max = 64;
constexpr std::size_t file_max = 256;
constexpr std::string_view world_server_label = "muster named key 1: world server";
constexpr std::string_view coordinator_label = "muster named key 1: coordinator";

std::unexpected<Error> wrong(std::string why) {
    return fail(Errc::invalid_argument, "the key " + std::move(why), "key");
}

}  // namespace

bool is_key_name(std::string_view name) {
    return !name.empty() && name.size() <= name_max && name.front() != '.' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == '_';
           });
}

ClusterKey new_cluster_key() {
    return {random_bytes(ClusterKey::size)};
}

std::string to_text(const ClusterKey& key) {
    return std::string(prefix) + to_base64url(key.bytes);
}

Result<ClusterKey> parse_cluster_key(std::string_view content) {
    // A text is longer, so that neither is ever taken for the other.
    if (content.size() == ClusterKey::size) return ClusterKey{std::string(content)};
    const std::string_view text = trim(content);
    if (text.empty()) return wrong("is empty");
    if (!text.starts_with(prefix)) return wrong("is neither 32 bytes nor a text with mck1- before");
    auto bytes = from_base64url(text.substr(prefix.size()));
    if (!bytes || bytes->size() != ClusterKey::size) {
        return wrong("is not mck1- and 43 letters, digits, - and _; was it cut off?");
    }
    return ClusterKey{std::move(*bytes)};
}

Result<ClusterKey> read_cluster_key(const std::filesystem::path& folder, const std::string& name) {
    if (!is_key_name(name)) {
        return fail(Errc::invalid_argument, "this is no name of a key", "key_name");
    }
    const auto path = folder / name;
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path, error);
    if (!std::filesystem::exists(status)) {
        return fail(Errc::not_found, "there is no key " + path.string(), "key_name");
    }
    if (!std::filesystem::is_regular_file(status)) return wrong(path.string() + " is no file");
    const auto content = read_file(path, file_max);
    if (!content) return std::unexpected(content.error());
    auto key = parse_cluster_key(*content);
    if (!key) {
        return fail(key.error().code, path.string() + ": " + key.error().message,
                    key.error().field);
    }
    return key;
}

Result<FoundKey> read_or_make_cluster_key(const std::filesystem::path& folder,
                                          const std::string& name) {
    auto known = read_cluster_key(folder, name);
    if (known) return FoundKey{*std::move(known), false};
    if (known.error().code != Errc::not_found) return std::unexpected(known.error());
    if (auto made = make_folder(folder, 0700); !made) return std::unexpected(made.error());
    FoundKey out{new_cluster_key(), true};
    if (auto kept = write_file(folder / name, out.key.bytes, 0600); !kept) {
        return std::unexpected(kept.error());
    }
    return out;
}

std::string mac_of(std::string_view key, std::span<const std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            text += static_cast<char>((part.size() >> static_cast<unsigned>(shift)) & 0xffU);
        }
        text += part;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    const auto* done =
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
    MUSTER_ASSERT(done != nullptr && size == 32);
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string world_server_mac(const ClusterKey& key, const KeyTranscript& transcript) {
    const std::array<std::string_view, 6> parts{
        world_server_label,   transcript.key_name,         transcript.nonce,
        transcript.challenge, transcript.authority_digest, transcript.key_digest};
    return mac_of(key.bytes, parts);
}

std::string coordinator_mac(const ClusterKey& key, const KeyTranscript& transcript,
                            std::string_view id, std::string_view certificate_pem) {
    const std::array<std::string_view, 8> parts{coordinator_label,
                                                transcript.key_name,
                                                transcript.nonce,
                                                transcript.challenge,
                                                transcript.authority_digest,
                                                transcript.key_digest,
                                                id,
                                                certificate_pem};
    return mac_of(key.bytes, parts);
}

}  // namespace muster::link
