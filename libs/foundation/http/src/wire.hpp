#pragma once

#include <optional>
#include <string>

#include "muster/http/message.hpp"

namespace muster::http {

/// How the end of a body is told (RFC 9112 §6).
enum class Framing { none, length, chunked, until_close };

struct HeadOptions {
    Framing framing = Framing::length;
    std::size_t length = 0;  ///< with Framing::length
    bool closes = false;
};

/// The status line and fields, ending with the empty line. Adds Date, X-Content-Type-Options and
/// what framing and `closes` ask for; what the handler said about these two is dropped. Bytes that
/// could end a field early are blanked, and fields without a proper name left out.
[[nodiscard]] std::string head_of(int status, const Fields& fields, const HeadOptions& options);
/// One chunk; `bytes` must not be empty, for that would be the last one.
[[nodiscard]] std::string chunk_head(std::size_t bytes);
/// "Sun, 06 Nov 1994 08:49:37 GMT"
[[nodiscard]] std::string http_date(std::int64_t seconds_since_1970);

}  // namespace muster::http
