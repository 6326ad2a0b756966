#include "cookie.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "chunks.hpp"
#include "muster/base/assert.hpp"

namespace muster::sctp {
namespace {

constexpr std::size_t code_bytes = 32;
constexpr std::size_t signed_bytes = cookie_bytes - code_bytes;

using Code = std::array<std::byte, code_bytes>;

Code sign(std::span<const std::byte> bytes, std::span<const std::byte, 32> key) {
    Code code{};
    unsigned int length = 0;
    const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                            reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                            reinterpret_cast<unsigned char*>(code.data()), &length);
    MUSTER_ASSERT(done != nullptr && length == code_bytes);
    return code;
}

}  // namespace

std::array<std::byte, cookie_bytes> seal(const Cookie& cookie, std::span<const std::byte, 32> key) {
    std::array<std::byte, cookie_bytes> bytes{};
    const auto made = static_cast<std::uint64_t>(cookie.made.count());
    const Peer& peer = cookie.peer;
    store32(&bytes[0], static_cast<std::uint32_t>(made >> 32));
    store32(&bytes[4], static_cast<std::uint32_t>(made));
    store32(&bytes[8], cookie.own_tag);
    store32(&bytes[12], peer.tag);
    store32(&bytes[16], peer.initial_tsn);
    store32(&bytes[20], peer.window);
    store16(&bytes[24], peer.out_streams);
    store16(&bytes[26], peer.in_streams);
    bytes[28] = static_cast<std::byte>(int{peer.forward_tsn} | int{peer.reconfig} << 1 |
                                       int{peer.zero_checksum} << 2);
    std::ranges::copy(sign(std::span(bytes).first(signed_bytes), key),
                      bytes.begin() + signed_bytes);
    return bytes;
}

std::optional<Cookie> unseal(std::span<const std::byte> bytes, std::span<const std::byte, 32> key) {
    if (bytes.size() != cookie_bytes) return std::nullopt;
    const Code code = sign(bytes.first(signed_bytes), key);
    if (CRYPTO_memcmp(code.data(), &bytes[signed_bytes], code_bytes) != 0) return std::nullopt;
    const auto made = std::uint64_t{load32(&bytes[0])} << 32 | load32(&bytes[4]);
    const auto flags = std::to_integer<unsigned>(bytes[28]);
    return Cookie{.made = Instant(static_cast<Instant::rep>(made)),
                  .own_tag = load32(&bytes[8]),
                  .peer = {.tag = load32(&bytes[12]),
                           .initial_tsn = load32(&bytes[16]),
                           .window = load32(&bytes[20]),
                           .out_streams = load16(&bytes[24]),
                           .in_streams = load16(&bytes[26]),
                           .forward_tsn = (flags & 1) != 0,
                           .reconfig = (flags & 2) != 0,
                           .zero_checksum = (flags & 4) != 0}};
}

}  // namespace muster::sctp
