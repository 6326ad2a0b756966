#include "router.hpp"

#include <algorithm>

#include "muster/base/assert.hpp"

namespace muster::http {
namespace {

enum class Kind { literal, parameter, rest };

Kind kind_of(std::string_view segment) {
    if (!segment.starts_with('{')) return Kind::literal;
    return segment.ends_with("*}") ? Kind::rest : Kind::parameter;
}

std::string name_of_parameter(std::string_view segment) {
    segment.remove_prefix(1);
    segment.remove_suffix(kind_of("{" + std::string(segment)) == Kind::rest ? 2 : 1);
    return std::string(segment);
}

std::vector<std::string> split(std::string_view pattern) {
    MUSTER_ASSERT(pattern.starts_with('/'));
    std::vector<std::string> out;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);
        const std::size_t end = pattern.find('/');
        out.emplace_back(pattern.substr(0, end));
        pattern = end == std::string_view::npos ? std::string_view{} : pattern.substr(end);
    }
    for (std::size_t i = 0; i + 1 < out.size(); ++i) MUSTER_ASSERT(kind_of(out[i]) != Kind::rest);
    return out;
}

bool fits(const Route& route, std::span<const std::string> segments) {
    const auto& wanted = route.segments;
    if (kind_of(wanted.back()) == Kind::rest) {
        if (segments.size() < wanted.size()) return false;
    } else if (segments.size() != wanted.size()) {
        return false;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const Kind kind = kind_of(wanted[i]);
        if (kind == Kind::rest) return true;
        if (kind == Kind::literal && wanted[i] != segments[i]) return false;
        if (kind == Kind::parameter && segments[i].empty()) return false;
    }
    return true;
}

bool more_special(const Route& a, const Route& b) {
    return std::ranges::lexicographical_compare(
        a.segments, b.segments, {}, [](const std::string& segment) { return kind_of(segment); },
        [](const std::string& segment) { return kind_of(segment); });
}

Route& route_for(Router::State& state, const std::string& pattern) {
    const auto known = std::ranges::find(state.routes, pattern, &Route::pattern);
    if (known != state.routes.end()) return *known;
    Route route{pattern, split(pattern), {}, {}};
    const auto place = std::ranges::upper_bound(state.routes, route, more_special);
    return *state.routes.insert(place, std::move(route));
}

}  // namespace

Router::Router() : state_(std::make_unique<State>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string method, std::string pattern, Handler handler) {
    Route& route = route_for(*state_, pattern);
    const bool is_new = route.by_method.emplace(std::move(method), std::move(handler)).second;
    MUSTER_ASSERT(is_new);
}

void Router::add_websocket(std::string pattern, WebSocketHandler handler) {
    Route& route = route_for(*state_, pattern);
    MUSTER_ASSERT(!route.websocket);
    route.websocket = std::move(handler);
}

void Router::set_guard(Guard guard) {
    state_->guard = std::move(guard);
}
void Router::set_observer(Observer observer) {
    state_->observer = std::move(observer);
}
void Router::set_fault_sink(FaultSink sink) {
    state_->fault_sink = std::move(sink);
}
void Router::serve_files(std::string folder, FileOptions options) {
    state_->folder = std::move(folder);
    state_->file_options = std::move(options);
}

Match match(const Router::State& state, std::string_view method,
            std::span<const std::string> segments) {
    Match out;
    bool websocket = false;
    for (const Route& route : state.routes) {
        if (!fits(route, segments)) continue;
        websocket = websocket || route.websocket;
        for (const auto& [name, handler] : route.by_method) {
            out.allowed.insert(name);
            if (out.handler == nullptr && name == method) {
                out.route = &route;
                out.handler = &handler;
            }
        }
    }
    out.websocket_only = websocket && out.allowed.empty();
    if (out.handler == nullptr && method == "HEAD" && out.allowed.contains("GET")) {
        return match(state, "GET", segments);
    }
    return out;
}

const Route* match_websocket(const Router::State& state, std::span<const std::string> segments) {
    const auto found = std::ranges::find_if(state.routes, [segments](const Route& route) {
        return route.websocket && fits(route, segments);
    });
    return found == state.routes.end() ? nullptr : &*found;
}

std::map<std::string, std::string> parameters_of(const Route& route,
                                                 std::span<const std::string> segments) {
    std::map<std::string, std::string> out;
    for (std::size_t i = 0; i < route.segments.size(); ++i) {
        const Kind kind = kind_of(route.segments[i]);
        if (kind == Kind::literal) continue;
        std::string value = segments[i];
        for (std::size_t k = i + 1; kind == Kind::rest && k < segments.size(); ++k) {
            value += "/" + segments[k];
        }
        out.emplace(name_of_parameter(route.segments[i]), std::move(value));
    }
    return out;
}

std::string allow_of(const Match& match) {
    std::set<std::string> methods = match.allowed;
    if (methods.contains("GET")) methods.insert("HEAD");
    methods.insert("OPTIONS");
    std::string out;
    for (const std::string& method : methods) out += (out.empty() ? "" : ", ") + method;
    return out;
}

}  // namespace muster::http
