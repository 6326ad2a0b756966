#include "muster/client/beacon.hpp"

#include <algorithm>

namespace muster::client {
namespace {

constexpr std::array<std::byte, 7> name{std::byte{11},  std::byte{'m'}, std::byte{'u'},
                                        std::byte{'s'}, std::byte{'t'}, std::byte{'e'},
                                        std::byte{'r'}};
constexpr std::byte is_question{1};
constexpr std::byte is_answer{2};
constexpr std::size_t kind_at = 7;
constexpr std::size_t nonce_at = 8;
constexpr std::size_t players_at = 16;
constexpr std::size_t capacity_at = 20;
constexpr std::size_t answer_bytes = 24;

std::uint32_t number(std::span<const std::byte> datagram, std::size_t at) {
    std::uint32_t out = 0;
    for (const auto byte : datagram.subspan(at, 4))
        out = out << 8U | std::to_integer<std::uint32_t>(byte);
    return out;
}

}  // namespace

BeaconQuestion write_beacon_question(const BeaconNonce& nonce) {
    BeaconQuestion out{};
    std::ranges::copy(name, out.begin());
    out[kind_at] = is_question;
    std::ranges::copy(nonce, out.begin() + nonce_at);
    return out;
}

std::optional<BeaconAnswer> read_beacon_answer(std::span<const std::byte> datagram) {
    if (datagram.size() < answer_bytes || datagram[kind_at] != is_answer) return std::nullopt;
    if (!std::ranges::equal(name, datagram.first(name.size()))) return std::nullopt;
    BeaconAnswer answer;
    std::ranges::copy(datagram.subspan(nonce_at, answer.nonce.size()), answer.nonce.begin());
    answer.players = number(datagram, players_at);
    answer.capacity = number(datagram, capacity_at);
    return answer;
}

}  // namespace muster::client
