#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

/// Taking request targets apart and putting them together (RFC 3986). Pure functions.
namespace muster::http {

/// Every byte but RFC 3986's unreserved ones as %XX, so that the result can stand in one path
/// segment, or as a name or value in a query.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Nothing when a `%` is not followed by two hexadecimal digits. `+` stays as it is.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// "a=1&b=x%20y" taken apart; `+` is a space, as browsers' forms write it; a name without `=` has
/// an empty value. Fails with `invalid_argument` on a broken escape and on what is not UTF-8.
[[nodiscard]] Result<std::multimap<std::string, std::string>> parse_query(std::string_view query);

struct Target {
    std::string path;  ///< decoded, begins with "/", UTF-8, no NUL
    /// The path split at its slashes first and then decoded, so that a segment can hold an encoded
    /// slash: "/images/a%2Fb" -> "images", "a/b"; "/" -> "".
    std::vector<std::string> segments;
    std::multimap<std::string, std::string> query;  ///< decoded
};
/// A request target in origin form ("/a/b?c=d") or absolute form ("http://host/a"); a fragment is
/// refused. `invalid_argument` says what is wrong with it.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

}  // namespace muster::http
