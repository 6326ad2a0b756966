#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api.hpp"
#include "muster/base/time.hpp"
#include "peon_stops.hpp"
#include "peon_words.hpp"

namespace muster::faces {

using AddedRoutes = std::vector<std::pair<std::string, std::string>>;

/// PEON's API, version 1.0: game servers by the uid "game.name", with one of our tokens as
/// X-Api-Key.
class Peon {
  public:
    Peon(asio::any_io_executor executor, PeonStops& stops, const Clock& clock)
        : executor_(std::move(executor)), stops_(stops), clock_(clock) {}

    void add_routes(http::Router& router, AddedRoutes& added);
    void serve(coordinator::Coordinator& coordinator) { coordinator_ = &coordinator; }
    /// For PeonStops::run.
    asio::awaitable<PeonStops::Done> stop_later(std::string server_id, std::string token_id);
    std::function<void(std::string_view)> warn;

  private:
    /// A request whose key is good, with its body read.
    struct Visit {
        Visit(http::Request asked, Api with) : request(std::move(asked)), api(std::move(with)) {}
        http::Request request;
        Api api;
        Json body = Json::object();
        std::string token_id;
        bool may_operate = false;
        Json server = nullptr;  ///< of ours, when the route names one
    };
    using Handler = asio::awaitable<http::Answer> (Peon::*)(Visit);
    void add(http::Router& router, AddedRoutes& added, const char* method, std::string pattern,
             Handler handler, bool of_server);
    asio::awaitable<http::Answer> enter(Handler handler, bool of_server, http::Request request);
    /// The answer, when there is no server to be had.
    asio::awaitable<std::optional<http::Response>> find(Visit& visit);

    asio::awaitable<http::Answer> list(Visit visit);
    asio::awaitable<http::Answer> create(Visit visit);
    asio::awaitable<http::Answer> deploy(Visit visit, peon::NewServer wanted);
    asio::awaitable<http::Answer> get(Visit visit);
    asio::awaitable<http::Answer> stats(Visit visit);
    asio::awaitable<http::Answer> start(Visit visit);
    asio::awaitable<http::Answer> stop(Visit visit);
    asio::awaitable<http::Answer> restart(Visit visit);
    asio::awaitable<http::Answer> describe(Visit visit);
    asio::awaitable<http::Answer> destroy(Visit visit);
    asio::awaitable<http::Answer> eradicate(Visit visit);
    asio::awaitable<http::Answer> plans(Visit visit);

    asio::awaitable<http::Answer> power(Visit& visit, std::string action);
    asio::awaitable<http::Answer> remove(Visit& visit, bool with_data);
    asio::awaitable<http::Answer> stop_at(Visit& visit, Timestamp at);
    /// The server as it is now.
    asio::awaitable<http::Answer> shown(Visit& visit);

    asio::any_io_executor executor_;
    PeonStops& stops_;
    const Clock& clock_;
    coordinator::Coordinator* coordinator_ = nullptr;
    std::set<std::string> creating_;  ///< uids, so that two requests cannot make the same one
};

}  // namespace muster::faces
