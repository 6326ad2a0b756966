#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "identity_impl.hpp"

/// DTLS 1.2 records (RFC 6347, 4.1) of epoch 1 under AES-128-GCM (RFC 5288): what remains of
/// OpenSSL's session once its handshake is done.
namespace muster::rtc {

enum class Content : std::uint8_t {
    change_cipher_spec = 20,
    alert = 21,
    handshake = 22,
    data = 23,
};

constexpr std::size_t record_header_bytes = 13;
constexpr std::size_t record_nonce_bytes = 8;
constexpr std::size_t record_headroom = record_header_bytes + record_nonce_bytes;
constexpr std::size_t record_tailroom = 16;
constexpr std::size_t record_payload_max = 16'384;

/// A record in a datagram, not yet authenticated.
struct Record {
    Content content = Content::data;
    std::uint16_t epoch = 0;
    std::uint64_t sequence = 0;
    std::span<std::byte> bytes;  ///< with its header
};
/// The record at the front; nothing when it is not DTLS 1.2's or cut off.
[[nodiscard]] std::optional<Record> front_record(std::span<std::byte> datagram);

/// Which of the last 64 sequence numbers were seen (RFC 6347, 4.1.2.6).
class ReplayWindow {
  public:
    [[nodiscard]] bool is_new(std::uint64_t sequence) const;
    /// Only of what is authentic.
    void mark(std::uint64_t sequence);

  private:
    std::uint64_t next_ = 0;  ///< one beyond the highest seen
    std::uint64_t seen_ = 0;  ///< bit i: next_ - 1 - i
};

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;

/// One direction's key material (RFC 5246, 6.3).
struct RecordKey {
    std::array<std::byte, 16> key{};
    std::array<std::byte, 4> salt{};
};
struct RecordKeys {
    RecordKey client, server;
};
/// From a session whose handshake is done (or at least has its master secret).
[[nodiscard]] std::optional<RecordKeys> derive_keys(const Identity::Impl& identity, SSL& session);

class Sealer {
  public:
    /// `sequence` and `nonce`: the first unused ones under this key.
    Sealer(const Identity::Impl& identity, const RecordKey& key, std::uint64_t sequence,
           std::uint64_t nonce);
    [[nodiscard]] bool is_usable() const { return context_ != nullptr; }
    /// Encrypts in place, with header and nonce in the `record_headroom` bytes before and the tag
    /// in the `record_tailroom` bytes after it: the record. Empty when OpenSSL fails.
    [[nodiscard]] std::span<std::byte> seal(Content content, std::span<std::byte> payload);

  private:
    CipherContext context_;
    std::uint64_t sequence_;
};

class Opener {
  public:
    Opener(const Identity::Impl& identity, const RecordKey& key);
    [[nodiscard]] bool is_usable() const { return context_ != nullptr; }
    /// Decrypts in place; nothing when it was seen before or is not authentic. A replayed handshake
    /// record is let through: it asks for our last flight again.
    [[nodiscard]] std::optional<std::span<std::byte>> open(const Record& record);

  private:
    CipherContext context_;
    ReplayWindow window_;
};

}  // namespace muster::rtc
