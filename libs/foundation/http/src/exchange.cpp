#include "exchange.hpp"

#include <boost/asio/this_coro.hpp>

#include "files.hpp"

namespace muster::http {
namespace {

Response fault() {
    return problem(Error{Errc::internal, "a fault of the server; its log says more", {}});
}

Response no_such_path(const std::string& path) {
    return problem(Error{Errc::not_found, "there is nothing at " + path, {}});
}

Response with_allow(Response response, const Match& match) {
    response.headers.set("Allow", allow_of(match));
    return response;
}

bool reads(std::string_view method) {
    return method == "GET" || method == "HEAD";
}

}  // namespace

std::string text_of_current_exception() {
    try {
        throw;
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "something that is no std::exception was thrown";
    }
}

void Exchange::report(std::string_view what) const {
    const auto& sink = site_->router.state().fault_sink;
    if (sink) sink(request_, what);
}

asio::awaitable<Exchange::Outcome> Exchange::run() {
    if (target_ == "*" && request_.method == "OPTIONS") {
        request_.path = target_;
        co_return Response{204, {}, {}};
    }
    auto target = parse_target(target_);
    if (!target) {
        co_return problem(target.error());
    }
    request_.path = target->path;
    request_.query = std::move(target->query);
    std::string what;
    try {
        if (websocket_) co_return co_await run_websocket(std::move(*target));
        co_return co_await run_handler(std::move(*target));
    } catch (...) {
        what = text_of_current_exception();
    }
    // A handler that we cancelled has no fault.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() == asio::cancellation_type::none) report(what);
    co_return fault();
}

asio::awaitable<Exchange::Outcome> Exchange::run_websocket(Target target) {
    const Route* route = match_websocket(site_->router.state(), target.segments);
    if (route == nullptr) co_return no_such_path(request_.path);
    request_.route = route->pattern;
    request_.path_parameters = parameters_of(*route, target.segments);
    if (const auto& guard = site_->router.state().guard) {
        if (auto refused = co_await guard(request_)) co_return std::move(*refused);
    }
    co_return route->websocket;
}

asio::awaitable<Exchange::Outcome> Exchange::run_handler(Target target) {
    const Router::State& state = site_->router.state();
    const Match found = match(state, request_.method, target.segments);
    if (found.handler == nullptr) co_return without_handler(found, target);
    request_.route = found.route->pattern;
    request_.path_parameters = parameters_of(*found.route, target.segments);
    if (state.guard) {
        if (auto refused = co_await state.guard(request_)) co_return std::move(*refused);
    }
    // The observer sees the request afterwards; its body is the handler's alone.
    std::string body = std::move(request_.body);
    request_.body.clear();
    Request given = request_;
    given.body = std::move(body);
    Answer answer = co_await (*found.handler)(std::move(given));
    if (auto* stream = std::get_if<StreamResponse>(&answer)) co_return std::move(*stream);
    co_return std::move(std::get<Response>(answer));
}

Exchange::Outcome Exchange::without_handler(const Match& found, const Target& target) const {
    const Router::State& state = site_->router.state();
    if (found.websocket_only) {
        Response response = problem(
            426, Error{Errc::invalid_argument, "only a WebSocket is served here", "Upgrade"});
        response.headers.add("Upgrade", "websocket");
        return response;
    }
    if (!found.allowed.empty()) {
        if (request_.method == "OPTIONS") return with_allow(Response{204, {}, {}}, found);
        return with_allow(
            problem(405,
                    Error{Errc::unsupported,
                          request_.method + " is not possible here; allowed: " + allow_of(found),
                          {}}),
            found);
    }
    if (!state.folder.empty() && reads(request_.method)) {
        if (auto answer = answer_from_files(state.folder, state.file_options, request_)) {
            if (auto* stream = std::get_if<StreamResponse>(&*answer)) return std::move(*stream);
            return std::move(std::get<Response>(*answer));
        }
    }
    return no_such_path(target.path);
}

}  // namespace muster::http
