#include "sockets.hpp"

#include "muster/base/encoding.hpp"
#include "race.hpp"

namespace muster::coordinator {
namespace {

using StreamPtr = std::shared_ptr<Carriers::Stream>;

/// Text frames must be UTF-8, and a piece may end in the middle of a character: the part of one
/// that is still to come is kept back.
class TextFrames {
  public:
    std::string take(std::string bytes) {
        bytes = std::exchange(kept_, {}) + std::move(bytes);
        const auto whole = bytes.size() - partial(bytes);
        kept_ = bytes.substr(whole);
        return to_utf8(std::string_view(bytes).substr(0, whole));
    }

  private:
    /// How many bytes at the end begin a character without completing it.
    static std::size_t partial(const std::string& bytes) {
        for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
            const auto c = static_cast<unsigned char>(bytes[bytes.size() - back]);
            if ((c & 0xC0U) == 0x80U) continue;
            const std::size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
            return length > back ? back : 0;
        }
        return 0;
    }
    std::string kept_;
};

asio::awaitable<void> show(StreamPtr stream, Terminal terminal, std::shared_ptr<Error> problem) {
    TextFrames text;
    for (;;) {
        auto piece = co_await stream->read();
        if (!piece) {
            *problem = piece.error();
            co_return;
        }
        if (!*piece) co_return;
        std::string data = std::move(*(*piece)->mutable_data());
        if (data.empty()) continue;
        Result<void> sent;
        if (terminal.is_exec) {
            data.insert(data.begin(), (*piece)->is_error() ? '\x02' : '\x01');
            sent = terminal.socket->send(std::move(data), true);
        } else {
            auto frame = text.take(std::move(data));
            if (!frame.empty()) sent = terminal.socket->send(std::move(frame));
        }
        if (!sent) co_return;
    }
}

asio::awaitable<void> type(StreamPtr stream, Terminal terminal) {
    for (;;) {
        auto message = co_await terminal.socket->receive();
        if (!message) co_return;
        if (!terminal.may_type) {
            terminal.socket->close(1008, "this token may only read");
            co_return;
        }
        // An empty frame of an exec is the end of its input.
        if (message->data.empty()) {
            if (terminal.is_exec) stream->finish();
            continue;
        }
        if (terminal.typed) terminal.typed(message->data);
        if (auto written = co_await stream->write(std::move(message->data)); !written) co_return;
    }
}

}  // namespace

void close_with(http::WebSocket& socket, const Error& error) {
    const bool may_come_back = error.code == Errc::unavailable || error.code == Errc::timeout ||
                               error.code == Errc::exhausted;
    const unsigned code = error.code == Errc::internal ? 1011U : may_come_back ? 1013U : 1008U;
    // A close frame has room for 123 bytes.
    socket.close(code, to_utf8(error.message.substr(0, 100)));
}

asio::awaitable<void> join(House& house, Terminal terminal, std::string node_id,
                           wire::OpenStream what) {
    auto opened = co_await house.carriers.open(std::move(node_id), std::move(what));
    if (!opened) {
        close_with(*terminal.socket, opened.error());
        co_return;
    }
    const StreamPtr stream = *opened;
    const auto socket = terminal.socket;
    const auto live =
        house.live.add(terminal.who.id, [socket] { socket->close(1008, "the token was deleted"); });
    auto problem = std::make_shared<Error>();
    problem->message.clear();
    problem->code = Errc::cancelled;
    co_await race(show(stream, terminal, problem), type(stream, terminal));
    if (!problem->message.empty()) {
        close_with(*socket, *problem);
        co_return;
    }
    if (stream->exit_code()) {
        const Json last{{"exit_code", *stream->exit_code()}};
        static_cast<void>(socket->send(last.dump()));
    }
    socket->close(1000, "the end");
}

}  // namespace muster::coordinator
