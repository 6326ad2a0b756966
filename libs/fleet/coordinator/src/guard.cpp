#include "guard.hpp"

#include "muster/base/text.hpp"

namespace muster::coordinator {
namespace {

/// Set by check() for the handlers; whatever a client sends under this name is thrown away first.
constexpr const char* token_header = "X-Muster-Token-Id";
constexpr std::string_view password_prefix = "password:";

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

std::string password_principal(const std::string& node_id) {
    return std::string(password_prefix) + node_id;
}

bool is_password_principal(std::string_view id) {
    return id.starts_with(password_prefix);
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

std::optional<http::Response> Guard::check_rate(const std::string& id) {
    const auto now = clock_.now();
    if (requests_.take(id, now)) return std::nullopt;
    return too_many(requests_.wait(id, now), "too many requests with this token");
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

    const bool is_vouched = !request.vouched_for.empty();
    if (is_vouched && is_password_principal(request.vouched_for)) {
        return check_rate(request.vouched_for);
    }
    const std::string token = is_vouched ? std::string() : bearer_of(request);
    auto principal = is_vouched      ? tokens_.find(request.vouched_for)
                     : token.empty() ? std::nullopt
                                     : tokens_.verify(token);
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
    if (auto limited = check_rate(principal->id)) return limited;
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
    tokens_.used(principal->id);
    request.headers.set(token_header, principal->id);
    return std::nullopt;
}

std::optional<Principal> Guard::who(const http::Request& request) const {
    if (is_password_principal(request.vouched_for)) {
        // Which calls these are, and on which node, is settled by who vouches: Coordinator.
        Principal out;
        out.id = request.vouched_for;
        out.name = request.vouched_for;
        out.role = Role::admin;
        return out;
    }
    const auto id = request.headers.find(token_header);
    return id ? tokens_.find(std::string(*id)) : std::nullopt;
}

}  // namespace muster::coordinator
