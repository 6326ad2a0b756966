#include "name.hpp"

#include <cstdint>

#include "muster/base/text.hpp"

namespace muster::sim {
namespace {

struct Character {
    std::uint32_t code = 0;
    std::size_t bytes = 0;  ///< 0: malformed
};

/// RFC 3629: shortest form only, no surrogates.
Character first_of(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
    std::uint32_t code = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        code = (code << 6) | (byte(i) & 0x3f);
    }
    const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
    return {code, bytes};
}

bool is_control(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

}  // namespace

std::string clean_name(std::string_view name) {
    std::string clean;
    std::size_t characters = 0;
    while (!name.empty() && characters < name_characters_max) {
        const Character next = first_of(name);
        const std::size_t bytes = next.bytes == 0 ? 1 : next.bytes;
        if (next.bytes != 0 && !is_control(next.code)) {
            clean += name.substr(0, bytes);
            ++characters;
        }
        name.remove_prefix(bytes);
    }
    return std::string(trim(clean));
}

}  // namespace muster::sim
