#include "key_challenge.hpp"

#include <array>

#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"
#include "muster/link/cluster_key.hpp"

namespace muster::coordinator {
namespace {

constexpr std::size_t time_size = 8;
constexpr std::size_t stem_size = time_size + KeyChallenges::random_size;
constexpr std::size_t mac_size = 32;
constexpr std::string_view label = "muster named key 1: challenge";

std::string to_bytes(std::int64_t number) {
    std::string out;
    for (unsigned shift = 64; shift > 0;) {
        shift -= 8;
        out += static_cast<char>((static_cast<std::uint64_t>(number) >> shift) & 0xffU);
    }
    return out;
}
std::int64_t number_of(std::string_view bytes) {
    std::uint64_t out = 0;
    for (const char c : bytes) out = (out << 8U) | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(out);
}

}  // namespace

std::string KeyChallenges::mac(std::string_view stem, std::string_view key_name,
                               std::string_view nonce) const {
    const std::array<std::string_view, 4> parts{label, stem, key_name, nonce};
    return link::mac_of(secret_, parts);
}

std::string KeyChallenges::make(Timestamp now, std::string_view random, std::string_view key_name,
                                std::string_view nonce) const {
    MUSTER_ASSERT(random.size() == random_size);
    const auto stem = to_bytes(now.time_since_epoch().count()) + std::string(random);
    return stem + mac(stem, key_name, nonce);
}

bool KeyChallenges::knows(const muster::node::v1::KeyProof& proof, Timestamp now) const {
    const std::string_view text = proof.challenge();
    if (text.size() != stem_size + mac_size) return false;
    const auto stem = text.substr(0, stem_size);
    if (!equal_secret(mac(stem, proof.key_name(), proof.nonce()), text.substr(stem_size))) {
        return false;
    }
    // The clock may have been set back meanwhile.
    const Timestamp at{Timestamp::duration(number_of(stem.substr(0, time_size)))};
    return at <= now + valid && now <= at + valid;
}

}  // namespace muster::coordinator
