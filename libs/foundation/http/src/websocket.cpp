#include "websocket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "muster/base/encoding.hpp"
#include "signal.hpp"

namespace muster::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

constexpr std::chrono::seconds handshake_deadline{10};
constexpr std::chrono::seconds close_deadline{10};
constexpr std::size_t inbox_messages_max = 256;
constexpr std::size_t reason_bytes_max = 123;  // RFC 6455 §5.5

// A ByteStream as Beast's AsyncStream. What was read beyond the upgrade request comes first.
class Stream {
  public:
    using executor_type = asio::any_io_executor;

    Stream(std::unique_ptr<ByteStream> transport, std::string unread)
        : transport_(std::move(transport)), unread_(std::move(unread)) {}

    executor_type get_executor() { return transport_->executor(); }
    ByteStream& transport() { return *transport_; }

    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        asio::mutable_buffer into;
        for (auto at = asio::buffer_sequence_begin(buffers);
             into.size() == 0 && at != asio::buffer_sequence_end(buffers); ++at) {
            into = *at;
        }
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, asio::mutable_buffer place) {
                if (unread_.empty()) {
                    transport_->read_some(place, std::move(handler));
                    return;
                }
                const std::size_t size = asio::buffer_copy(place, asio::buffer(unread_));
                unread_.erase(0, size);
                asio::post(get_executor(), [handler = std::move(handler), size]() mutable {
                    handler(error_code{}, size);
                });
            },
            token, into);
    }

    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, const Buffers& given) {
                std::array<asio::const_buffer, ByteStream::write_buffers_max> from;
                std::size_t count = 0;
                for (auto at = asio::buffer_sequence_begin(given);
                     count < from.size() && at != asio::buffer_sequence_end(given); ++at) {
                    const asio::const_buffer one = *at;
                    if (one.size() > 0) from[count++] = one;
                }
                transport_->write_some(std::span(from).first(count), std::move(handler));
            },
            token, buffers);
    }

    friend void beast_close_socket(Stream& stream) { stream.transport_->close(); }

    template <typename Handler>
    friend void async_teardown(beast::role_type, Stream& stream, Handler&& handler) {
        stream.transport_->finish([handler = std::forward<Handler>(handler)](
                                      error_code error, std::size_t) mutable { handler(error); });
    }

  private:
    std::unique_ptr<ByteStream> transport_;
    std::string unread_;
};

class Session final : public WebSocketSession, public std::enable_shared_from_this<Session> {
  public:
    Session(std::unique_ptr<ByteStream> transport, std::string unread, const Limits& limits)
        : limits_(limits),
          stream_(std::move(transport), std::move(unread)),
          arrived_(stream_.get_executor()),
          taken_(stream_.get_executor()),
          outgoing_(stream_.get_executor()),
          ended_(stream_.get_executor()),
          write_timer_(stream_.get_executor()),
          close_timer_(stream_.get_executor()) {}

    asio::awaitable<bool> accept(Request request, std::string subprotocol) override;
    asio::awaitable<Result<Message>> receive() override;
    Result<void> send(std::string data, bool binary) override;
    void close(unsigned code, std::string reason) override;
    asio::awaitable<void> ended() override;
    void cut() override { stream_.next_layer().transport().close(); }

  private:
    static asio::awaitable<void> read_all(std::shared_ptr<Session> self);
    static asio::awaitable<void> write_all(std::shared_ptr<Session> self);
    asio::awaitable<bool> write_next();
    [[nodiscard]] bool inbox_is_full() const {
        return inbox_.size() >= inbox_messages_max ||
               inbox_bytes_ >= limits_.websocket_message_bytes_max;
    }
    void cut_after(asio::steady_timer& timer, std::chrono::milliseconds time);
    void die(std::string why);

    Limits limits_;
    beast::websocket::stream<Stream, false> stream_;
    Signal arrived_, taken_, outgoing_, ended_;
    asio::steady_timer write_timer_, close_timer_;
    std::deque<Message> inbox_;
    std::size_t inbox_bytes_ = 0;
    std::deque<Message> queue_;
    Message writing_;
    std::size_t queue_bytes_ = 0;  // with the message that is being written
    bool closing_ = false;         // close() was called
    bool dead_ = false;            // nothing can be read or written any more
    beast::websocket::close_reason close_reason_;
    std::string why_ = "the WebSocket is closed";
    int running_ = 0;  // of the two loops
};

asio::awaitable<bool> Session::accept(Request request, std::string subprotocol) {
    beast::http::request<beast::http::empty_body> head;
    head.method(beast::http::verb::get);
    head.target("/");  // Beast looks at the fields only
    head.version(11);
    for (const auto& [name, value] : request.headers.all()) head.insert(name, value);
    beast::websocket::stream_base::timeout timeouts{};
    timeouts.handshake_timeout = handshake_deadline;
    // Beast pings after half of it, and gives up when nothing at all came for the whole.
    timeouts.idle_timeout = 2 * limits_.websocket_ping;
    timeouts.keep_alive_pings = true;
    stream_.set_option(timeouts);
    stream_.set_option(beast::websocket::stream_base::decorator(
        [subprotocol](beast::websocket::response_type& response) {
            response.erase(beast::http::field::server);
            if (!subprotocol.empty()) {
                response.set(beast::http::field::sec_websocket_protocol, subprotocol);
            }
        }));
    stream_.read_message_max(limits_.websocket_message_bytes_max);
    stream_.auto_fragment(false);
    const auto [error] = co_await stream_.async_accept(head, asio::as_tuple(asio::use_awaitable));
    if (error) {
        dead_ = true;
        co_return false;
    }
    running_ = 2;
    asio::co_spawn(stream_.get_executor(), read_all(shared_from_this()), asio::detached);
    asio::co_spawn(stream_.get_executor(), write_all(shared_from_this()), asio::detached);
    co_return true;
}

