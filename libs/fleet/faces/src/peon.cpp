#include "peon.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "muster/coordinator/coordinator.hpp"
#include "muster/http/url.hpp"

namespace muster::faces {
namespace {

const std::string root = "/api/1.0";

std::string path_of(const Json& server, const std::string& suffix = {}) {
    return "/api/v1/servers/" + http::percent_encode(text_of(server, "id")) + suffix;
}

http::Answer refuse(const Error& error) {
    return peon::answer_of(error);
}

http::Response not_authorized() {
    return peon::answer_of(Error{Errc::unauthenticated, "Not authorized", "X-Api-Key"});
}

/// All pages of a list, or the answer that says why not.
asio::awaitable<std::variant<Json, http::Response>> all_of(const Api& api, std::string target) {
    Json out = Json::array();
    std::string cursor;
    do {
        auto page = target + (target.find('?') == std::string::npos ? "?" : "&") + "limit=500";
        if (!cursor.empty()) page += "&cursor=" + http::percent_encode(cursor);
        auto reply = co_await api.call("GET", std::move(page));
        if (!reply.ok()) co_return peon::answer_of(reply);
        for (auto& item : reply.body["items"]) out.push_back(std::move(item));
        cursor = text_of(reply.body, "next_cursor");
    } while (!cursor.empty());
    co_return out;
}

}  // namespace

void Peon::add(http::Router& router, AddedRoutes& added, const char* method, std::string pattern,
               Handler handler, bool of_server) {
    pattern = root + pattern;
    router.add(method, pattern, [this, handler, of_server](http::Request request) {
        return enter(handler, of_server, std::move(request));
    });
    added.emplace_back(method, std::move(pattern));
}

void Peon::add_routes(http::Router& router, AddedRoutes& added) {
    add(router, added, "GET", "/servers", &Peon::list, false);
    add(router, added, "POST", "/servers", &Peon::create, false);
    add(router, added, "GET", "/plans", &Peon::plans, false);
    add(router, added, "PUT", "/plans", &Peon::plans, false);
    // The uid may also stand in the body, as `server_uid`.
    for (const char* uid : {"/{uid}", ""}) {
        const auto with = [uid](const char* path) { return std::string(path) + uid; };
        add(router, added, "GET", with("/server/get"), &Peon::get, true);
        add(router, added, "GET", with("/server/stats"), &Peon::stats, true);
        add(router, added, "PUT", with("/server/start"), &Peon::start, true);
        add(router, added, "PUT", with("/server/stop"), &Peon::stop, true);
        add(router, added, "PUT", with("/server/restart"), &Peon::restart, true);
        add(router, added, "PUT", with("/server/description"), &Peon::describe, true);
        add(router, added, "DELETE", with("/server/destroy"), &Peon::destroy, true);
        add(router, added, "DELETE", with("/server/eradicate"), &Peon::eradicate, true);
    }
}

asio::awaitable<http::Answer> Peon::enter(Handler handler, bool of_server, http::Request request) {
    const std::string key(request.headers.find("X-Api-Key").value_or(""));
    if (key.empty()) co_return not_authorized();
    Api api(executor_, *coordinator_, key, request.remote_address);
    Visit visit(std::move(request), std::move(api));
    // Who asks comes first: a stranger learns nothing from what is wrong with a body.
    auto who = co_await visit.api.call("GET", "/api/v1/whoami");
    if (!who.ok()) co_return peon::answer_of(who);
    visit.token_id = text_of(who.body, "id");
    const auto role = text_of(who.body, "role");
    visit.may_operate = role == "operator" || role == "admin";
    auto body = peon::parse_body(visit.request.body);
    if (!body) co_return refuse(body.error());
    visit.body = *std::move(body);
    if (of_server) {
        if (auto answer = co_await find(visit)) co_return *std::move(answer);
    }
    co_return co_await (this->*handler)(std::move(visit));
}

asio::awaitable<std::optional<http::Response>> Peon::find(Visit& visit) {
    const auto named = visit.request.path_parameters.find("uid");
    const auto uid = peon::parse_uid(named != visit.request.path_parameters.end()
                                         ? named->second
                                         : text_of(visit.body, "server_uid"));
    if (!uid) co_return peon::answer_of(uid.error());
    auto target = "/api/v1/servers?game=" + http::percent_encode(uid->game) +
                  "&name=" + http::percent_encode(uid->name);
    auto found = co_await all_of(visit.api, std::move(target));
    if (auto* failed = std::get_if<http::Response>(&found)) co_return std::move(*failed);
    std::vector<Json> same;
    for (auto& one : std::get<Json>(found)) {
        if (text_of(one, "name") == uid->name) same.push_back(std::move(one));
    }
    if (same.empty()) {
        co_return peon::answer_of(
            Error{Errc::not_found, "there is no server " + uid->text(), "server_uid"});
    }
    if (same.size() > 1) {
        // Our names need not be unique, and a guess could stop the wrong one.
        co_return peon::answer_of(
            Error{Errc::conflict, "there are several servers " + uid->text() + ": use their ids",
                  "server_uid"});
    }
    visit.server = std::move(same.front());
    co_return std::nullopt;
}

asio::awaitable<http::Answer> Peon::list(Visit visit) {
    auto found = co_await all_of(visit.api, "/api/v1/servers");
    if (auto* failed = std::get_if<http::Response>(&found)) co_return std::move(*failed);
    std::vector<Json> servers;
    for (const auto& one : std::get<Json>(found)) {
        servers.push_back(peon::server_of(one, stops_.of(text_of(one, "id"))));
    }
    std::sort(servers.begin(), servers.end(), [](const Json& a, const Json& b) {
        return std::tuple(text_of(a, "game_uid"), text_of(a, "servername")) <
               std::tuple(text_of(b, "game_uid"), text_of(b, "servername"));
    });
    const Json body{{"servers", std::move(servers)}};
    co_return json_answer(200, body);
}

asio::awaitable<http::Answer> Peon::create(Visit visit) {
    auto wanted = peon::new_server(visit.body);
    if (!wanted) co_return refuse(wanted.error());
    const peon::Uid uid{wanted->game_uid, text_of(wanted->body, "name")};
    visit.request.path_parameters["uid"] = uid.text();
    const auto missing = co_await find(visit);
    const bool is_free = missing && missing->status == 404;
    if (missing && !is_free && missing->status != 409) co_return *missing;
    if (!is_free || !creating_.insert(uid.text()).second) {
        co_return refuse(
            Error{Errc::conflict, "there is a server " + uid.text() + " already", "servername"});
    }
    struct Leave {
        std::set<std::string>& all;
        std::string uid;
        ~Leave() { all.erase(uid); }
    };
    const Leave leave{creating_, uid.text()};
    co_return co_await deploy(std::move(visit), *std::move(wanted));
}

asio::awaitable<http::Answer> Peon::deploy(Visit visit, peon::NewServer wanted) {
    auto game =
        co_await visit.api.call("GET", "/api/v1/games/" + http::percent_encode(wanted.game_uid));
    if (game.status == 404) {
        co_return refuse(Error{Errc::not_found, "there is no game " + wanted.game_uid, "game_uid"});
    }
    if (!game.ok()) co_return peon::answer_of(game);
    std::set<std::string> variables;
    for (const auto& variable : game.body["variables"]) variables.insert(text_of(variable, "name"));
    if (auto split = peon::split_settings(wanted.body, variables); !split) {
        co_return refuse(split.error());
    }
    auto made = co_await visit.api.call("POST", "/api/v1/servers", std::move(wanted.body));
    if (!made.ok()) co_return peon::answer_of(made);
    co_return json_answer(200, peon::server_of(made.body["server"], std::nullopt));
}

asio::awaitable<http::Answer> Peon::shown(Visit& visit) {
    auto now = co_await visit.api.call("GET", path_of(visit.server));
    if (!now.ok()) co_return peon::answer_of(now);
    const Json body{{"server", peon::server_of(now.body, stops_.of(text_of(now.body, "id")))}};
    co_return json_answer(200, body);
}

asio::awaitable<http::Answer> Peon::get(Visit visit) {
    co_return co_await shown(visit);
}

asio::awaitable<http::Answer> Peon::stats(Visit visit) {
    auto server = peon::server_of(visit.server, stops_.of(text_of(visit.server, "id")));
    server["stats"] = visit.server.contains("usage") ? visit.server["usage"] : Json(nullptr);
    const Json body{{"server", std::move(server)}};
    co_return json_answer(200, body);
}

asio::awaitable<http::Answer> Peon::power(Visit& visit, std::string action) {
    auto reply = co_await visit.api.call("POST", path_of(visit.server, "/" + action));
    if (!reply.ok()) co_return peon::answer_of(reply);
    co_return co_await shown(visit);
}

asio::awaitable<http::Answer> Peon::stop_at(Visit& visit, Timestamp at) {
    if (!visit.may_operate) {
        co_return refuse(Error{Errc::permission_denied, "this key may only read", "X-Api-Key"});
    }
    PeonStops::Stop stop;
    stop.at = at;
    stop.token_id = visit.token_id;
    auto kept = co_await stops_.set(text_of(visit.server, "id"), std::move(stop));
    if (!kept) co_return refuse(kept.error());
    co_return co_await shown(visit);
}

asio::awaitable<http::Answer> Peon::start(Visit visit) {
    const auto until = peon::time_in(visit.body, clock_.now());
    if (!until) co_return refuse(until.error());
    auto answer = co_await power(visit, "start");
    if (!*until || std::get<http::Response>(answer).status != 200) co_return answer;
    co_return co_await stop_at(visit, **until);
}

asio::awaitable<http::Answer> Peon::stop(Visit visit) {
    const auto at = peon::time_in(visit.body, clock_.now());
    if (!at) co_return refuse(at.error());
    if (*at) co_return co_await stop_at(visit, **at);
    auto reply = co_await visit.api.call("POST", path_of(visit.server, "/stop"));
    if (!reply.ok()) co_return peon::answer_of(reply);
    co_await stops_.forget(text_of(visit.server, "id"));
    co_return co_await shown(visit);
}

asio::awaitable<http::Answer> Peon::restart(Visit visit) {
    co_return co_await power(visit, "restart");
}

asio::awaitable<http::Answer> Peon::describe(Visit visit) {
    const auto found = visit.body.find("description");
    if (found == visit.body.end() || !found->is_string()) {
        co_return refuse(
            Error{Errc::unprocessable, "it is required, and must be a text", "description"});
    }
    Json patch{{"description", *found}};
    auto reply = co_await visit.api.call("PATCH", path_of(visit.server), std::move(patch));
    if (!reply.ok()) co_return peon::answer_of(reply);
    co_return co_await shown(visit);
}

asio::awaitable<http::Answer> Peon::remove(Visit& visit, bool with_data) {
    const std::string how = with_data ? "?data=delete" : "?data=keep";
    auto reply = co_await visit.api.call("DELETE", path_of(visit.server, how));
    if (!reply.ok()) co_return peon::answer_of(reply);
    co_await stops_.forget(text_of(visit.server, "id"));
    const std::string uid = text_of(visit.server, "game") + "." + text_of(visit.server, "name");
    const Json body{{"success", with_data ? uid + " is being removed with its data"
                                          : uid + " is being removed; its data stays"}};
    co_return json_answer(200, body);
}

asio::awaitable<http::Answer> Peon::destroy(Visit visit) {
    const auto with_data = peon::eradicate_in(visit.body);
    if (!with_data) co_return refuse(with_data.error());
    co_return co_await remove(visit, *with_data);
}

asio::awaitable<http::Answer> Peon::eradicate(Visit visit) {
    const auto is_meant = peon::eradicate_in(visit.body);
    if (!is_meant) co_return refuse(is_meant.error());
    if (!*is_meant) {
        co_return refuse(Error{
            Errc::unprocessable,
            "this removes the server and its data; say that you mean it: {\"eradicate\": \"True\"}",
            "eradicate"});
    }
    co_return co_await remove(visit, true);
}

asio::awaitable<http::Answer> Peon::plans(Visit visit) {
    auto found = co_await all_of(visit.api, "/api/v1/games");
    if (auto* failed = std::get_if<http::Response>(&found)) co_return std::move(*failed);
    Json plans = Json::array();
    for (const auto& game : std::get<Json>(found)) plans.push_back(peon::plan_of(game));
    const Json body{{"plans", std::move(plans)}};
    co_return json_answer(200, body);
}

asio::awaitable<PeonStops::Done> Peon::stop_later(std::string server_id, std::string token_id) {
    const std::string path = "/api/v1/servers/" + http::percent_encode(server_id);
    const auto ask = [&](const char* method, std::string target) {
        return coordinator_->call_as(token_id, request_of(method, {}, "timer"), std::move(target));
    };
    auto got = co_await ask("GET", path);
    const auto server = co_await read_whole(executor_, std::move(got));
    if (server.ok()) {
        const auto state = text_of(server.body, "state");
        if (state == "stopped" || state == "stopping" || state == "removing") {
            co_return PeonStops::Done::yes;
        }
        auto asked = co_await ask("POST", path + "/stop");
        const auto reply = co_await read_whole(executor_, std::move(asked));
        if (reply.ok()) co_return PeonStops::Done::yes;
        // It is busy, or the store or the node is away: that passes.
        if (reply.status == 409 || reply.status == 429 || reply.status >= 500) {
            co_return PeonStops::Done::later;
        }
        if (warn) warn("the stop of " + server_id + " was refused: " + reply.error().message);
        co_return PeonStops::Done::yes;
    }
    if (server.status == 429 || server.status >= 500) co_return PeonStops::Done::later;
    if (server.status != 404 && warn) {
        warn("the stop of " + server_id + " was refused: " + server.error().message);
    }
    co_return PeonStops::Done::yes;
}

}  // namespace muster::faces
