#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "muster/base/error.hpp"
#include "muster/http/message.hpp"

namespace muster::http {

namespace asio = boost::asio;

/// Where a client connects to.
struct Endpoint {
    struct Unix {
        std::string path;
    };
    struct Tcp {
        std::string host;
        std::uint16_t port = 80;
    };
    struct Tls {
        std::string host;
        std::uint16_t port = 443;
        std::string ca_pem;           ///< trust only this; empty: the system's store
        std::string certificate_pem;  ///< client certificate, or empty
        std::string private_key_pem;
    };
    std::variant<Unix, Tcp, Tls> at;

    /// unix:///path, http://host[:port], https://host[:port], tcp://host:port. `ca_pem` for https.
    static Result<Endpoint> parse(std::string_view url, std::string ca_pem = {});
};

struct ClientRequest {
    std::string method = "GET";
    std::string target = "/";  ///< already encoded, with its query
    Fields headers;
    std::string body;
};

/// A response whose body arrives over time; reads at the caller's pace. Destroying it closes the
/// connection.
class IncomingBody {
  public:
    virtual ~IncomingBody() = default;
    [[nodiscard]] virtual const Response& head() const = 0;  ///< its body is empty
    /// The next bytes as they come; empty text at the end; `unavailable` when cut off before the
    /// end; `timeout` when nothing came within `idle` (zero: wait for ever).
    virtual asio::awaitable<Result<std::string>> read(std::chrono::milliseconds idle) = 0;
    virtual void close() = 0;  ///< a pending read ends with `cancelled`
};

/// A connection taken over after "101 Switching Protocols" (Docker's attach and exec): raw bytes
/// both ways.
class RawConnection {
  public:
    virtual ~RawConnection() = default;
    virtual asio::awaitable<Result<std::string>> read() = 0;  ///< empty at the end
    virtual asio::awaitable<Result<void>> write(std::string bytes) = 0;
    virtual void shut_write() = 0;  ///< the peer reads an end; nothing over TLS
    virtual void close() = 0;       ///< pending reads and writes end with `cancelled`
};

/// A source for request bodies that do not fit in memory; empty text at the end.
using BodySource = std::function<asio::awaitable<Result<std::string>>()>;

/// An HTTP/1.1 client for one endpoint; keeps idle connections (at most 8) and retries once on one
/// that the server had closed meanwhile, for idempotent methods. All on one executor.
class Client {
  public:
    Client(asio::any_io_executor executor, Endpoint endpoint);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    static constexpr std::size_t body_bytes_max = 64U << 20U;

    /// The whole response; any status is a success here. `unavailable` when nobody answers there,
    /// `timeout`.
    asio::awaitable<Result<Response>> send(ClientRequest request,
                                           std::chrono::milliseconds deadline);
    /// Sends, and returns when the head of the response is there (`deadline` is for that).
    asio::awaitable<Result<std::unique_ptr<IncomingBody>>> open(ClientRequest request,
                                                                std::chrono::milliseconds deadline);
    /// As `open`, with a chunked request body read from `source`.
    asio::awaitable<Result<std::unique_ptr<IncomingBody>>> upload(
        ClientRequest request, BodySource source, std::chrono::milliseconds deadline);
    /// Sends with "Connection: Upgrade, Upgrade: tcp". Any answer but 101 (or 200, as Docker may
    /// give) is an error that carries the body's text.
    asio::awaitable<Result<std::unique_ptr<RawConnection>>> upgrade(
        ClientRequest request, std::chrono::milliseconds deadline);

  private:
    struct State;
    std::shared_ptr<State> state_;  ///< shared with what is still pending when a client goes away
};

/// The client's end of a WebSocket, for the command line and tests.
class WebSocketClient {
  public:
    virtual ~WebSocketClient() = default;
    static asio::awaitable<Result<std::unique_ptr<WebSocketClient>>> connect(
        asio::any_io_executor executor, Endpoint endpoint, std::string target, Fields headers,
        std::chrono::milliseconds deadline);
    static constexpr std::size_t message_bytes_max = 16U << 20U;
    static constexpr std::size_t queue_bytes_max = 4U << 20U;

    /// `cancelled` with the close reason at the end.
    virtual asio::awaitable<Result<std::string>> receive() = 0;
    /// Whether the message that receive() gave last was a binary one.
    [[nodiscard]] virtual bool got_binary() const = 0;
    /// Any number of senders; the order of the calls is kept. `exhausted` when more than
    /// `queue_bytes_max` wait.
    virtual asio::awaitable<Result<void>> send(std::string data, bool binary) = 0;
    asio::awaitable<Result<void>> send(std::string text) { return send(std::move(text), false); }
    virtual void close() = 0;
};

}  // namespace muster::http
