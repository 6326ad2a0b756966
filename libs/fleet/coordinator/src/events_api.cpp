#include <algorithm>

#include "house.hpp"
#include "muster/base/text.hpp"
#include "sockets.hpp"

namespace muster::coordinator {
namespace {

Result<std::set<std::string, std::less<>>> kinds_of(const http::Request& request) {
    std::set<std::string, std::less<>> out;
    for (const auto& kind : split_list(request.query_one("kinds").value_or(""))) {
        const bool is_known =
            std::find(Events::kinds.begin(), Events::kinds.end(), kind) != Events::kinds.end();
        if (!is_known) {
            return fail(Errc::invalid_argument, "there is no kind of event " + kind.substr(0, 32));
        }
        out.insert(kind);
    }
    if (out.empty()) out.insert(Events::kinds.begin(), Events::kinds.end());
    return out;
}

asio::awaitable<void> watch(House& house, Principal who, http::Request request,
                            std::shared_ptr<http::WebSocket> socket) {
    auto kinds = kinds_of(request);
    if (!kinds) {
        close_with(*socket, kinds.error());
        co_return;
    }
    const auto live =
        house.live.add(who.id, [socket] { socket->close(1008, "the token was deleted"); });
    Events::Watcher watcher;
    watcher.socket = socket;
    watcher.who = std::move(who);
    watcher.kinds = *std::move(kinds);
    watcher.node_id = request.query_one("node").value_or("");
    auto place = house.events.add(std::move(watcher));
    if (!place) {
        close_with(*socket, place.error());
        co_return;
    }
    // What a watcher sends means nothing; reading it is how we see that it went away.
    while (co_await socket->receive()) {
    }
    house.events.remove(*place);
}

}  // namespace

void add_events_api(Routes& routes, House& house) {
    routes.websocket(
        "/api/v1/events", Access::view,
        [&house](Principal who, http::Request request, std::shared_ptr<http::WebSocket> socket) {
            return watch(house, std::move(who), std::move(request), std::move(socket));
        });
}

}  // namespace muster::coordinator
