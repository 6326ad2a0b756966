#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "muster/http/server.hpp"

/// For tests: a server on the loopback and a client that sends exactly the bytes it is told.
namespace muster::http::testing {

/// A server and a test coroutine on one context.
class Harness {
  public:
    asio::io_context context;
    std::unique_ptr<Server> server;

    /// Opens on 127.0.0.1, on a port that the system chooses.
    void open(Router router, Limits limits = {}, std::optional<TlsFiles> tls = std::nullopt);
    /// Serves, runs the coroutine to its end, stops the server and waits for everything to be gone.
    /// Fails the test when that takes a minute, or on an exception.
    void run(asio::awaitable<void> test);
    /// Waits for what no event tells.
    asio::awaitable<void> pause(std::chrono::milliseconds time);
};

struct RawResponse {
    int status = 0;
    Fields headers;
    std::string body;
    bool complete = false;  ///< false: the connection ended before the body did
};

class RawClient {
  public:
    explicit RawClient(Harness& harness) : RawClient(harness.context, harness.server->port()) {}
    RawClient(asio::io_context& context, std::uint16_t port);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    asio::awaitable<void> connect();
    struct Tls {
        std::string ca_pem;
        std::string certificate_pem;
        std::string private_key_pem;
        int version_max = 0;  ///< TLS1_1_VERSION ...; 0: any
        std::string alpn;     ///< offered, when not empty
    };
    /// False when the handshake fails.
    asio::awaitable<bool> connect_tls(Tls tls);
    [[nodiscard]] std::string chosen_alpn() const;

    asio::awaitable<bool> send(std::string bytes);
    /// The next response, of any framing. `to_head`: it has no body.
    asio::awaitable<RawResponse> response(bool to_head = false);
    asio::awaitable<RawResponse> get(std::string path, std::string more_fields = {});
    /// At least that many bytes, or what came before the end.
    asio::awaitable<std::string> read(std::size_t bytes);
    /// All until the peer ends it.
    asio::awaitable<std::string> read_to_end();
    asio::awaitable<bool> fill();  ///< false at the end
    void close();
    void shut_write();
    void set_small_receive_buffer();  ///< before connect()

    struct Frame {
        int opcode = -1;  ///< -1: the connection ended
        bool final = false;
        std::string payload;
        [[nodiscard]] unsigned close_code() const;
    };
    asio::awaitable<RawResponse> upgrade(std::string path, std::string more_fields = {});
    asio::awaitable<bool> send_frame(int opcode, std::string payload, bool final = true);
    asio::awaitable<Frame> frame();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// An authority, a server at 127.0.0.1 and a client that it signed, valid for an hour.
struct Certificates {
    std::string authority_pem;
    TlsFiles server;
    std::string client_certificate_pem;
    std::string client_private_key_pem;
};
[[nodiscard]] Certificates make_certificates();

}  // namespace muster::http::testing
