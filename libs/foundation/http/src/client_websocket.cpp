#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>

#include "client_socket.hpp"

namespace muster::http {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

asio::awaitable<Result<void>> secure(PlainSocket&, std::string) {
    co_return Result<void>{};
}

asio::awaitable<Result<void>> secure(TlsSocket& socket, std::string host) {
    auto named = expect_host(socket, host);
    if (!named) co_return named;
    auto [error] = co_await socket.async_handshake(TlsSocket::client, use_tuple);
    if (error) co_return fail(Errc::unavailable, "no TLS with " + host + ": " + error.message());
    co_return Result<void>{};
}

/// Everything that a pending operation needs; it outlives the client's object through it.
template <typename Socket>
struct Socketed {
    std::shared_ptr<asio::ssl::context> context;
    websocket::stream<Socket> stream;
    asio::steady_timer timer;
    beast::flat_buffer input;
    struct Message {
        std::string data;
        bool binary = false;
    };
    std::deque<Message> queue;
    std::size_t queue_bytes = 0;
    bool writing = false;
    bool closing = false;
    bool expired = false;
    bool got_binary = false;

    template <typename... Args>
    explicit Socketed(asio::any_io_executor executor, std::shared_ptr<asio::ssl::context> tls,
                      Args&&... args)
        : context(std::move(tls)), stream(std::forward<Args>(args)...), timer(executor) {}

    void cut() {
        error_code ignored;
        beast::get_lowest_layer(stream).close(ignored);
    }
};

template <typename Socket>
class Joined final : public WebSocketClient {
  public:
    using Ptr = std::shared_ptr<Socketed<Socket>>;
    explicit Joined(Ptr state) : state_(std::move(state)) {}
    ~Joined() override { state_->cut(); }

    asio::awaitable<Result<std::string>> receive() override {
        auto state = state_;
        auto [error, size] = co_await state->stream.async_read(state->input, use_tuple);
        if (error) co_return ended(*state, error);
        state->got_binary = state->stream.got_binary();
        auto message = beast::buffers_to_string(state->input.data());
        state->input.consume(state->input.size());
        co_return message;
    }
    [[nodiscard]] bool got_binary() const override { return state_->got_binary; }

    asio::awaitable<Result<void>> send(std::string data, bool binary) override {
        return enqueue(state_, std::move(data), binary);
    }
    void close() override {
        if (std::exchange(state_->closing, true)) return;
        state_->stream.async_close(websocket::close_code::normal,
                                   [state = state_](error_code) { state->cut(); });
    }

  private:
    static std::unexpected<Error> ended(const Socketed<Socket>& state, const error_code& error) {
        if (error == websocket::error::closed || state.closing) {
            const auto& reason = state.stream.reason();
            return fail(Errc::cancelled, "closed with " + std::to_string(reason.code) +
                                             (reason.reason.empty() ? "" : ": ") +
                                             std::string(reason.reason.c_str()));
        }
        if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
            return fail(Errc::cancelled, "the WebSocket was closed here");
        }
        return fail(Errc::unavailable, "the WebSocket broke: " + error.message());
    }
    // Who finds nobody writing writes for all who come meanwhile.
    static asio::awaitable<Result<void>> enqueue(Ptr state, std::string data, bool binary) {
        if (state->queue_bytes + data.size() > queue_bytes_max) {
            co_return fail(Errc::exhausted, "the peer takes messages too slowly");
        }
        state->queue_bytes += data.size();
        typename Socketed<Socket>::Message last{std::move(data), binary};
        state->queue.push_back(std::move(last));
        if (state->writing) co_return Result<void>{};
        state->writing = true;
        Result<void> result;
        while (!state->queue.empty() && result) {
            auto message = std::move(state->queue.front());
            state->queue.pop_front();
            state->queue_bytes -= message.data.size();
            state->stream.binary(message.binary);
            auto [error, size] =
                co_await state->stream.async_write(asio::buffer(message.data), use_tuple);
            if (error) result = ended(*state, error);
        }
        state->writing = false;
        co_return result;
    }

    Ptr state_;
};

