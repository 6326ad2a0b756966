#pragma once

#include <expected>
#include <optional>
#include <string>

#include "request_parser.hpp"

namespace muster::http {

/// Whether the request asks to become a WebSocket (RFC 6455 §4.2.1); "Upgrade: tcp" does not.
[[nodiscard]] bool asks_for_websocket(const Request& request);
/// What is wrong with such a request, before anything is upgraded.
[[nodiscard]] std::expected<void, Refusal> check_websocket(const Request& request,
                                                           bool is_http_1_1);
/// Moves the offered subprotocol `bearer.X` to `Authorization: Bearer X` (unless there is one), so
/// that a browser, which cannot set a header, can still say who it is.
void take_bearer_subprotocol(Request& request);
/// `muster` when it is offered, otherwise none.
[[nodiscard]] std::string choose_subprotocol(const Request& request);

}  // namespace muster::http
