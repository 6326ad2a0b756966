#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api.hpp"
#include "passwords.hpp"

namespace muster::faces {

using AddedRoutes = std::vector<std::pair<std::string, std::string>>;

/// Docklord's API: the containers of one node, for who has that node's id and password.
class Docklord {
  public:
    /// What Docklord waits for a start or a stop to be done; then the answer is 202.
    static constexpr std::chrono::seconds action_limit{60};
    static constexpr std::chrono::seconds logs_limit{10};
    /// A watcher is not told more often than this.
    static constexpr std::chrono::milliseconds watch_pause{100};

    Docklord(asio::any_io_executor executor, Passwords& passwords)
        : executor_(std::move(executor)), passwords_(passwords) {}

    void add_routes(http::Router& router, AddedRoutes& added);
    void serve(coordinator::Coordinator& coordinator) { coordinator_ = &coordinator; }

  private:
    /// Somebody who has shown a node's password, and what hash it fits.
    struct Visit {
        std::string node_id;
        std::string hash;
        http::Request request;
    };
    using Handler = asio::awaitable<http::Answer> (Docklord::*)(Visit);
    void add(http::Router& router, AddedRoutes& added, const char* method, const char* pattern,
             Handler handler);
    asio::awaitable<http::Answer> enter(Handler handler, http::Request request);
    asio::awaitable<Result<Visit>> admit(http::Request request);

    asio::awaitable<http::Answer> list(Visit visit);
    asio::awaitable<http::Answer> status(Visit visit);
    asio::awaitable<http::Answer> logs(Visit visit);
    asio::awaitable<http::Answer> start(Visit visit);
    asio::awaitable<http::Answer> stop(Visit visit);
    asio::awaitable<http::Answer> remove(Visit visit);
    asio::awaitable<http::Answer> act(Visit visit, std::string action, std::string method,
                                      std::string suffix);
    asio::awaitable<void> observe(http::Request request, std::shared_ptr<http::WebSocket> socket);

    struct Watch;
    asio::awaitable<void> hear(std::shared_ptr<Watch> watch, Visit visit, std::string kinds);
    asio::awaitable<void> tell(std::shared_ptr<Watch> watch, Visit visit,
                               std::shared_ptr<http::WebSocket> socket);
    asio::awaitable<Json> outcome(std::shared_ptr<Watch> watch, std::string operation_id);

    asio::awaitable<Reply> call(const Visit& visit, std::string method, std::string target,
                                Patience patience = {});
    /// All containers of the node, or why not.
    asio::awaitable<Result<Json>> all(Visit visit);
    /// By id or by name; `not_found`.
    asio::awaitable<Result<Json>> find(Visit visit, std::string named);

    asio::any_io_executor executor_;
    Passwords& passwords_;
    coordinator::Coordinator* coordinator_ = nullptr;
};

}  // namespace muster::faces
