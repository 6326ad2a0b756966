#include "beacon.hpp"

#include <algorithm>

namespace muster::host {
namespace {

constexpr std::array<std::byte, 7> magic{beacon_first,   std::byte{'m'}, std::byte{'u'},
                                         std::byte{'s'}, std::byte{'t'}, std::byte{'e'},
                                         std::byte{'r'}};
constexpr std::byte question{1};
constexpr std::byte answer{2};
constexpr std::size_t kind_at = 7;
constexpr std::size_t nonce_at = 8;
constexpr std::size_t players_at = 16;
constexpr std::size_t capacity_at = 20;

void store(std::byte* at, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(value >> (24U - 8U * i));
}

}  // namespace

std::optional<BeaconNonce> read_beacon_question(std::span<const std::byte> datagram) {
    const bool is_question = datagram.size() >= beacon_question_bytes_min &&
                             std::ranges::equal(datagram.first(magic.size()), magic) &&
                             datagram[kind_at] == question;
    if (!is_question) return std::nullopt;
    BeaconNonce out;
    std::ranges::copy(datagram.subspan(nonce_at, out.size()), out.begin());
    return out;
}

BeaconAnswer write_beacon_answer(const BeaconNonce& nonce, std::uint32_t players,
                                 std::uint32_t capacity) {
    BeaconAnswer out{};
    std::ranges::copy(magic, out.begin());
    out[kind_at] = answer;
    std::ranges::copy(nonce, out.begin() + nonce_at);
    store(out.data() + players_at, players);
    store(out.data() + capacity_at, capacity);
    return out;
}

bool BeaconLimits::admit(const rtc::Address& from, Timestamp now) {
    constexpr std::array<std::byte, 12> ipv4_prefix{
        std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
        std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}};
    Network network = from.ip;
    // Whoever has one IPv6 address has 2^64 of them.
    const bool is_ipv4 = std::ranges::equal(std::span(network).first(12), ipv4_prefix);
    if (!is_ipv4) std::fill(network.begin() + 8, network.end(), std::byte{0});
    return by_address_.take(network, now) && all_.take(now);
}

}  // namespace muster::host
