#include "docklord.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <map>

#include "docklord_words.hpp"
#include "muster/base/random.hpp"
#include "muster/coordinator/coordinator.hpp"
#include "muster/http/url.hpp"
#include "waits.hpp"

namespace muster::faces {
namespace {

constexpr const char* base = "/api/v1/containers";
constexpr std::size_t events_max = 10'000;

std::string path_of(const std::string& id, const std::string& suffix) {
    return std::string(base) + "/" + http::percent_encode(id) + suffix;
}

http::Answer refuse(const Error& error) {
    return docklord::answer_of(error);
}

}  // namespace

/// What came over the coordinator's events and is not dealt with yet.
struct Docklord::Watch {
    explicit Watch(asio::any_io_executor executor) : changed(executor), running(executor) {}
    std::shared_ptr<InnerSocket> socket;
    std::deque<Json> events;
    bool ended = false;
    std::string reason;
    Bell changed;
    Tasks running;

    static std::shared_ptr<Watch> make(asio::any_io_executor executor) {
        auto watch = std::make_shared<Watch>(executor);
        auto* heard = watch.get();  // which owns the socket
        watch->socket = std::make_shared<InnerSocket>(executor, [heard](std::string text) {
            if (heard->events.size() >= events_max) return false;
            heard->events.push_back(Json::parse(text, nullptr, false));
            heard->changed.ring();
            return true;
        });
        return watch;
    }
    /// However its owner ends, also when it is cancelled: what listens for it ends too.
    struct End {
        std::shared_ptr<Watch> watch;
        ~End() {
            watch->socket->forget();
            watch->socket->close(1000, "");
        }
    };
};

void Docklord::add(http::Router& router, AddedRoutes& added, const char* method,
                   const char* pattern, Handler handler) {
    router.add(method, pattern, [this, handler](http::Request request) {
        return enter(handler, std::move(request));
    });
    added.emplace_back(method, pattern);
}

void Docklord::add_routes(http::Router& router, AddedRoutes& added) {
    add(router, added, "GET", "/api/containers", &Docklord::list);
    add(router, added, "GET", "/api/containers/{id}/status", &Docklord::status);
    add(router, added, "GET", "/api/containers/{id}/logs", &Docklord::logs);
    add(router, added, "POST", "/api/containers/{id}/start", &Docklord::start);
    add(router, added, "POST", "/api/containers/{id}/stop", &Docklord::stop);
    add(router, added, "DELETE", "/api/containers/{id}", &Docklord::remove);
    router.add_websocket("/observe-containers",
                         [this](http::Request request, std::shared_ptr<http::WebSocket> socket) {
                             return observe(std::move(request), std::move(socket));
                         });
    added.emplace_back("GET", "/observe-containers");
}

asio::awaitable<Result<Docklord::Visit>> Docklord::admit(http::Request request) {
    auto given = take_credentials(request);
    if (!given) co_return std::unexpected(given.error());
    Visit visit;
    visit.node_id = given->node_id;
    visit.hash = coordinator_->node_password_hash(visit.node_id);
    auto checked = co_await passwords_.check(*std::move(given), visit.hash, request.remote_address);
    if (!checked) co_return std::unexpected(checked.error());
    visit.request = std::move(request);
    co_return visit;
}

asio::awaitable<http::Answer> Docklord::enter(Handler handler, http::Request request) {
    auto visit = co_await admit(std::move(request));
    if (!visit) co_return refuse(visit.error());
    co_return co_await (this->*handler)(*std::move(visit));
}

asio::awaitable<Reply> Docklord::call(const Visit& visit, std::string method, std::string target,
                                      Patience patience) {
    auto request = request_of(std::move(method), {}, visit.request.remote_address);
    auto answer =
        co_await coordinator_->call_on_node(visit.node_id, std::move(request), std::move(target));
    co_return co_await read_whole(executor_, std::move(answer), patience);
}

asio::awaitable<Result<Json>> Docklord::all(Visit visit) {
    Json out = Json::array();
    std::string cursor;
    do {
        auto target = std::string(base) + "?limit=500";
        if (!cursor.empty()) target += "&cursor=" + http::percent_encode(cursor);
        auto reply = co_await call(visit, "GET", std::move(target));
        if (!reply.ok()) co_return std::unexpected(reply.error());
        for (auto& item : reply.body["items"]) out.push_back(std::move(item));
        cursor = text_of(reply.body, "next_cursor");
    } while (!cursor.empty());
    co_return out;
}

asio::awaitable<Result<Json>> Docklord::find(Visit visit, std::string named) {
    auto direct = co_await call(visit, "GET", path_of(named, ""));
    if (direct.ok()) co_return std::move(direct.body);
    if (direct.status != 404) co_return std::unexpected(direct.error());
    // A name may be part of another's; the list's filter finds both.
    auto target = std::string(base) + "?limit=500&name=" + http::percent_encode(named);
    auto reply = co_await call(visit, "GET", std::move(target));
    if (!reply.ok()) co_return std::unexpected(reply.error());
    for (auto& item : reply.body["items"]) {
        if (text_of(item, "name") == named) co_return std::move(item);
    }
    co_return fail(Errc::not_found, "there is no container " + named + " on this node",
                   "container_id");
}

asio::awaitable<http::Answer> Docklord::list(Visit visit) {
    auto found = co_await all(std::move(visit));
    if (!found) co_return refuse(found.error());
    Json containers = Json::array();
    for (const auto& one : *found) containers.push_back(docklord::container_of(one));
    const Json body{{"id", new_id("req")}, {"containers", std::move(containers)}};
    co_return json_answer(200, body);
}

asio::awaitable<http::Answer> Docklord::status(Visit visit) {
    auto named = visit.request.path_parameters["id"];
    auto found = co_await find(std::move(visit), std::move(named));
    if (!found) co_return refuse(found.error());
    const Json body{{"req_id", new_id("req")},
                    {"container_id", text_of(*found, "id")},
                    {"status", docklord::status_of(*found)}};
    co_return json_answer(200, body);
}

asio::awaitable<http::Answer> Docklord::logs(Visit visit) {
    const auto query = docklord::logs_query(visit.request);
    if (!query) co_return refuse(query.error());
    auto named = visit.request.path_parameters["id"];
    auto found = co_await find(visit, std::move(named));
    if (!found) co_return refuse(found.error());
    const auto id = text_of(*found, "id");
    Patience patience;
    patience.limit = logs_limit;
    if (query->follow) patience.lines_max = query->tail;
    auto reply = co_await call(visit, "GET", path_of(id, "/logs?" + query->text()), patience);
    if (!reply.ok()) co_return docklord::answer_of(reply);
    const Json logs{{"container_id", id}, {"logs", docklord::lines_of(reply.text)}};
    const Json body{{"id", new_id("req")}, {"container_id", id}, {"logs", logs}};
    co_return json_answer(200, body);
}

asio::awaitable<http::Answer> Docklord::start(Visit visit) {
    return act(std::move(visit), "start", "POST", "/start");
}
asio::awaitable<http::Answer> Docklord::stop(Visit visit) {
    return act(std::move(visit), "stop", "POST", "/stop");
}
asio::awaitable<http::Answer> Docklord::remove(Visit visit) {
    return act(std::move(visit), "delete", "DELETE", "");
}

asio::awaitable<void> Docklord::hear(std::shared_ptr<Watch> watch, Visit visit, std::string kinds) {
    auto request = request_of("GET", {}, visit.request.remote_address);
    auto refused = co_await coordinator_->watch_node(visit.node_id, std::move(kinds),
                                                     std::move(request), watch->socket);
    watch->ended = true;
    watch->reason = refused ? "the coordinator takes no more watchers" : watch->socket->reason();
    watch->changed.ring();
}

asio::awaitable<Json> Docklord::outcome(std::shared_ptr<Watch> watch, std::string operation_id) {
    const auto until = std::chrono::steady_clock::now() + action_limit;
    for (;;) {
        while (!watch->events.empty()) {
            const auto event = std::move(watch->events.front());
            watch->events.pop_front();
            const auto found = event.find("object");
            if (found == event.end() || text_of(*found, "id") != operation_id) continue;
            const auto state = text_of(*found, "state");
            if (state != "queued" && state != "running") co_return *found;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        if (watch->ended || left.count() <= 0) co_return nullptr;
        co_await watch->changed.wait(left);
    }
}

asio::awaitable<http::Answer> Docklord::act(Visit visit, std::string action, std::string method,
                                            std::string suffix) {
    auto named = visit.request.path_parameters["id"];
    auto found = co_await find(visit, std::move(named));
    if (!found) co_return refuse(found.error());
    const auto id = text_of(*found, "id");
    // Watched before it begins, so that its end cannot be missed.
    auto watch = Watch::make(executor_);
    const Watch::End end{watch};
    watch->running.start(hear(watch, visit, "operation"));
    auto reply = co_await call(visit, std::move(method), path_of(id, suffix));
    Json done = nullptr;
    if (reply.ok()) done = co_await outcome(watch, text_of(reply.body, "id"));
    if (!reply.ok()) co_return docklord::answer_of(reply);

    std::string message = "done";
    int status = 200;
    if (done.is_null()) {
        status = 202;
        message = "accepted; the node is still at it";
    } else if (text_of(done, "state") != "succeeded") {
        const auto why = done.find("error");
        Error error;
        error.code = Errc::conflict;
        error.message = "it was cancelled";
        if (why != done.end() && why->is_object()) {
            error.code = from_name(text_of(*why, "code"));
            error.message = text_of(*why, "message");
        }
        co_return refuse(error);
    }
    const Json result{{"container_id", id}, {"action", action}, {"message", message}};
    const Json body{
        {"id", new_id("req")}, {"container_id", id}, {"action", action}, {"result", result}};
    co_return json_answer(status, body);
}

asio::awaitable<void> Docklord::observe(http::Request request,
                                        std::shared_ptr<http::WebSocket> socket) {
    auto visit = co_await admit(std::move(request));
    if (!visit) {
        socket->close(visit.error().code == Errc::rate_limited ? 1013U : 1008U,
                      visit.error().message);
        co_return;
    }
    auto watch = Watch::make(executor_);
    const Watch::End end{watch};
    watch->running.start(hear(watch, *visit, "container"));
    watch->running.start(tell(watch, *std::move(visit), socket));
    // What a watcher sends means nothing; reading it is how we see that it went away.
    while (co_await socket->receive()) {
    }
}

asio::awaitable<void> Docklord::tell(std::shared_ptr<Watch> watch, Visit visit,
                                     std::shared_ptr<http::WebSocket> socket) {
    // The events come already, so that none falls between the snapshot and them.
    auto snapshot = co_await all(visit);
    if (!snapshot) {
        socket->close(1013, snapshot.error().message);
        co_return;
    }
    std::map<std::string, Json> known;
    for (const auto& one : *snapshot) known[text_of(one, "id")] = docklord::container_of(one);
    for (bool is_first = true;; is_first = false) {
        bool changed = is_first;
        for (; !watch->events.empty(); watch->events.pop_front()) {
            const auto& event = watch->events.front();
            if (text_of(event, "type") != "container") continue;
            changed = true;
            const auto id = text_of(event["object"], "id");
            if (text_of(event, "action") == "gone") {
                known.erase(id);
            } else {
                known[id] = docklord::container_of(event["object"]);
            }
        }
        if (watch->ended) {
            socket->close(1008, watch->reason);
            co_return;
        }
        // The password may have been changed meanwhile.
        if (coordinator_->node_password_hash(visit.node_id) != visit.hash) {
            socket->close(1008, "the node has another password now");
            co_return;
        }
        if (changed) {
            Json names = Json::array();
            Json items = Json::array();
            for (const auto& [id, one] : known) {
                names.push_back(one["name"]);
                items.push_back(one);
            }
            const Json message{{"containers", std::move(names)}, {"items", std::move(items)}};
            if (!socket->send(to_text(message))) co_return;
            Bell pause(executor_);
            co_await pause.wait(watch_pause);
        }
        if (watch->events.empty() && !watch->ended) co_await watch->changed.wait();
    }
}

}  // namespace muster::faces