asio::awaitable<void> Session::read_all(std::shared_ptr<Session> self) {
    beast::flat_buffer buffer;
    while (!self->dead_) {
        while (self->inbox_is_full() && !self->closing_ && !self->dead_) {
            co_await self->taken_.wait();
        }
        // Once we close, async_close reads what is left by itself.
        if (self->closing_ || self->dead_) break;
        const auto [error, size] =
            co_await self->stream_.async_read(buffer, asio::as_tuple(asio::use_awaitable));
        if (error == beast::websocket::error::closed) {
            const auto& reason = self->stream_.reason();
            self->die("closed by the peer: " + std::to_string(reason.code) + " " +
                      std::string(reason.reason.data(), reason.reason.size()));
        } else if (error) {
            self->die("the WebSocket is gone: " + error.message());
        } else if (!self->closing_) {
            self->inbox_.push_back(
                Message{self->stream_.got_binary(),
                        std::string(static_cast<const char*>(buffer.data().data()), size)});
            self->inbox_bytes_ += size;
            self->arrived_.notify();
        }
        buffer.consume(buffer.size());
    }
    --self->running_;
    self->ended_.notify();
}

asio::awaitable<bool> Session::write_next() {
    writing_ = std::move(queue_.front());
    queue_.pop_front();
    stream_.binary(writing_.binary);
    cut_after(write_timer_, limits_.write_deadline);
    const auto [error, size] = co_await stream_.async_write(asio::buffer(writing_.data),
                                                            asio::as_tuple(asio::use_awaitable));
    write_timer_.cancel();
    queue_bytes_ -= writing_.data.size();
    co_return !error;
}

asio::awaitable<void> Session::write_all(std::shared_ptr<Session> self) {
    while (!self->dead_) {
        if (!self->queue_.empty()) {
            if (!co_await self->write_next()) self->die("the WebSocket is gone");
        } else if (self->closing_) {
            co_await self->stream_.async_close(self->close_reason_,
                                               asio::as_tuple(asio::use_awaitable));
            self->die("the WebSocket is closed");
        } else {
            co_await self->outgoing_.wait();
        }
    }
    self->close_timer_.cancel();
    self->cut();
    --self->running_;
    self->ended_.notify();
}

// The timer's handler holds no share: a session that ended takes its timers along.
void Session::cut_after(asio::steady_timer& timer, std::chrono::milliseconds time) {
    timer.expires_after(time);
    timer.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (!error && self) self->cut();
    });
}

void Session::die(std::string why) {
    if (dead_) return;
    dead_ = true;
    if (!closing_) why_ = std::move(why);
    queue_.clear();
    arrived_.notify();
    taken_.notify();
    outgoing_.notify();
}

asio::awaitable<Result<WebSocket::Message>> Session::receive() {
    while (inbox_.empty() && !dead_ && !closing_) co_await arrived_.wait();
    if (inbox_.empty() || closing_) co_return fail(Errc::cancelled, why_);
    Message message = std::move(inbox_.front());
    inbox_.pop_front();
    inbox_bytes_ -= message.data.size();
    taken_.notify();
    co_return message;
}

Result<void> Session::send(std::string data, bool binary) {
    if (dead_ || closing_) return fail(Errc::cancelled, why_);
    if (queue_bytes_ + data.size() > limits_.websocket_queue_bytes_max) {
        for (const Message& message : queue_) queue_bytes_ -= message.data.size();
        queue_.clear();
        close(1013, "too slow: the queue is full");
        return fail(Errc::exhausted, "the peer reads too slowly and was cut off");
    }
    if (!binary && !is_utf8(data)) data = to_utf8(data);
    queue_bytes_ += data.size();
    queue_.push_back(Message{binary, std::move(data)});
    outgoing_.notify();
    return {};
}

void Session::close(unsigned code, std::string reason) {
    if (dead_ || closing_) return;
    closing_ = true;
    why_ = "the WebSocket was closed: " + std::to_string(code) + " " + reason;
    reason = to_utf8(reason);
    if (reason.size() > reason_bytes_max) {
        reason.resize(reason_bytes_max);
        while (!is_utf8(reason)) reason.pop_back();
    }
    close_reason_ =
        beast::websocket::close_reason(static_cast<beast::websocket::close_code>(code), reason);
    cut_after(close_timer_, close_deadline);
    arrived_.notify();
    taken_.notify();
    outgoing_.notify();
}

asio::awaitable<void> Session::ended() {
    while (running_ > 0) co_await ended_.wait();
}

}  // namespace

std::shared_ptr<WebSocketSession> make_websocket(std::unique_ptr<ByteStream> transport,
                                                 std::string unread, const Limits& limits) {
    return std::make_shared<Session>(std::move(transport), std::move(unread), limits);
}

}  // namespace muster::http
