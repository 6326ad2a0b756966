#include "client_transport.hpp"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include "client_socket.hpp"

namespace muster::http {
namespace {

using asio::ip::tcp;

bool quiet(PlainSocket& socket) {
    char byte = 0;
    const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

class PlainTransport final : public Transport {
  public:
    explicit PlainTransport(PlainSocket socket) : socket_(std::move(socket)) {}

    asio::awaitable<std::pair<error_code, std::size_t>> read_some(
        asio::mutable_buffer into) override {
        auto [error, got] = co_await socket_.async_read_some(into, use_tuple);
        if (error == asio::error::eof) co_return std::pair(error_code{}, std::size_t{0});
        co_return std::pair(error, got);
    }
    asio::awaitable<error_code> write(std::string bytes) override {
        auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(bytes), use_tuple);
        co_return error;
    }
    void shut_write() override {
        error_code ignored;
        socket_.shutdown(PlainSocket::shutdown_send, ignored);
    }
    void close() override {
        error_code ignored;
        socket_.close(ignored);
    }
    bool is_quiet() override { return quiet(socket_); }

  private:
    PlainSocket socket_;
};

class TlsTransport final : public Transport {
  public:
    TlsTransport(PlainSocket socket, std::shared_ptr<asio::ssl::context> context)
        : context_(std::move(context)), socket_(std::move(socket), *context_) {}

    asio::awaitable<error_code> handshake() {
        auto [error] = co_await socket_.async_handshake(TlsSocket::client, use_tuple);
        co_return error;
    }
    asio::awaitable<std::pair<error_code, std::size_t>> read_some(
        asio::mutable_buffer into) override {
        auto [error, got] = co_await socket_.async_read_some(into, use_tuple);
        if (error == asio::error::eof) co_return std::pair(error_code{}, std::size_t{0});
        co_return std::pair(error, got);
    }
    asio::awaitable<error_code> write(std::string bytes) override {
        auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(bytes), use_tuple);
        co_return error;
    }
    // TLS closes both ways at once in practice; a half-closed TLS connection is not offered.
    void shut_write() override {}
    void close() override {
        error_code ignored;
        socket_.next_layer().close(ignored);
    }
    bool is_quiet() override {
        return SSL_pending(socket_.native_handle()) == 0 && quiet(socket_.next_layer());
    }
    TlsSocket& socket() { return socket_; }

  private:
    std::shared_ptr<asio::ssl::context> context_;
    TlsSocket socket_;
};

/// A socket that is being connected, closed when the deadline comes.
class ConnectTimer {
  public:
    ConnectTimer(const asio::any_io_executor& executor, std::chrono::milliseconds after)
        : timer_(executor, after) {}
    template <typename Socket>
    void guard(const std::shared_ptr<Socket>& socket) {
        timer_.async_wait([weak = std::weak_ptr(socket), expired = expired_](error_code error) {
            if (error) return;
            *expired = true;
            if (auto alive = weak.lock()) {
                error_code ignored;
                alive->close(ignored);
            }
        });
    }
    [[nodiscard]] bool expired() const { return *expired_; }

  private:
    std::shared_ptr<bool> expired_ = std::make_shared<bool>(false);
    asio::steady_timer timer_;
};

std::unexpected<Error> not_there(const Endpoint& endpoint, const error_code& error) {
    return fail(Errc::unavailable,
                "nobody answers at " + describe(endpoint) + ": " + error.message());
}

std::unexpected<Error> too_late(const Endpoint& endpoint) {
    return fail(Errc::timeout, describe(endpoint) + " did not answer in time");
}

asio::awaitable<Result<PlainSocket>> connect_unix(asio::any_io_executor executor, Endpoint endpoint,
                                                  std::chrono::milliseconds deadline) {
    auto socket = std::make_shared<asio::local::stream_protocol::socket>(executor);
    ConnectTimer timer(executor, deadline);
    timer.guard(socket);
    const asio::local::stream_protocol::endpoint at(std::get<Endpoint::Unix>(endpoint.at).path);
    auto [error] = co_await socket->async_connect(at, use_tuple);
    if (timer.expired()) co_return too_late(endpoint);
    if (error) co_return not_there(endpoint, error);
    co_return PlainSocket(std::move(*socket));
}

asio::awaitable<Result<PlainSocket>> connect_tcp(asio::any_io_executor executor, Endpoint endpoint,
                                                 std::string host, std::uint16_t port,
                                                 std::chrono::milliseconds deadline) {
    auto socket = std::make_shared<tcp::socket>(executor);
    auto resolver = tcp::resolver(executor);
    ConnectTimer timer(executor, deadline);
    timer.guard(socket);
    auto [not_found, found] =
        co_await resolver.async_resolve(host, std::to_string(port), use_tuple);
    if (timer.expired()) co_return too_late(endpoint);
    if (not_found) co_return not_there(endpoint, not_found);
    error_code error = asio::error::host_not_found;
    for (const auto& entry : found) {
        error_code ignored;
        socket->close(ignored);
        auto [failed] = co_await socket->async_connect(entry.endpoint(), use_tuple);
        error = failed;
        if (timer.expired()) co_return too_late(endpoint);
        if (!error) break;
    }
    if (error) co_return not_there(endpoint, error);
    error_code ignored;
    socket->set_option(tcp::no_delay(true), ignored);
    co_return PlainSocket(std::move(*socket));
}

Result<void> load_identity(asio::ssl::context& context, const Endpoint::Tls& tls) {
    error_code error;
    if (!tls.certificate_pem.empty()) {
        context.use_certificate_chain(asio::buffer(tls.certificate_pem), error);
        if (error) {
            return fail(Errc::invalid_argument,
                        "the client certificate cannot be read: " + error.message(), "certificate");
        }
    }
    if (!tls.private_key_pem.empty()) {
        context.use_private_key(asio::buffer(tls.private_key_pem), asio::ssl::context::pem, error);
        if (error) {
            return fail(Errc::invalid_argument,
                        "the client's private key cannot be read: " + error.message(),
                        "private_key");
        }
    }
    return {};
}

}  // namespace

