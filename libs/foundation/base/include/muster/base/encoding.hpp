#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster {

/// Lower-case hexadecimal, two characters a byte.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

/// RFC 4648 base64: the URL-safe alphabet without padding, and the standard one with it.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong).
[[nodiscard]] bool is_utf8(std::string_view bytes);
/// The text with every byte that is no part of well-formed UTF-8 replaced by U+FFFD, so that bytes
/// from outside (a console, a path) can stand in JSON.
[[nodiscard]] std::string to_utf8(std::string_view bytes);

/// SHA-256 (FIPS 180-4), as 32 raw bytes or as 64 hexadecimal characters.
[[nodiscard]] std::string sha256(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// Compares without telling by its duration where two secrets differ.
[[nodiscard]] bool equal_secret(std::string_view a, std::string_view b);

inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace muster
