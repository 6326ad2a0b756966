#include "muster/host/routes.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "signal_words.hpp"

namespace muster::host {
namespace {

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds patience{5};
constexpr int socket_messages_max = 64;
constexpr auto replaced = Json::error_handler_t::replace;  ///< what is no UTF-8

http::Response json_response(const Json& body) {
    http::Response out;
    out.headers.set("Content-Type", "application/json");
    out.headers.set("Cache-Control", "no-store");
    out.body = body.dump(-1, ' ', false, replaced);
    return out;
}

http::Response problem(const Error& error) {
    auto out = error.code == Errc::exhausted ? http::problem(409, error) : http::problem(error);
    if (error.code == Errc::rate_limited) out.headers.set("Retry-After", "1");
    return out;
}

// What another thread gives to a coroutine: wakes it on its own executor.
template <typename T>
struct Handed {
    explicit Handed(const asio::any_io_executor& executor) : timer(executor, patience) {}
    asio::steady_timer timer;
    std::optional<T> value;
    bool given_up = false;

    static void give(std::shared_ptr<Handed> to, T value, std::function<void(T)> too_late) {
        const auto executor = to->timer.get_executor();
        asio::post(executor, [to = std::move(to), value = std::move(value),
                              too_late = std::move(too_late)]() mutable {
            if (to->given_up) {
                if (too_late) too_late(std::move(value));
                return;
            }
            to->value = std::move(value);
            to->timer.cancel();
        });
    }
};

class Routes : public std::enable_shared_from_this<Routes> {
  public:
    Routes(WorldServer& server, RouteOptions options)
        : server_(server), options_(std::move(options)) {}

    using Method = asio::awaitable<http::Answer> (Routes::*)(http::Request);
    void add(http::Router& router, std::vector<std::pair<std::string, std::string>>& added,
             const char* method, const char* pattern, Method handler) {
        router.add(method, pattern, [self = shared_from_this(), handler](http::Request request) {
            return self->answer(handler, std::move(request));
        });
        added.emplace_back(method, pattern);
    }

    asio::awaitable<http::Answer> answer(Method handler, http::Request request);
    asio::awaitable<http::Answer> list(http::Request request);
    asio::awaitable<http::Answer> show(http::Request request);
    asio::awaitable<http::Answer> join(http::Request request);
    asio::awaitable<http::Answer> leave(http::Request request);
    asio::awaitable<http::Answer> witness(http::Request request);
    asio::awaitable<http::Answer> statistics(http::Request request);
    asio::awaitable<http::Answer> metrics(http::Request request);
    asio::awaitable<http::Answer> diagnostics(http::Request request);
    asio::awaitable<http::Answer> preflight(http::Request request);
    asio::awaitable<void> talk(http::Request request, std::shared_ptr<http::WebSocket> socket);

  private:
    [[nodiscard]] Json servers() const {
        return ice_servers(options_.ice, std::chrono::system_clock::now());
    }
    asio::awaitable<Result<Joined>> join(JoinRequest request);
    asio::awaitable<bool> serve_message(std::shared_ptr<http::WebSocket> socket, std::string text,
                                        std::string remote_address,
                                        std::shared_ptr<std::string> answer_sdp);

