#pragma once

#include <map>
#include <set>
#include <span>

#include "muster/http/server.hpp"

namespace muster::http {

/// What a route does with one method, or with a WebSocket.
struct Route {
    std::string pattern;
    std::vector<std::string> segments;  ///< literals, "{name}", and last perhaps "{name*}"
    std::map<std::string, Handler> by_method;
    WebSocketHandler websocket;
};

/// The routes and what surrounds them. Unchanging once the server is open.
struct Router::State {
    std::vector<Route> routes;  ///< the more special before the more general
    Guard guard;
    Observer observer;
    FaultSink fault_sink;
    std::string folder;  ///< empty: no files are served
    FileOptions file_options;
};

/// The answer of the routing table alone.
struct Match {
    const Route* route = nullptr;      ///< serves the method; or null
    const Handler* handler = nullptr;  ///< of the method, for all but WebSockets
    std::set<std::string> allowed;  ///< methods of all routes with that path; empty: no such path
    bool websocket_only = false;    ///< the path exists, but only for WebSockets
};

/// Literals win over parameters, from left to right; a route without the method gives way to a more
/// general one that has it. HEAD finds GET.
[[nodiscard]] Match match(const Router::State& routes, std::string_view method,
                          std::span<const std::string> segments);
[[nodiscard]] const Route* match_websocket(const Router::State& routes,
                                           std::span<const std::string> segments);
[[nodiscard]] std::map<std::string, std::string> parameters_of(
    const Route& route, std::span<const std::string> segments);
/// "GET, HEAD, OPTIONS"
[[nodiscard]] std::string allow_of(const Match& match);

}  // namespace muster::http
