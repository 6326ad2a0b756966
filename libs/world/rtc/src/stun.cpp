#include "stun.hpp"

#include <openssl/crypto.h>

#include <algorithm>

#include "demux.hpp"
#include "muster/base/assert.hpp"
#include "muster/rtc/probe.hpp"
#include "wire.hpp"

namespace muster::rtc::stun {
namespace {

constexpr std::size_t header_bytes = 20;
constexpr std::size_t integrity_bytes = 24;
constexpr std::size_t fingerprint_bytes = 8;
constexpr std::uint32_t cookie = 0x2112'A442;
constexpr std::uint32_t fingerprint_mask = 0x5354'554E;

enum Attribute : std::uint16_t {
    mapped_address = 0x0001,
    user_name = 0x0006,
    message_integrity = 0x0008,
    error_code = 0x0009,
    unknown_attributes = 0x000A,
    realm = 0x0014,
    nonce = 0x0015,
    xor_mapped_address = 0x0020,
    priority = 0x0024,
    use_candidate = 0x0025,
    fingerprint = 0x8028,
    ice_controlled = 0x8029,
    ice_controlling = 0x802A,
};

constexpr bool is_required(std::uint16_t attribute) {
    return attribute < 0x8000;
}

constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB8'8320U : 0U);
        }
        table[i] = value;
    }
    return table;
}();

std::uint32_t fingerprint_of(std::span<const std::byte> bytes) {
    std::uint32_t crc = 0xFFFF'FFFF;
    for (const std::byte byte : bytes) {
        crc = crc_table[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ (crc >> 8U);
    }
    return ~crc ^ fingerprint_mask;
}

std::optional<Address> read_xor_address(std::span<const std::byte> value,
                                        const std::byte* cookie_and_transaction) {
    if (value.size() < 8) return std::nullopt;
    const bool is_ipv4 = value[1] == std::byte{1} && value.size() == 8;
    const bool is_ipv6 = value[1] == std::byte{2} && value.size() == 20;
    if (!is_ipv4 && !is_ipv6) return std::nullopt;
    Address address;
    address.port = load<std::uint16_t>(value.data() + 2) ^ (cookie >> 16U);
    const std::size_t length = value.size() - 4;
    const std::size_t offset = is_ipv4 ? 12 : 0;
    for (std::size_t i = 0; i < length; ++i) {
        address.ip[offset + i] = value[4 + i] ^ cookie_and_transaction[i];
    }
    if (is_ipv4) address.ip[10] = address.ip[11] = std::byte{0xFF};
    return address;
}

/// Appends attributes to a message.
class Writer {
  public:
    Writer(Buffer& buffer, std::uint16_t type, const TransactionId& transaction) : buffer_(buffer) {
        store(buffer_.data(), type);
        store<std::uint32_t>(buffer_.data() + 4, cookie);
        std::ranges::copy(transaction, buffer_.begin() + 8);
    }

    /// The place of the value, of which padding is zero.
    std::byte* add(std::uint16_t attribute, std::size_t length) {
        const std::size_t padded = (length + 3) / 4 * 4;
        MUSTER_ASSERT(size_ + 4 + padded <= buffer_.size());
        std::byte* at = buffer_.data() + size_;
        store(at, attribute);
        store(at + 2, static_cast<std::uint16_t>(length));
        std::fill_n(at + 4, padded, std::byte{0});
        size_ += 4 + padded;
        return at + 4;
    }
    void add_text(std::uint16_t attribute, std::string_view text) {
        std::byte* at = add(attribute, text.size());
        std::memcpy(at, text.data(), text.size());
    }
    void add_address(const Address& address) {
        const bool is_ipv4 = address.ip[10] == std::byte{0xFF} &&
                             address.ip[11] == std::byte{0xFF} &&
                             std::all_of(address.ip.begin(), address.ip.begin() + 10,
                                         [](std::byte byte) { return byte == std::byte{0}; });
        const std::size_t length = is_ipv4 ? 4 : 16;
        std::byte* at = add(xor_mapped_address, 4 + length);
        at[1] = is_ipv4 ? std::byte{1} : std::byte{2};
        store(at + 2, static_cast<std::uint16_t>(address.port ^ (cookie >> 16U)));
        for (std::size_t i = 0; i < length; ++i) {
            at[4 + i] = address.ip[address.ip.size() - length + i] ^ buffer_[4 + i];
        }
    }
    /// MESSAGE-INTEGRITY (with a key) and FINGERPRINT; the message.
    std::span<const std::byte> finish(const IntegrityKey* key) {
        if (key != nullptr) {
            const std::size_t covered = size_;
            std::byte* at = add(message_integrity, 20);
            set_length(size_);
            std::ranges::copy(key->sign(std::span(buffer_).first(covered), {}), at);
        }
        const std::size_t covered = size_;
        std::byte* at = add(fingerprint, 4);
        set_length(size_);
        store(at, fingerprint_of(std::span(buffer_).first(covered)));
        return std::span<const std::byte>(buffer_).first(size_);
    }

    std::span<const std::byte> finish_bare() {
        set_length(size_);
        return std::span<const std::byte>(buffer_).first(size_);
    }

  private:
    void set_length(std::size_t size) {
        store(buffer_.data() + 2, static_cast<std::uint16_t>(size - header_bytes));
    }

    Buffer& buffer_;
    std::size_t size_ = header_bytes;
};

/// One attribute before MESSAGE-INTEGRITY; false when its form is wrong.
bool read_attribute(Message& message, std::uint16_t type, std::span<const std::byte> value,
                    const std::byte* cookie_and_transaction) {
    switch (type) {
        case user_name:
            if (value.size() > 513) return false;
            message.username =
                std::string_view(reinterpret_cast<const char*>(value.data()), value.size());
            return true;
        case xor_mapped_address:
            message.mapped = read_xor_address(value, cookie_and_transaction);
            return message.mapped.has_value();
        case error_code:
            if (value.size() < 4) return false;
            message.error_code =
                static_cast<std::uint16_t>((std::to_integer<unsigned>(value[2]) & 7U) * 100U +
                                           std::to_integer<unsigned>(value[3]) % 100U);
            return true;
        case use_candidate:
            message.use_candidate = true;
            return true;
        case ice_controlling:
            message.is_controlling = true;
            return value.size() == 8;
        case ice_controlled:
            message.is_controlled = true;
            return value.size() == 8;
        case priority:
            return value.size() == 4;
        case mapped_address:
        case unknown_attributes:
        case realm:
        case nonce:
            return true;
        default:
            if (is_required(type) && message.unknown_count < message.unknown.size()) {
                message.unknown[message.unknown_count++] = type;
            }
            return true;
    }
}

std::string_view reason_of(std::uint16_t code) {
    switch (code) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 420:
            return "Unknown Attribute";
        default:
            return "Role Conflict";
    }
}

}  // namespace

