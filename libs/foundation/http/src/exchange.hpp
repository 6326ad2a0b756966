#pragma once

#include <memory>
#include <string>
#include <variant>

#include "muster/http/url.hpp"
#include "router.hpp"

namespace muster::http {

/// What all connections of a server share; unchanging while it runs.
struct Site {
    Router router;
    Limits limits;
};

/// One request on its way through routing, guard and handler, without knowing how it came. Lives
/// until what run() returned was sent.
class Exchange {
  public:
    /// `target` as sent; `websocket`: the request asks to become one.
    Exchange(std::shared_ptr<const Site> site, Request request, std::string target, bool websocket)
        : site_(std::move(site)),
          request_(std::move(request)),
          target_(std::move(target)),
          websocket_(websocket) {}

    /// A WebSocketHandler says: the upgrade is granted.
    using Outcome = std::variant<Response, StreamResponse, WebSocketHandler>;
    asio::awaitable<Outcome> run();

    [[nodiscard]] const Request& request() const { return request_; }
    /// Tells the sink of an exception out of a handler, and what to answer.
    void report(std::string_view what) const;

  private:
    asio::awaitable<Outcome> run_websocket(Target target);
    asio::awaitable<Outcome> run_handler(Target target);
    Outcome without_handler(const Match& match, const Target& target) const;

    std::shared_ptr<const Site> site_;
    Request request_;
    std::string target_;
    bool websocket_;
};

/// The text of the exception being handled, for the sink.
[[nodiscard]] std::string text_of_current_exception();

}  // namespace muster::http
