#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "muster/base/error.hpp"
#include "muster/http/message.hpp"

namespace muster::http {

namespace asio = boost::asio;

/// Where a handler writes a body of unknown length (chunked). Back-pressure is the awaited write; a
/// client that takes nothing for `Limits::write_deadline` is cut off. All on the server's executor.
class BodyWriter {
  public:
    virtual ~BodyWriter() = default;
    /// Fails with `cancelled` once the client is gone or the server's grace is over.
    virtual asio::awaitable<Result<void>> write(std::string chunk) = 0;
    /// Completes when the client is gone or the server is stopping: for streams that wait for
    /// something else. A stream that can end soon by itself may go on writing within the grace.
    virtual asio::awaitable<void> closed() = 0;
};

/// A response whose body is written over time: chunked, or of a known length when `headers` has
/// Content-Length (then writing another number of bytes is an error). For HEAD `body` is not
/// called. When `body` returns an error, the connection is
/// closed without the final chunk, so that a client can tell "cut" from "complete".
struct StreamResponse {
    int status = 200;
    Fields headers;
    std::function<asio::awaitable<Result<void>>(BodyWriter&)> body;
};

using Answer = std::variant<Response, StreamResponse>;

/// One WebSocket, RFC 6455, already accepted. One reader and any number of senders.
class WebSocket {
  public:
    virtual ~WebSocket() = default;
    struct Message {
        bool binary = false;
        std::string data;
    };
    /// The next message; `cancelled` when the peer or we closed it. What comes before it is asked
    /// for waits, up to Limits::websocket_message_bytes_max, and then the peer has to.
    virtual asio::awaitable<Result<Message>> receive() = 0;
    /// Queues a message; over Limits::websocket_queue_bytes_max the socket is closed with 1013 and
    /// this returns `exhausted`: a reader that is too slow is cut off rather than fed stale data.
    /// `cancelled` once it is closed. Text that is not UTF-8 is mended, for a client may not
    /// accept it.
    virtual Result<void> send(std::string data, bool binary = false) = 0;
    /// Sends what is queued and then starts the closing handshake; receive() ends. 1000 normal,
    /// 1008 policy, 1011 our fault, 1013 later. A handler that returns closes with 1000, one that
    /// throws with 1011, a server that stops with 1001.
    virtual void close(unsigned code, std::string reason) = 0;
};

using Handler = std::function<asio::awaitable<Answer>(Request)>;
using WebSocketHandler = std::function<asio::awaitable<void>(Request, std::shared_ptr<WebSocket>)>;
/// Runs before a handler (after routing, so that Request::route is set; also for WebSockets, before
/// the upgrade). A Response ends the request there. May change the request, e.g. add a header for
/// the handler. What a browser's WebSocket offers as the subprotocol `bearer.X` is here the header
/// `Authorization: Bearer X`.
using Guard = std::function<asio::awaitable<std::optional<Response>>(Request&)>;
/// Sees every finished request: for metrics and the access log; the request's body is gone. For a
/// WebSocket it is called when the upgrade is answered, with 101. A request that could not be read
/// has only what was.
using Observer = std::function<void(const Request&, int status, std::chrono::microseconds took)>;
/// Told of every exception that a guard or a handler let out; the client got a 500, a cut stream or
/// the close code 1011, without the text.
using FaultSink = std::function<void(const Request&, std::string_view what)>;

/// Routes by method and pattern ("/api/v1/servers/{id}/logs"; a last "{name*}" takes the rest of
/// the path). A literal wins over a parameter; a parameter is one segment, may hold an encoded
/// slash and is never empty. A path that exists with other
/// methods gets 405 with Allow; HEAD is answered from GET; OPTIONS says Allow. Unknown paths get
/// the fallback, or 404.
class Router {
  public:
    struct FileOptions {
        /// Access-Control-Allow-Origin of every file, so that pages of that origin may load it;
        /// "*" allows all, empty none.
        std::string origin;
    };
    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;
    void add(std::string method, std::string pattern, Handler handler);
    void add_websocket(std::string pattern, WebSocketHandler handler);
    void set_guard(Guard guard);
    void set_observer(Observer observer);
    void set_fault_sink(FaultSink sink);
    /// Serves the files of a folder for GETs that match no route; `/` is index.html; paths without
    /// an extension that name no file get index.html too (a page with client-side routes), that of
    /// the folder that they name if it has one, unless they start with "/api/". ETag, precompressed
    /// `.gz` beside a file, no path outside the folder. Names that change with the content are
    /// immutable, everything else is asked for again.
    void serve_files(std::string folder, FileOptions options = {});
    struct State;
    [[nodiscard]] const State& state() const { return *state_; }

  private:
    std::unique_ptr<State> state_;
};

struct Limits {
    std::size_t header_bytes_max = 16U << 10U;
    std::size_t body_bytes_max = 4U << 20U;
    std::size_t connections_max = 4096;
    std::size_t connections_per_address_max = 256;
    std::chrono::milliseconds header_deadline{10'000};
    std::chrono::milliseconds body_deadline{60'000};
    std::chrono::milliseconds write_deadline{60'000};
    std::chrono::milliseconds idle_deadline{75'000};
    std::size_t websocket_message_bytes_max = 1U << 20U;
    std::size_t websocket_queue_bytes_max = 4U << 20U;
    std::chrono::milliseconds websocket_ping{20'000};  ///< no pong for twice that: closed
};

struct TlsFiles {
    std::string certificate_chain_pem;  ///< the PEM text itself, not a path
    std::string private_key_pem;
    /// When given, a client must show a certificate that this authority signed.
    std::string client_ca_pem;
};

/// An HTTP/1.1 server. Lives on one executor, whose context runs on one thread.
class Server {
  public:
    struct Options {
        std::string host = "127.0.0.1";
        std::uint16_t port = 0;  ///< 0 asks the system
        std::optional<TlsFiles> tls;
        Limits limits;
    };
    /// Binds and listens; `unavailable` names the address that is taken; `invalid_argument` when
    /// the host is no numeric address (or "localhost"), or certificate and key cannot be used.
    static Result<std::unique_ptr<Server>> open(asio::any_io_executor executor, Options options,
                                                Router router);
    virtual ~Server() = default;
    [[nodiscard]] virtual std::string host() const = 0;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Accepts until stop(). To be co_spawned by the owner, who destroys the server only after
    /// stop() has returned.
    virtual asio::awaitable<void> run() = 0;
    /// Stops accepting, closes what is idle, asks WebSockets (1001) and streams to end, lets
    /// running requests end for up to `grace`, then cuts and cancels them. Returns when all are
    /// gone. Not to be awaited by a handler of this server.
    virtual asio::awaitable<void> stop(std::chrono::milliseconds grace) = 0;
    [[nodiscard]] virtual std::size_t connections() const = 0;  ///< open now, for metrics

    /// A request from within the process: routed, guarded, answered and observed as if it had come
    /// over a connection, without one. `target` is as sent ("/api/v1/servers?limit=5"); method,
    /// headers, body and remote_address are the caller's, and headers may hold anything. Limits of
    /// a connection do not apply, and stop() does not wait for it: that is the caller's to do.
    virtual asio::awaitable<Answer> call(Request request, std::string target) = 0;
    /// The same for a WebSocket, whose server's end the caller plays. A response when there is
    /// none to be had there; nothing once the handler has ended, and then the socket was closed.
    virtual asio::awaitable<std::optional<Response>> talk(Request request, std::string target,
                                                          std::shared_ptr<WebSocket> socket) = 0;
};

}  // namespace muster::http
