#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "muster/rtc/endpoint.hpp"

/// STUN (RFC 8489) as ICE (RFC 8445) needs it: binding requests and their answers.
namespace muster::rtc::stun {

using TransactionId = std::array<std::byte, 12>;

/// The key schedule of HMAC-SHA1 over one password, computed once a peer: a check then costs two
/// blocks less, and allocates nothing.
class IntegrityKey {
  public:
    explicit IntegrityKey(std::string_view password);
    using Digest = std::array<std::byte, 20>;
    /// Of the two parts, one after the other.
    [[nodiscard]] Digest sign(std::span<const std::byte> first,
                              std::span<const std::byte> second) const;

  private:
    // OpenSSL's SHA_CTX, that its header no longer likes to show.
    struct State {
        alignas(8) std::array<std::byte, 96> bytes;
    };
    State inner_;
    State outer_;
};

enum class Kind : std::uint8_t { request, indication, success, error };

/// A decoded binding message. Views point into the datagram.
struct Message {
    Kind kind = Kind::request;
    TransactionId transaction{};
    std::optional<std::string_view> username;
    std::optional<Address> mapped;  ///< XOR-MAPPED-ADDRESS
    bool use_candidate = false;
    bool is_controlling = false;
    bool is_controlled = false;
    bool has_fingerprint = false;  ///< and it is right: decode() refuses a wrong one
    std::uint16_t error_code = 0;
    std::size_t integrity_at = 0;            ///< offset of MESSAGE-INTEGRITY; 0: none
    std::array<std::uint16_t, 8> unknown{};  ///< required attributes that we do not know
    std::size_t unknown_count = 0;
};

/// Nothing when it is not a well-formed binding message of exactly this length.
[[nodiscard]] std::optional<Message> decode(std::span<const std::byte> datagram);
/// Whether MESSAGE-INTEGRITY is there and right, in constant time.
[[nodiscard]] bool is_authentic(const Message& message, std::span<const std::byte> datagram,
                                const IntegrityKey& key);

/// Room for any message that we write.
using Buffer = std::array<std::byte, 512>;

struct Request {
    TransactionId transaction{};
    std::string_view username;
    std::uint32_t priority = 0;
    std::uint64_t tie_breaker = 0;
    bool use_candidate = true;
};
/// By the controlling side.
[[nodiscard]] std::span<const std::byte> write_request(Buffer& buffer, const Request& request,
                                                       const IntegrityKey& key);
[[nodiscard]] std::span<const std::byte> write_success(Buffer& buffer,
                                                       const TransactionId& transaction,
                                                       const Address& mapped,
                                                       const IntegrityKey& key);
/// To who shows no credentials: no integrity, and FINGERPRINT as it is wished.
[[nodiscard]] std::span<const std::byte> write_plain_success(Buffer& buffer,
                                                             const TransactionId& transaction,
                                                             const Address& mapped,
                                                             bool with_fingerprint);
/// 400, 401, 420 or 487. Without a key it carries no integrity.
[[nodiscard]] std::span<const std::byte> write_error(Buffer& buffer, const Message& request,
                                                     std::uint16_t code, const IntegrityKey* key);

}  // namespace muster::rtc::stun
