#pragma once

#include <cstddef>
#include <string_view>

namespace muster::mesh {

/// How many bytes of `text` from its beginning are UTF-8 (RFC 3629: shortest form, no surrogates)
/// without control characters, at most so many characters and bytes.
[[nodiscard]] std::size_t good_prefix(std::string_view text, std::size_t characters_max,
                                      std::size_t bytes_max);

/// Whether it can name a server: [A-Za-z0-9_-]+, at most `server_bytes_max`.
[[nodiscard]] bool is_server(std::string_view text);

}  // namespace muster::mesh
