#include "upgrade.hpp"

#include <algorithm>

#include "muster/base/encoding.hpp"

namespace muster::http {
namespace {

constexpr std::string_view offers = "Sec-WebSocket-Protocol";
constexpr std::string_view bearer = "bearer.";
constexpr std::string_view subprotocol = "muster";

bool lists(const Request& request, std::string_view name, std::string_view item) {
    return std::ranges::any_of(request.headers.list(name),
                               [item](std::string_view one) { return same_name(one, item); });
}

std::unexpected<Refusal> refuse(int status, std::string message, std::string field) {
    return std::unexpected(
        Refusal{status, Error{Errc::invalid_argument, std::move(message), std::move(field)}});
}

}  // namespace

bool asks_for_websocket(const Request& request) {
    return lists(request, "Upgrade", "websocket") && lists(request, "Connection", "upgrade");
}

std::expected<void, Refusal> check_websocket(const Request& request, bool is_http_1_1) {
    if (request.method != "GET" || !is_http_1_1) {
        return refuse(400, "a WebSocket is asked for with GET and HTTP/1.1", "Upgrade");
    }
    if (!request.body.empty()) return refuse(400, "such a request has no body", "Upgrade");
    if (request.headers.find("Sec-WebSocket-Version") != "13") {
        return refuse(426, "only version 13 of WebSockets is spoken here", "Sec-WebSocket-Version");
    }
    const auto key = request.headers.find("Sec-WebSocket-Key");
    const auto bytes = from_base64(key.value_or(""));
    if (!bytes || bytes->size() != 16) {
        return refuse(400, "the key must be 16 bytes in base64", "Sec-WebSocket-Key");
    }
    return {};
}

void take_bearer_subprotocol(Request& request) {
    std::string rest;
    std::string token;
    for (const std::string_view offer : request.headers.list(offers)) {
        if (offer.starts_with(bearer)) {
            if (token.empty()) token = offer.substr(bearer.size());
            continue;
        }
        if (!rest.empty()) rest += ", ";
        rest += offer;
    }
    if (token.empty()) return;
    // The token must not stand where nobody expects a secret.
    request.headers.remove(offers);
    if (!rest.empty()) request.headers.add(std::string(offers), std::move(rest));
    if (!request.headers.find("Authorization")) {
        request.headers.add("Authorization", "Bearer " + token);
    }
}

std::string choose_subprotocol(const Request& request) {
    const auto offered = request.headers.list(offers);
    const bool known = std::ranges::find(offered, subprotocol) != offered.end();
    return known ? std::string(subprotocol) : std::string();
}

}  // namespace muster::http
