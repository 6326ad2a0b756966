#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <string>

#include "byte_stream.hpp"
#include "exchange.hpp"
#include "request_parser.hpp"
#include "signal.hpp"
#include "websocket.hpp"
#include "wire.hpp"

namespace muster::http {

/// One client's connection: reads requests, has them answered, one after the other, until it
/// becomes a WebSocket or ends. Shared by its coroutine and by what is pending on the transport.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<const Site> site, std::unique_ptr<ByteStream> transport,
               std::string remote_address, bool secure);

    /// Serves until the end. `self` keeps the connection alive meanwhile. Throws nothing.
    asio::awaitable<void> run(std::shared_ptr<Connection> self);
    /// Says 503 instead of serving.
    asio::awaitable<void> refuse(std::shared_ptr<Connection> self);
    /// Ends when what is being served has ended; at once when that is nothing.
    void begin_stop();
    /// Ends now; cancels the handler.
    void cut();
    /// To be bound to the completion of run().
    [[nodiscard]] asio::cancellation_slot cancellation() { return cancellation_.slot(); }

    /// Of the response that is being streamed: false when the client is gone.
    asio::awaitable<bool> write(std::string head, std::string body);
    asio::awaitable<void> until_closed();
    [[nodiscard]] bool is_gone() const { return ended_ || dead_; }

  private:
    enum class Fill { data, end, timeout };
    enum class Reading { request, nothing, refusal };
    asio::awaitable<Fill> fill(SteadyTime deadline);
    void start_read();
    asio::awaitable<bool> handshake();
    asio::awaitable<bool> serve_one();
    asio::awaitable<Reading> read_request(RequestParser* parser);
    asio::awaitable<std::optional<bool>> read_part(RequestParser* parser, SteadyTime* deadline);
    asio::awaitable<bool> answer(Exchange* exchange, bool keep_alive, bool is_http_1_1);
    asio::awaitable<bool> send_response(Response response, bool is_head, bool keep_alive);
    asio::awaitable<bool> send_stream(Exchange* exchange, StreamResponse stream, bool keep_alive,
                                      bool is_http_1_1);
    asio::awaitable<void> serve_websocket(Exchange* exchange, WebSocketHandler handler);
    asio::awaitable<void> part(bool with_unread);
    void observe(const Request& request, int status) const;

    static constexpr std::size_t read_bytes = 16U << 10U;
    static constexpr std::size_t watch_bytes_max = 64U << 10U;

    std::shared_ptr<const Site> site_;
    const Limits& limits_;  // of the site
    std::unique_ptr<ByteStream> transport_;
    std::string remote_address_;
    bool secure_;
    asio::cancellation_signal cancellation_;
    std::shared_ptr<WebSocketSession> websocket_;

    std::string input_;  // read and not yet taken
    std::string read_buffer_;
    bool reading_ = false;
    bool watching_ = false;  // reads on while a stream is sent, to see the client go
    bool ended_ = false;     // nothing more comes
    TimedSignal read_signal_;
    Signal closed_signal_;

    std::string output_head_, output_body_;
    bool writing_ = false;
    std::size_t written_ = 0;
    bool dead_ = false;  // nothing can be written any more
    TimedSignal write_signal_;

    std::optional<Refusal> refusal_;
    SteadyTime started_{};
    std::size_t served_ = 0;
    bool idle_ = false;
    bool stopping_ = false;
};

}  // namespace muster::http