    WorldServer& server_;
    RouteOptions options_;
};

asio::awaitable<http::Answer> Routes::answer(Method handler, http::Request request) {
    auto answer = co_await (this->*handler)(std::move(request));
    if (options_.origin.empty()) co_return answer;
    if (auto* response = std::get_if<http::Response>(&answer)) {
        response->headers.set("Access-Control-Allow-Origin", options_.origin);
        if (options_.origin != "*") response->headers.add("Vary", "Origin");
    }
    co_return answer;
}

asio::awaitable<http::Answer> Routes::preflight(http::Request) {
    http::Response out{.status = 204, .headers = {}, .body = {}};
    out.headers.set("Access-Control-Allow-Methods", "GET, POST");
    out.headers.set("Access-Control-Allow-Headers", "Content-Type");
    out.headers.set("Access-Control-Max-Age", "600");
    co_return out;
}

asio::awaitable<http::Answer> Routes::list(http::Request) {
    Json worlds = Json::array();
    for (const WorldStatistics& world : server_.statistics().worlds) {
        worlds.push_back(summary_of(world));
    }
    Json body{{"worlds", std::move(worlds)}, {"ice_servers", servers()}};
    co_return json_response(body);
}

asio::awaitable<http::Answer> Routes::show(http::Request request) {
    const std::string& name = request.path_parameters["world"];
    for (const WorldStatistics& world : server_.statistics().worlds) {
        if (world.world != name) continue;
        Json body = summary_of(world);
        body["ice_servers"] = servers();
        co_return json_response(body);
    }
    co_return problem(Error{Errc::not_found, "there is no world " + name, {}});
}

asio::awaitable<Result<Joined>> Routes::join(JoinRequest request) {
    using Outcome = Result<Joined>;
    const auto handed = std::make_shared<Handed<Outcome>>(co_await asio::this_coro::executor);
    server_.join(std::move(request), [handed, server = &server_](Outcome outcome) {
        // Whoever does not hear of its place shall not keep it.
        Handed<Outcome>::give(handed, std::move(outcome), [server](Outcome late) {
            if (late) server->leave(late->ticket);
        });
    });
    if (!handed->value) co_await handed->timer.async_wait(quietly);
    if (handed->value) co_return std::move(*handed->value);
    handed->given_up = true;
    co_return fail(Errc::timeout, "the world did not answer in time");
}

asio::awaitable<http::Answer> Routes::join(http::Request request) {
    auto wanted = read_join(request.body);
    if (!wanted) co_return problem(wanted.error());
    wanted->world = request.path_parameters["world"];
    wanted->remote_address = request.remote_address;
    const std::string world = wanted->world;
    const auto joined = co_await join(std::move(*wanted));
    if (!joined) co_return problem(joined.error());
    const Json body{{"sdp", joined->sdp},
                    {"ticket", joined->ticket},
                    {"player", joined->player},
                    {"world", world}};
    co_return json_response(body);
}

asio::awaitable<http::Answer> Routes::leave(http::Request request) {
    auto ticket = read_leave(request.body);
    if (!ticket) co_return problem(ticket.error());
    server_.leave(std::move(*ticket), request.path_parameters["world"]);
    co_return http::Response{.status = 204, .headers = {}, .body = {}};
}

// Where everybody is, on both sides of every wall: for tests of this machine only, and not through
// a proxy, behind which everybody is of this machine.
asio::awaitable<http::Answer> Routes::witness(http::Request request) {
    const std::string& from = request.remote_address;
    const bool is_loopback =
        from == "::1" || from.starts_with("127.") || from.starts_with("::ffff:127.");
    bool is_passed_on = false;
    for (const char* header : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"})
        is_passed_on = is_passed_on || request.headers.find(header);
    if (!is_loopback || is_passed_on) {
        co_return problem(
            Error{Errc::permission_denied, "only for programs of the server's machine", {}});
    }
    const auto handed = std::make_shared<Handed<Witness>>(co_await asio::this_coro::executor);
    const auto asked = server_.witness(request.path_parameters["world"], [handed](Witness witness) {
        Handed<Witness>::give(handed, std::move(witness), nullptr);
    });
    if (!asked) co_return problem(asked.error());
    if (!handed->value) co_await handed->timer.async_wait(quietly);
    handed->given_up = true;
    if (!handed->value) {
        co_return problem(Error{Errc::timeout, "the world did not answer in time", {}});
    }
    co_return json_response(to_json(*handed->value));
}

asio::awaitable<http::Answer> Routes::statistics(http::Request) {
    const Statistics statistics = server_.statistics();
    Json body = to_json(statistics);
    body["worlds"] = Json::array();
    for (const WorldStatistics& world : statistics.worlds) body["worlds"].push_back(to_json(world));
    co_return json_response(body);
}

asio::awaitable<http::Answer> Routes::metrics(http::Request request) {
    const Statistics statistics = server_.statistics();
    const std::string& name = request.path_parameters["world"];
    for (const WorldStatistics& world : statistics.worlds) {
        if (world.world != name) continue;
        Json body = to_json(world);
        body["server"] = to_json(statistics);
        co_return json_response(body);
    }
    co_return problem(Error{Errc::not_found, "there is no world " + name, {}});
}

// What kind of server this is, and whether anybody is here. Of a world on several servers each
// tells its own part: the coordinator knows them all.
asio::awaitable<http::Answer> Routes::diagnostics(http::Request) {
    const Statistics statistics = server_.statistics();
    std::uint32_t people = 0;
    for (const WorldStatistics& world : statistics.worlds) people += world.people;
    co_return json_response(Json{{"type", "world"},
                                 {"version", options_.version},
                                 {"uptime_s", statistics.uptime.count()},
                                 {"players", people},
                                 {"players_total", people},
                                 {"capacity", statistics.sessions_max}});
}

// One message of the seed's signalling; false when the socket is to be closed.
asio::awaitable<bool> Routes::serve_message(std::shared_ptr<http::WebSocket> socket,
                                            std::string text, std::string remote_address,
                                            std::shared_ptr<std::string> answer_sdp) {
    const auto refuse = [&socket](const Error& error) {
        const Json body{{"error",
                         {{"code", muster::name_of(error.code)},
                          {"detail", error.message},
                          {"field", error.field}}}};
        return socket->send(body.dump(-1, ' ', false, replaced)).has_value();
    };
    auto message = read_socket_message(text);
    if (!message) co_return refuse(message.error());
    if (std::holds_alternative<IceMessage>(*message)) {
        // We are a lite agent: the peer's candidates are of no use, ours are.
        for (const Json& one : ice_messages(*answer_sdp)) {
            if (!socket->send(one.dump(-1, ' ', false, replaced))) co_return false;
        }
        co_return true;
    }
    auto request = std::get<JoinRequest>(std::move(*message));
    request.remote_address = std::move(remote_address);
    const auto joined = co_await join(std::move(request));
    if (!joined) co_return refuse(joined.error());
    *answer_sdp = joined->sdp;
    const Json body{{"sdp", {{"type", "answer"}, {"sdp", joined->sdp}}},
                    {"ticket", joined->ticket},
                    {"player", joined->player}};
    co_return socket->send(body.dump(-1, ' ', false, replaced)).has_value();
}

asio::awaitable<void> Routes::talk(http::Request request, std::shared_ptr<http::WebSocket> socket) {
    const auto answer_sdp = std::make_shared<std::string>();
    for (int count = 0; count < socket_messages_max; ++count) {
        auto message = co_await socket->receive();
        if (!message) co_return;
        const bool goes_on = co_await serve_message(socket, std::move(message->data),
                                                    request.remote_address, answer_sdp);
        if (!goes_on) co_return;
    }
    socket->close(1008, "too many messages");
}

}  // namespace

std::string ice_servers_text(const IceServers& servers) {
    return ice_servers(servers, std::chrono::system_clock::now())
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> add_routes(http::Router& router,
                                                            WorldServer& server,
                                                            RouteOptions options) {
    const bool joins = options.joins;
    const bool has_origin = joins && !options.origin.empty();
    const auto routes = std::make_shared<Routes>(server, std::move(options));
    std::vector<std::pair<std::string, std::string>> added;
    if (joins) {
        routes->add(router, added, "GET", "/api/v1/worlds", &Routes::list);
        routes->add(router, added, "GET", "/api/v1/worlds/{world}", &Routes::show);
        routes->add(router, added, "POST", "/api/v1/worlds/{world}/join", &Routes::join);
        routes->add(router, added, "POST", "/api/v1/worlds/{world}/leave", &Routes::leave);
        routes->add(router, added, "GET", "/api/v1/diagnostics", &Routes::diagnostics);
    }
    routes->add(router, added, "GET", "/api/v1/worlds/statistics", &Routes::statistics);
    routes->add(router, added, "GET", "/api/v1/worlds/{world}/witness", &Routes::witness);
    routes->add(router, added, "GET", "/api/v1/worlds/{world}/metrics", &Routes::metrics);
    if (has_origin) {
        routes->add(router, added, "OPTIONS", "/api/v1/worlds/{world}/join", &Routes::preflight);
        routes->add(router, added, "OPTIONS", "/api/v1/worlds/{world}/leave", &Routes::preflight);
    }
    router.add_websocket("/ws",
                         [routes](http::Request request, std::shared_ptr<http::WebSocket> socket) {
                             return routes->talk(std::move(request), std::move(socket));
                         });
    added.emplace_back("GET", "/ws");
    return added;
}

}  // namespace muster::host
