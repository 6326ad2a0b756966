#include "routes.hpp"

#include <algorithm>
#include <charconv>

#include "muster/base/assert.hpp"
#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"

namespace muster::coordinator {

const std::string& Call::id() const {
    const auto found = request.path_parameters.find("id");
    MUSTER_ASSERT(found != request.path_parameters.end());
    return found->second;
}

std::string Call::query(std::string_view name) const {
    return request.query_one(name).value_or(std::string());
}

Result<void> Call::only(std::initializer_list<std::string_view> names) const {
    for (const auto& [name, value] : request.query) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        std::vector<std::string> known(names.begin(), names.end());
        return fail(Errc::invalid_argument,
                    "there is no such query parameter" +
                        (known.empty() ? std::string() : "; " + suggestion(name, known)),
                    name.substr(0, 64));
    }
    return {};
}

Result<std::size_t> Call::limit() const {
    const auto text = request.query_one("limit");
    if (!text) return std::size_t{100};
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < 1 || value > 500) {
        return fail(Errc::invalid_argument, "it must be a whole number from 1 to 500", "limit");
    }
    return value;
}

Result<std::string> Call::cursor() const {
    const auto text = request.query_one("cursor");
    if (!text || text->empty()) return std::string();
    auto decoded = text->size() <= 1024 ? from_base64url(*text) : std::nullopt;
    if (!decoded) {
        return fail(Errc::invalid_argument, "it is not a cursor that a list gave", "cursor");
    }
    return *std::move(decoded);
}

Result<void> Call::matches(std::string_view version) const {
    const auto tags = request.headers.list("If-Match");
    if (tags.empty()) return {};
    const std::string quoted = "\"" + std::string(version) + "\"";
    for (const auto tag : tags) {
        if (tag == "*" || tag == quoted) return {};
    }
    return fail(Errc::precondition_failed,
                "it has changed meanwhile: its version is " + std::string(version), "If-Match");
}

http::Response json_response(int status, const Json& body) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.headers.set("Cache-Control", "no-store");
    response.body = to_text(body);
    return response;
}

http::Response object_response(const Json& body) {
    auto response = json_response(200, body);
    // A node's "version" is that of its software.
    for (const char* name : {"resource_version", "version"}) {
        const auto version = body.find(name);
        if (version == body.end() || !version->is_string()) continue;
        response.headers.set("ETag", "\"" + version->get<std::string>() + "\"");
        break;
    }
    return response;
}

http::Response list_response(Json items, const std::string& next, std::int64_t age_ms) {
    Json body = Json::object();
    body["items"] = std::move(items);
    body["next_cursor"] = next.empty() ? Json(nullptr) : Json(to_base64url(next));
    body["age_ms"] = age_ms;
    return json_response(200, body);
}

http::Response no_content() {
    http::Response response;
    response.status = 204;
    return response;
}

void Routes::get(const std::string& pattern, Access access, AnswerNow handler) {
    Route route;
    route.now = std::move(handler);
    add("GET", pattern, access, std::move(route));
}

void Routes::get_later(const std::string& pattern, Access access, AnswerLater handler) {
    Route route;
    route.later = std::move(handler);
    add("GET", pattern, access, std::move(route));
}

void Routes::change(const std::string& method, const std::string& pattern, Access access,
                    std::string action, AnswerNow handler) {
    Route route;
    route.action = std::move(action);
    route.now = std::move(handler);
    add(method, pattern, access, std::move(route));
}

void Routes::change_later(const std::string& method, const std::string& pattern, Access access,
                          std::string action, AnswerLater handler) {
    Route route;
    route.action = std::move(action);
    route.later = std::move(handler);
    add(method, pattern, access, std::move(route));
}

void Routes::open(const std::string& method, const std::string& pattern, AnswerLater handler) {
    Route route;
    route.later = std::move(handler);
    add(method, pattern, Access::anyone, std::move(route));
}

void Routes::websocket(const std::string& pattern, Access access, Talk handler) {
    guard_.set("GET", pattern, access);
    router_.add_websocket(pattern,
                          [this, handler = std::move(handler)](
                              http::Request request,
                              std::shared_ptr<http::WebSocket> socket) -> asio::awaitable<void> {
                              auto who = guard_.who(request);
                              // Never empty unless the token was deleted between the guard and
                              // here.
                              return handler(who.value_or(Principal{}), std::move(request),
                                             std::move(socket));
                          });
}

void Routes::add(const std::string& method, const std::string& pattern, Access access,
                 Route route) {
    guard_.set(method, pattern, access);
    auto shared = std::make_shared<const Route>(std::move(route));
    router_.add(method, pattern, [this, shared](http::Request request) {
        return serve(shared, std::move(request));
    });
}

asio::awaitable<http::Answer> Routes::serve(std::shared_ptr<const Route> route,
                                            http::Request request) {
    Call call;
    call.who = guard_.who(request).value_or(Principal{});
    call.request = std::move(request);
    Result<http::Answer> answer = fail(Errc::internal, "nothing answered");
    try {
        if (route->action.empty()) {
            answer = co_await handle(route, call);
        } else {
            answer = co_await change(route, call);
        }
    } catch (const std::exception& error) {
        answer = fail(Errc::internal, std::string("a fault of ours: ") + error.what());
    }
    if (!answer) co_return http::Answer(http::problem(answer.error()));
    co_return *std::move(answer);
}

asio::awaitable<Result<http::Answer>> Routes::handle(std::shared_ptr<const Route> route,
                                                     Call& call) {
    if (route->later) co_return co_await route->later(call);
    auto response = route->now(call);
    if (!response) co_return std::unexpected(response.error());
    co_return http::Answer(*std::move(response));
}

asio::awaitable<Result<http::Answer>> Routes::change(std::shared_ptr<const Route> route,
                                                     Call& call) {
    if (!ledger_.failing().empty()) {
        co_return fail(Errc::unavailable, "the store cannot be written now: " + ledger_.failing());
    }
    std::string name;
    const auto key = call.request.headers.find("Idempotency-Key");
    if (key && call.request.method == "POST") {
        auto named = Idempotency::name_of(call.request, call.who.id, *key);
        if (!named) co_return std::unexpected(named.error());
        auto before = idempotency_.begin(*named, call.request);
        if (!before) co_return std::unexpected(before.error());
        if (*before) {
            auto again = **std::move(before);
            again.headers.set("Idempotent-Replayed", "true");
            co_return http::Answer(std::move(again));
        }
        name = *std::move(named);
    }
    Result<http::Answer> answer = fail(Errc::internal, "nothing answered");
    try {
        answer = co_await handle(route, call);
    } catch (...) {
        idempotency_.abandon(name);
        throw;
    }
    const auto* response = answer ? std::get_if<http::Response>(&*answer) : nullptr;
    const bool is_done = answer && (response == nullptr || response->status < 400);
    if (!is_done) {
        // What was refused changed nothing, so the same key may come again with better content.
        idempotency_.abandon(name);
        co_return answer;
    }
    auto object = call.audit_object;
    if (object.empty() && call.request.path_parameters.contains("id")) object = call.id();
    audit_.note(call.who.id, route->action, std::move(object), std::move(call.audit_detail));
    if (!name.empty() && response != nullptr) {
        idempotency_.finish(name, *response, call.shows_secret);
    }
    if (auto settled = co_await ledger_.settled(); !settled) {
        co_return std::unexpected(settled.error());
    }
    co_return answer;
}

}  // namespace muster::coordinator
