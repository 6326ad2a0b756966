#pragma once

#include <map>
#include <optional>
#include <string>

#include "muster/base/bucket.hpp"
#include "muster/http/server.hpp"
#include "tokens.hpp"

namespace muster::coordinator {

/// Who may call what, and how often. Runs before every handler and before a WebSocket's upgrade.
class Guard {
  public:
    struct Limits {
        double requests_per_second = 50;  ///< of one token
        double requests_burst = 200;
        double wrong_tokens_per_minute = 10;  ///< of one address
    };
    static constexpr std::size_t addresses_max = 10'000;

    Guard(Tokens& tokens, const Clock& clock, Limits limits);

    void set(const std::string& method, const std::string& pattern, Access access);

    /// A response when the request ends here. Otherwise the request names its token from now on,
    /// see who().
    [[nodiscard]] std::optional<http::Response> check(http::Request& request);
    /// Of a request that check() let through; nullopt when it came without a token.
    [[nodiscard]] std::optional<Principal> who(const http::Request& request) const;

    struct Counts {
        std::uint64_t unauthenticated = 0;
        std::uint64_t denied = 0;
        std::uint64_t limited = 0;
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    [[nodiscard]] std::optional<http::Response> check_rate(const std::string& id);
    [[nodiscard]] http::Response too_many(milliseconds wait, const std::string& why);

    Tokens& tokens_;
    const Clock& clock_;
    Buckets<std::string> requests_;
    Buckets<std::string> wrong_;
    std::map<std::pair<std::string, std::string>, Access> access_;
    Counts counts_;
};

/// Who calls with a node's password: the name in the audit log, and of what is cut when the node is
/// revoked. No token's id looks like it.
[[nodiscard]] std::string password_principal(const std::string& node_id);
[[nodiscard]] bool is_password_principal(std::string_view id);

/// The token in `Authorization: Bearer`, or among the subprotocols of a WebSocket
/// (`bearer.<token>`); empty when there is none.
[[nodiscard]] std::string bearer_of(const http::Request& request);

}  // namespace muster::coordinator
