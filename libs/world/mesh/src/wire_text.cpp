#include "wire_text.hpp"

#include <algorithm>
#include <cstdint>

#include "muster/mesh/wire.hpp"

namespace muster::mesh {
namespace {

/// The bytes of the first character, 0 when it is malformed or controls something.
std::size_t first_of(std::string_view text) {
    const auto lead = static_cast<std::uint8_t>(text[0]);
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return 0;
    std::uint32_t code = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<std::uint8_t>(text[i]);
        if ((next & 0xc0U) != 0x80) return 0;
        code = code << 6U | (next & 0x3fU);
    }
    const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    return overlong || surrogate || code > 0x10ffff || code < 0xa0 ? 0 : bytes;
}

}  // namespace

std::size_t good_prefix(std::string_view text, std::size_t characters_max, std::size_t bytes_max) {
    std::size_t at = 0;
    for (std::size_t characters = 0; at < text.size() && characters < characters_max;
         ++characters) {
        const std::size_t bytes = first_of(text.substr(at));
        if (bytes == 0 || at + bytes > bytes_max) break;
        at += bytes;
    }
    return at;
}

bool is_server(std::string_view text) {
    const auto is_good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= server_bytes_max && std::ranges::all_of(text, is_good);
}

bool is_party(std::string_view text) {
    return text.size() <= party_bytes_max && !text.contains('_') && is_server(text);
}

}  // namespace muster::mesh
