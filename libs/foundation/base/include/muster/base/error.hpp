#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace muster {

/// Why something expected to fail sometimes did fail. Each has one HTTP status and one gRPC status
/// (http_status, grpc_status); nothing else in the house maps errors.
enum class Errc {
    invalid_argument,     ///< the request is wrong; `field` names what
    unauthenticated,      ///< no credentials, or wrong ones
    permission_denied,    ///< known, but not allowed
    not_found,            ///< there is no such thing
    conflict,             ///< exists already, or is in a state that forbids it
    precondition_failed,  ///< If-Match did not match
    too_large,            ///< over a named limit
    unprocessable,        ///< well-formed, but used before with other content
    rate_limited,         ///< too many requests
    exhausted,            ///< no node, port or place is left
    unsupported,          ///< this runtime or version cannot do it
    unavailable,          ///< the other side is not there now
    timeout,              ///< it did not answer in time
    cancelled,            ///< somebody took it back
    internal,             ///< a fault of ours or of a library
};

/// An expected failure. `message` is a sentence for a person, without secrets. `field` names what
/// was wrong in the request (dotted path, e.g. "ports.game"), empty when no single field is.
struct Error {
    Errc code = Errc::internal;
    std::string message;
    std::string field;

    bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::not_found, "there is no server abc");`
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message,
                                                 std::string field = {}) {
    return std::unexpected(Error{code, std::move(message), std::move(field)});
}

/// The stable name of a code, as in problem+json's `code`: "invalid_argument".
[[nodiscard]] std::string_view name_of(Errc code);
[[nodiscard]] int http_status(Errc code);
/// The numeric grpc::StatusCode.
[[nodiscard]] int grpc_status(Errc code);
/// The code a peer's gRPC status stands for; what is unknown is `internal`.
[[nodiscard]] Errc from_grpc_status(int status);
[[nodiscard]] Errc from_name(std::string_view name);

}  // namespace muster
