#pragma once

#include "lobby.hpp"

/// How a player comes in, comes back and goes: offers handed to world servers, and tickets.
namespace muster::coordinator {

/// POST /api/v1/worlds/{world}/join.
asio::awaitable<http::Response> join(Lobby& lobby, Call& call);
/// POST /api/v1/worlds/{world}/leave.
[[nodiscard]] http::Response leave(Lobby& lobby, Call& call);

}  // namespace muster::coordinator
