#pragma once

#include <memory>

#include "byte_stream.hpp"
#include "muster/http/server.hpp"

namespace muster::http {

/// The server's side of one WebSocket: what the handler sees, and what the connection needs around
/// it.
class WebSocketSession : public WebSocket {
  public:
    /// Answers the upgrade with 101; false when the client went away meanwhile. `request` must have
    /// passed check_websocket. Then reading and writing go on by themselves.
    virtual asio::awaitable<bool> accept(Request request, std::string subprotocol) = 0;
    /// Returns when the closing handshake is done or given up; close() was called before.
    virtual asio::awaitable<void> ended() = 0;
    /// Ends it at once, without a handshake.
    virtual void cut() = 0;
};

[[nodiscard]] std::shared_ptr<WebSocketSession> make_websocket(std::unique_ptr<ByteStream> stream,
                                                               std::string unread,
                                                               const Limits& limits);

}  // namespace muster::http