Deadline::Deadline(const asio::any_io_executor& executor,
                   const std::shared_ptr<Transport>& transport, std::chrono::milliseconds after)
    : expired_(std::make_shared<bool>(false)), timer_(executor) {
    if (after.count() == 0) return;
    timer_.expires_after(after);
    timer_.async_wait([weak = std::weak_ptr(transport), expired = expired_](error_code error) {
        if (error) return;
        *expired = true;
        if (auto alive = weak.lock()) alive->close();
    });
}

Deadline::~Deadline() = default;

Result<std::shared_ptr<asio::ssl::context>> tls_context(const Endpoint& endpoint) {
    const auto* tls = std::get_if<Endpoint::Tls>(&endpoint.at);
    if (tls == nullptr) return std::shared_ptr<asio::ssl::context>();
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(asio::ssl::verify_peer);
    error_code error;
    if (tls->ca_pem.empty()) {
        context->set_default_verify_paths(error);
    } else {
        context->add_certificate_authority(asio::buffer(tls->ca_pem), error);
    }
    if (error) {
        return fail(Errc::invalid_argument,
                    "the certificate authority cannot be read: " + error.message(), "ca");
    }
    if (auto loaded = load_identity(*context, *tls); !loaded) {
        return std::unexpected(loaded.error());
    }
    return context;
}

Result<void> expect_host(TlsSocket& socket, const std::string& host) {
    error_code error;
    const bool numeric = (asio::ip::make_address(host, error), !error);
    // RFC 6066: the server name is a name; addresses are not sent.
    if (!numeric && SSL_set_tlsext_host_name(socket.native_handle(), host.c_str()) != 1) {
        return fail(Errc::invalid_argument, "\"" + host + "\" cannot be a TLS server name", "host");
    }
    socket.set_verify_callback(asio::ssl::host_name_verification(host), error);
    if (error) return fail(Errc::internal, "TLS verification: " + error.message());
    return {};
}

asio::awaitable<Result<PlainSocket>> connect_socket(asio::any_io_executor executor,
                                                    Endpoint endpoint,
                                                    std::chrono::milliseconds deadline) {
    if (std::holds_alternative<Endpoint::Unix>(endpoint.at)) {
        co_return co_await connect_unix(executor, endpoint, deadline);
    }
    if (const auto* plain = std::get_if<Endpoint::Tcp>(&endpoint.at)) {
        co_return co_await connect_tcp(executor, endpoint, plain->host, plain->port, deadline);
    }
    const auto& tls = std::get<Endpoint::Tls>(endpoint.at);
    co_return co_await connect_tcp(executor, endpoint, tls.host, tls.port, deadline);
}

asio::awaitable<Result<std::shared_ptr<Transport>>> connect_transport(
    asio::any_io_executor executor, Endpoint endpoint, std::shared_ptr<asio::ssl::context> tls,
    std::chrono::milliseconds deadline) {
    auto socket = co_await connect_socket(executor, endpoint, deadline);
    if (!socket) co_return std::unexpected(socket.error());
    if (!tls) {
        std::shared_ptr<Transport> plain = std::make_shared<PlainTransport>(std::move(*socket));
        co_return plain;
    }
    auto secure = std::make_shared<TlsTransport>(std::move(*socket), tls);
    auto named = expect_host(secure->socket(), std::get<Endpoint::Tls>(endpoint.at).host);
    if (!named) co_return std::unexpected(named.error());
    Deadline guard(executor, secure, deadline);
    const auto error = co_await secure->handshake();
    if (guard.expired()) co_return too_late(endpoint);
    if (error) {
        co_return fail(Errc::unavailable,
                       "no TLS with " + describe(endpoint) + ": " + error.message());
    }
    std::shared_ptr<Transport> done = std::move(secure);
    co_return done;
}

}  // namespace muster::http
