#include "chat_text.hpp"

#include <cstdint>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"

namespace muster::host {
namespace {

// The character at `at` of well-formed UTF-8, and how many bytes it has.
std::pair<char32_t, std::size_t> character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
    };
    const char32_t first = byte(0);
    if (first < 0x80) return {first, 1};
    if (first < 0xe0) return {(first & 0x1f) << 6 | (byte(1) & 0x3f), 2};
    if (first < 0xf0) return {(first & 0xf) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
    return {(first & 7) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f),
            4};
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) ||  // C0, DEL, C1
           (c >= 0x200b && c <= 0x200f) ||         // zero width, left-to-right marks
           (c >= 0x2028 && c <= 0x202e) ||         // line ends, embeddings and overrides
           (c >= 0x2060 && c <= 0x206f) ||         // isolates and other invisible ones
           c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

}  // namespace

std::optional<std::string> clean_text(std::string_view text, std::size_t characters_max) {
    if (text.size() > 4 * characters_max || !is_utf8(text)) return std::nullopt;
    std::string out;
    std::size_t characters = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto [c, bytes] = character_at(text, at);
        ++characters;
        if (!is_control(c)) out.append(text.substr(at, bytes));
        at += bytes;
    }
    const std::string_view trimmed = trim(out);
    if (characters > characters_max || trimmed.empty()) return std::nullopt;
    return std::string(trimmed);
}

}  // namespace muster::host
