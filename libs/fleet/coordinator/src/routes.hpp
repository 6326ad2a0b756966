#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "audit.hpp"
#include "guard.hpp"
#include "idempotency.hpp"
#include "json.hpp"
#include "muster/http/server.hpp"
#include "tokens.hpp"

namespace muster::coordinator {

/// One request with who sends it. Handlers borrow it until they have answered.
struct Call {
    http::Request request;
    Principal who;
    /// For the audit log, of a call that changes something: what it was done to (the path's {id}
    /// when empty) and what may be said about it. Never a secret.
    std::string audit_object;
    Json audit_detail = Json::object();
    /// The answer shows a secret once: it is not written anywhere.
    bool shows_secret = false;

    [[nodiscard]] const std::string& id() const;  ///< the path's {id}
    [[nodiscard]] std::string query(std::string_view name) const;
    /// Refuses query parameters other than these, naming the nearest.
    [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> names) const;
    [[nodiscard]] Result<std::size_t> limit() const;  ///< ?limit=1..500, 100
    /// ?cursor=, taken apart again; empty at the start.
    [[nodiscard]] Result<std::string> cursor() const;
    /// Whether `version` is what If-Match asks for, if it asks.
    [[nodiscard]] Result<void> matches(std::string_view version) const;
};

[[nodiscard]] http::Response json_response(int status, const Json& body);
/// With its version as ETag.
[[nodiscard]] http::Response object_response(const Json& body);
/// {"items","next_cursor","age_ms"}; `next` is empty at the end.
[[nodiscard]] http::Response list_response(Json items, const std::string& next,
                                           std::int64_t age_ms);
[[nodiscard]] http::Response no_content();

using AnswerNow = std::function<Result<http::Response>(Call&)>;
using AnswerLater = std::function<asio::awaitable<Result<http::Answer>>(Call&)>;

/// Registers handlers and does for all of them what all need: errors become problem+json,
/// Idempotency-Key, the audit entry of what changed something, and no answer to a change before it
/// is durable. Lives as long as the router's server.
class Routes {
  public:
    Routes(http::Router& router, Guard& guard, Ledger& ledger, Audit& audit,
           Idempotency& idempotency)
        : router_(router),
          guard_(guard),
          ledger_(ledger),
          audit_(audit),
          idempotency_(idempotency) {}

    void get(const std::string& pattern, Access access, AnswerNow handler);
    void get_later(const std::string& pattern, Access access, AnswerLater handler);
    /// A method that changes something; `action` is its name in the audit log ("server.stop").
    void change(const std::string& method, const std::string& pattern, Access access,
                std::string action, AnswerNow handler);
    void change_later(const std::string& method, const std::string& pattern, Access access,
                      std::string action, AnswerLater handler);
    /// A method that is not kept in the books, such as a player's join: no token, no audit entry,
    /// no wait for the store.
    void open(const std::string& method, const std::string& pattern, AnswerLater handler);
    using Talk = std::function<asio::awaitable<void>(Principal, http::Request,
                                                     std::shared_ptr<http::WebSocket>)>;
    void websocket(const std::string& pattern, Access access, Talk handler);

  private:
    struct Route {
        std::string action;  ///< empty: it changes nothing
        AnswerNow now;
        AnswerLater later;
    };
    void add(const std::string& method, const std::string& pattern, Access access, Route route);
    asio::awaitable<http::Answer> serve(std::shared_ptr<const Route> route, http::Request request);
    asio::awaitable<Result<http::Answer>> change(std::shared_ptr<const Route> route, Call& call);
    asio::awaitable<Result<http::Answer>> handle(std::shared_ptr<const Route> route, Call& call);

    http::Router& router_;
    Guard& guard_;
    Ledger& ledger_;
    Audit& audit_;
    Idempotency& idempotency_;
};

}  // namespace muster::coordinator