std::optional<Message> decode(std::span<const std::byte> datagram) {
    if (datagram.size() < header_bytes || datagram.size() % 4 != 0) return std::nullopt;
    const std::byte* const start = datagram.data();
    if (load<std::uint16_t>(start + 2) != datagram.size() - header_bytes ||
        load<std::uint32_t>(start + 4) != cookie) {
        return std::nullopt;
    }
    Message message;
    switch (load<std::uint16_t>(start)) {
        case 0x0001:
            message.kind = Kind::request;
            break;
        case 0x0011:
            message.kind = Kind::indication;
            break;
        case 0x0101:
            message.kind = Kind::success;
            break;
        case 0x0111:
            message.kind = Kind::error;
            break;
        default:
            return std::nullopt;
    }
    std::copy_n(start + 8, message.transaction.size(), message.transaction.begin());

    for (std::size_t at = header_bytes; at < datagram.size();) {
        if (datagram.size() - at < 4) return std::nullopt;
        const auto type = load<std::uint16_t>(start + at);
        const std::size_t length = load<std::uint16_t>(start + at + 2);
        const std::size_t next = at + 4 + (length + 3) / 4 * 4;
        if (next > datagram.size()) return std::nullopt;
        const auto value = datagram.subspan(at + 4, length);
        if (type == fingerprint) {
            // It is the last one and covers all before it.
            if (length != 4 || next != datagram.size() ||
                load<std::uint32_t>(value.data()) != fingerprint_of(datagram.first(at))) {
                return std::nullopt;
            }
            message.has_fingerprint = true;
        } else if (type == message_integrity && message.integrity_at == 0) {
            if (length != 20) return std::nullopt;
            message.integrity_at = at;
        } else if (message.integrity_at == 0 && !read_attribute(message, type, value, start + 4)) {
            return std::nullopt;
        }  // what stands behind the integrity is not covered by it, and ignored
        at = next;
    }
    return message;
}