struct Handshake {
    Endpoint endpoint;
    std::string host;
    std::string target;
    Fields headers;
    std::chrono::milliseconds deadline{};
};

/// What the server answered instead of the upgrade.
std::unexpected<Error> refused(const websocket::response_type& answer, const error_code& error) {
    const auto status = answer.result_int();
    const auto code = status == 401   ? Errc::unauthenticated
                      : status == 403 ? Errc::permission_denied
                      : status == 404 ? Errc::not_found
                      : status == 429 ? Errc::rate_limited
                      : status == 400 ? Errc::invalid_argument
                                      : Errc::unavailable;
    if (error == websocket::error::upgrade_declined) {
        return fail(code, "the server refused the WebSocket with status " + std::to_string(status) +
                              (answer.body().empty() ? "" : ": " + answer.body()));
    }
    return fail(Errc::unavailable, "no WebSocket: " + error.message());
}

template <typename Socket>
asio::awaitable<Result<std::unique_ptr<WebSocketClient>>> join(
    std::shared_ptr<Socketed<Socket>> state, Handshake handshake) {
    state->timer.expires_after(handshake.deadline);
    state->timer.async_wait([weak = std::weak_ptr(state)](error_code error) {
        auto alive = weak.lock();
        if (error || !alive) return;
        alive->expired = true;
        alive->cut();
    });
    auto encrypted = co_await secure(state->stream.next_layer(), handshake.host);
    if (state->expired) {
        co_return fail(Errc::timeout, describe(handshake.endpoint) + " did not answer in time");
    }
    if (!encrypted) co_return std::unexpected(encrypted.error());

    auto& stream = state->stream;
    stream.read_message_max(WebSocketClient::message_bytes_max);
    websocket::stream_base::timeout times{};
    times.handshake_timeout = websocket::stream_base::none();
    times.idle_timeout = std::chrono::seconds(60);
    times.keep_alive_pings = true;
    stream.set_option(times);
    stream.set_option(websocket::stream_base::decorator(
        [headers = handshake.headers](websocket::request_type& request) {
            for (const auto& [name, value] : headers.all()) request.insert(name, value);
        }));
    websocket::response_type answer;
    auto [error] =
        co_await stream.async_handshake(answer, handshake.host, handshake.target, use_tuple);
    if (state->expired) {
        co_return fail(Errc::timeout, describe(handshake.endpoint) + " did not answer in time");
    }
    state->timer.cancel();
    if (error) co_return refused(answer, error);
    co_return std::make_unique<Joined<Socket>>(std::move(state));
}

bool fits_a_line(const Fields& headers) {
    for (const auto& [name, value] : headers.all()) {
        if (name.empty() ||
            name.find_first_of(std::string_view("\r\n\0: ", 5)) != std::string::npos ||
            value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            return false;
        }
    }
    return true;
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<WebSocketClient>>> WebSocketClient::connect(
    asio::any_io_executor executor, Endpoint endpoint, std::string target, Fields headers,
    std::chrono::milliseconds deadline) {
    if (!fits_a_line(headers)) {
        co_return fail(Errc::invalid_argument, "a header cannot be sent like this", "headers");
    }
    auto tls = tls_context(endpoint);
    if (!tls) co_return std::unexpected(tls.error());
    auto socket = co_await connect_socket(executor, endpoint, deadline);
    if (!socket) co_return std::unexpected(socket.error());
    Handshake handshake;
    handshake.endpoint = endpoint;
    handshake.target = std::move(target);
    handshake.headers = std::move(headers);
    handshake.deadline = deadline;
    if (*tls) {
        handshake.host = std::get<Endpoint::Tls>(endpoint.at).host;
        auto state =
            std::make_shared<Socketed<TlsSocket>>(executor, *tls, std::move(*socket), **tls);
        co_return co_await join(std::move(state), std::move(handshake));
    }
    const auto* tcp = std::get_if<Endpoint::Tcp>(&endpoint.at);
    handshake.host = tcp != nullptr ? tcp->host : "localhost";
    auto state = std::make_shared<Socketed<PlainSocket>>(executor, nullptr, std::move(*socket));
    co_return co_await join(std::move(state), std::move(handshake));
}

}  // namespace muster::http
