#include "guard.hpp"

#include "muster/base/text.hpp"

namespace muster::coordinator {
namespace {

/// Set by check() for the handlers; whatever a client sends under this name is thrown away first.
constexpr const char* token_header = "X-Muster-Token-Id";

}  // namespace

Guard::Guard(Tokens& tokens, const Clock& clock, Limits limits)
    : tokens_(tokens),
      clock_(clock),
      requests_(Rate{limits.requests_per_second, limits.requests_burst}, Tokens::count_max),
      wrong_(Rate{limits.wrong_tokens_per_minute / 60.0, limits.wrong_tokens_per_minute},
             addresses_max) {}

void Guard::set(const std::string& method, const std::string& pattern, Access access) {
    access_[{method, pattern}] = access;
}

std::string bearer_of(const http::Request& request) {
    if (const auto header = request.headers.find("Authorization")) {
        const auto text = trim(*header);
        const auto space = text.find(' ');
        if (space == std::string_view::npos || to_lower(text.substr(0, space)) != "bearer") {
            return {};
        }
        return std::string(trim(text.substr(space + 1)));
    }
    for (const auto protocol : request.headers.list("Sec-WebSocket-Protocol")) {
        if (protocol.starts_with("bearer.")) return std::string(protocol.substr(7));
    }
    return {};
}

http::Response Guard::too_many(milliseconds wait, const std::string& why) {
    ++counts_.limited;
    Error error{Errc::rate_limited, why, {}};
    auto response = http::problem(error);
    response.headers.set("Retry-After", std::to_string((wait.count() + 999) / 1000));
    return response;
}

std::optional<http::Response> Guard::check(http::Request& request) {
    request.headers.remove(token_header);
    // HEAD is answered by the handler of GET, and a WebSocket's request is a GET too.
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    auto access = Access::admin;
    if (const auto found = access_.find({method, request.route}); found != access_.end()) {
        access = found->second;
    }
    if (access == Access::anyone) return std::nullopt;

    const std::string token = bearer_of(request);
    auto principal = token.empty() ? std::nullopt : tokens_.verify(token);
    if (!principal) {
        ++counts_.unauthenticated;
        if (!token.empty()) {
            const auto now = clock_.now();
            if (!wrong_.take(request.remote_address, now)) {
                return too_many(wrong_.wait(request.remote_address, now),
                                "too many wrong tokens from this address");
            }
        }
        const bool in_url =
            request.query.contains("token") || request.query.contains("access_token");
        auto response = http::problem(Error{
            Errc::unauthenticated,
            in_url ? "a token in a URL ends up in logs and histories; send Authorization: Bearer"
            : token.empty() ? "send a token: Authorization: Bearer <token>"
                            : "this token is wrong, was deleted or has expired",
            "Authorization"});
        response.headers.set("WWW-Authenticate", "Bearer realm=\"muster\"");
        return response;
    }
    const auto now = clock_.now();
    if (!requests_.take(principal->id, now)) {
        return too_many(requests_.wait(principal->id, now), "too many requests with this token");
    }
    if (!permits(principal->role, access)) {
        ++counts_.denied;
        const std::string needed = access == Access::admin     ? "admin"
                                   : access == Access::operate ? "operator"
                                                               : "viewer";
        return http::problem(Error{Errc::permission_denied,
                                   "this needs the role " + needed + "; the token has the role " +
                                       std::string(name_of(principal->role)),
                                   {}});
    }
    request.headers.set(token_header, principal->id);
    return std::nullopt;
}

std::optional<Principal> Guard::who(const http::Request& request) const {
    const auto id = request.headers.find(token_header);
    return id ? tokens_.find(std::string(*id)) : std::nullopt;
}

}  // namespace muster::coordinator