bool is_authentic(const Message& message, std::span<const std::byte> datagram,
                  const IntegrityKey& key) {
    if (message.integrity_at == 0) return false;
    MUSTER_ASSERT(message.integrity_at + integrity_bytes <= datagram.size());
    // The signed header says a length that ends with MESSAGE-INTEGRITY (RFC 8489, 14.5).
    std::array<std::byte, header_bytes> header;
    std::copy_n(datagram.begin(), header.size(), header.begin());
    store(header.data() + 2,
          static_cast<std::uint16_t>(message.integrity_at + integrity_bytes - header_bytes));
    const auto digest =
        key.sign(header, datagram.subspan(header_bytes, message.integrity_at - header_bytes));
    return CRYPTO_memcmp(digest.data(), datagram.data() + message.integrity_at + 4,
                         digest.size()) == 0;
}

std::span<const std::byte> write_request(Buffer& buffer, const Request& request,
                                         const IntegrityKey& key) {
    Writer writer(buffer, 0x0001, request.transaction);
    writer.add_text(user_name, request.username);
    store(writer.add(priority, 4), request.priority);
    store(writer.add(ice_controlling, 8), request.tie_breaker);
    if (request.use_candidate) writer.add(use_candidate, 0);
    return writer.finish(&key);
}

std::span<const std::byte> write_success(Buffer& buffer, const TransactionId& transaction,
                                         const Address& mapped, const IntegrityKey& key) {
    Writer writer(buffer, 0x0101, transaction);
    writer.add_address(mapped);
    return writer.finish(&key);
}

std::span<const std::byte> write_plain_success(Buffer& buffer, const TransactionId& transaction,
                                               const Address& mapped, bool with_fingerprint) {
    Writer writer(buffer, 0x0101, transaction);
    writer.add_address(mapped);
    return with_fingerprint ? writer.finish(nullptr) : writer.finish_bare();
}

std::span<const std::byte> write_error(Buffer& buffer, const Message& request, std::uint16_t code,
                                       const IntegrityKey* key) {
    static_assert(header_bytes + integrity_bytes + fingerprint_bytes < sizeof(Buffer));
    Writer writer(buffer, 0x0111, request.transaction);
    const std::string_view reason = reason_of(code);
    std::byte* at = writer.add(error_code, 4 + reason.size());
    at[2] = static_cast<std::byte>(code / 100);
    at[3] = static_cast<std::byte>(code % 100);
    std::memcpy(at + 4, reason.data(), reason.size());
    if (code == 420) {
        std::byte* list = writer.add(unknown_attributes, request.unknown_count * 2);
        for (std::size_t i = 0; i < request.unknown_count; ++i) {
            store(list + i * 2, request.unknown[i]);
        }
    }
    return writer.finish(key);
}

}  // namespace muster::rtc::stun

namespace muster::rtc {

std::optional<ShortDatagram> answer_to_probe(std::span<const std::byte> datagram,
                                             const Address& from) {
    if (protocol_of(datagram) != Protocol::stun) return std::nullopt;
    const auto request = stun::decode(datagram);
    const bool is_probe = request && request->kind == stun::Kind::request && !request->username &&
                          request->integrity_at == 0 && request->unknown_count == 0;
    if (!is_probe) return std::nullopt;
    stun::Buffer buffer;
    const auto answer =
        stun::write_plain_success(buffer, request->transaction, from, request->has_fingerprint);
    ShortDatagram out;
    MUSTER_ASSERT(answer.size() <= out.bytes.size());
    std::ranges::copy(answer, out.bytes.begin());
    out.size = answer.size();
    return out;
}

std::optional<std::string_view> Endpoint::ufrag_of(std::span<const std::byte> datagram) {
    if (protocol_of(datagram) != Protocol::stun) return std::nullopt;
    const auto message = stun::decode(datagram);
    if (!message || message->kind != stun::Kind::request || !message->username) return std::nullopt;
    return message->username->substr(0, message->username->find(':'));
}

}  // namespace muster::rtc
