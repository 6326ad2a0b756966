// The low-level SHA-1 is deprecated in favour of contexts on the heap; a peer's key schedule is
// kept by value here, and a check every 2.5 s of 4,000 peers shall not allocate.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>

#include <cstring>

#include "stun.hpp"

namespace muster::rtc::stun {
namespace {

constexpr std::size_t block_bytes = 64;

SHA_CTX begin_with(const std::array<std::byte, block_bytes>& key, std::byte pad) {
    std::array<std::byte, block_bytes> block = key;
    for (std::byte& byte : block) byte ^= pad;
    SHA_CTX state;
    SHA1_Init(&state);
    SHA1_Update(&state, block.data(), block.size());
    return state;
}

}  // namespace

IntegrityKey::IntegrityKey(std::string_view password) {
    static_assert(sizeof(SHA_CTX) <= sizeof(State));
    std::array<std::byte, block_bytes> key{};
    if (password.size() > key.size()) {
        SHA1(reinterpret_cast<const unsigned char*>(password.data()), password.size(),
             reinterpret_cast<unsigned char*>(key.data()));
    } else {
        std::memcpy(key.data(), password.data(), password.size());
    }
    const SHA_CTX inner = begin_with(key, std::byte{0x36});
    const SHA_CTX outer = begin_with(key, std::byte{0x5C});
    std::memcpy(inner_.bytes.data(), &inner, sizeof inner);
    std::memcpy(outer_.bytes.data(), &outer, sizeof outer);
}

IntegrityKey::Digest IntegrityKey::sign(std::span<const std::byte> first,
                                        std::span<const std::byte> second) const {
    SHA_CTX state;
    Digest digest;
    auto* const out = reinterpret_cast<unsigned char*>(digest.data());
    std::memcpy(&state, inner_.bytes.data(), sizeof state);
    SHA1_Update(&state, first.data(), first.size());
    SHA1_Update(&state, second.data(), second.size());
    SHA1_Final(out, &state);
    std::memcpy(&state, outer_.bytes.data(), sizeof state);
    SHA1_Update(&state, digest.data(), digest.size());
    SHA1_Final(out, &state);
    return digest;
}

}  // namespace muster::rtc::stun
