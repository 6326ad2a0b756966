#include "tickets.hpp"

#include <charconv>

#include "muster/base/encoding.hpp"
#include "muster/base/random.hpp"

namespace muster::host {
namespace {

constexpr std::size_t secret_bytes = 16;

// All of `text` as hexadecimal.
std::optional<std::uint16_t> read_number(std::string_view text) {
    std::uint16_t out = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, out, 16);
    if (error != std::errc() || at != end || text.empty()) return std::nullopt;
    return out;
}

std::string to_number(std::uint16_t value) {
    const std::byte bytes[] = {static_cast<std::byte>(value >> 8U), static_cast<std::byte>(value)};
    return to_hex(bytes);
}

}  // namespace

std::string make_ticket(std::uint16_t world, sim::PlayerId player) {
    return to_number(world) + "-" + to_number(player) + "-" +
           to_base64url(random_bytes(secret_bytes));
}

std::optional<Ticket> read_ticket(std::string_view text) {
    // Two numbers of four digits, and 22 characters of base64url, which may hold dashes.
    if (text.size() != 4 + 1 + 4 + 1 + 22 || text[4] != '-' || text[9] != '-') return std::nullopt;
    const auto world = read_number(text.substr(0, 4));
    const auto player = read_number(text.substr(5, 4));
    const auto secret = from_base64url(text.substr(10));
    if (!world || !player || !secret || secret->size() != secret_bytes) return std::nullopt;
    return Ticket{*world, *player, sha256(text)};
}

}  // namespace muster::host
