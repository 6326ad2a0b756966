#pragma once

#include <memory>
#include <string>

#include "house.hpp"

namespace muster::coordinator {

/// What a console or an exec over a WebSocket does with the node's pieces and the person's bytes.
struct Terminal {
    std::shared_ptr<http::WebSocket> socket;
    Principal who;
    bool may_type = false;
    bool is_exec = false;
    std::function<void(const std::string& bytes)> typed;  ///< hears what was typed; may be empty
};

/// Joins a WebSocket and a node's stream until either ends, then closes the socket.
asio::awaitable<void> join(House& house, Terminal terminal, std::string node_id,
                           wire::OpenStream what);

/// Closes with the code that stands for the error: 1008 for what the caller did, 1013 for what may
/// be tried again.
void close_with(http::WebSocket& socket, const Error& error);

}  // namespace muster::coordinator
