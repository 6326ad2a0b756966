#include "connection.hpp"

#include <charconv>

#include "upgrade.hpp"

namespace muster::http {
namespace {

using Clock = std::chrono::steady_clock;
using boost::system::error_code;

constexpr std::chrono::seconds linger_deadline{2};
constexpr std::size_t linger_bytes_max = 4U << 20U;

bool has_no_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

std::optional<std::size_t> content_length(const Fields& fields) {
    const auto text = fields.find("Content-Length");
    if (!text) return std::nullopt;
    std::size_t out = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return out;
}

// What a stream's handler writes to.
class Writer final : public BodyWriter {
  public:
    Writer(Connection* connection, HeadOptions options)
        : connection_(connection), options_(options) {}

    asio::awaitable<Result<void>> write(std::string chunk) override {
        if (connection_->is_gone()) co_return fail(Errc::cancelled, "the client is gone");
        if (chunk.empty()) co_return Result<void>{};
        sent_ += chunk.size();
        std::string head;
        if (options_.framing == Framing::chunked) {
            head = chunk_head(chunk.size());
            chunk += "\r\n";
        } else if (options_.framing == Framing::length && sent_ > options_.length) {
            co_return fail(Errc::internal, "the body is longer than its Content-Length");
        }
        if (!co_await connection_->write(std::move(head), std::move(chunk))) {
            co_return fail(Errc::cancelled, "the client is gone");
        }
        co_return Result<void>{};
    }
    asio::awaitable<void> closed() override { return connection_->until_closed(); }

    [[nodiscard]] bool is_complete() const {
        return options_.framing != Framing::length || sent_ == options_.length;
    }

  private:
    Connection* connection_;
    HeadOptions options_;
    std::size_t sent_ = 0;
};

}  // namespace

Connection::Connection(std::shared_ptr<const Site> site, std::unique_ptr<ByteStream> transport,
                       std::string remote_address, bool secure)
    : site_(std::move(site)),
      limits_(site_->limits),
      transport_(std::move(transport)),
      remote_address_(std::move(remote_address)),
      secure_(secure),
      read_buffer_(read_bytes, '\0'),
      read_signal_(transport_->executor()),
      closed_signal_(transport_->executor()),
      write_signal_(transport_->executor()) {}

asio::awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
    try {
        if (co_await handshake()) {
            while (co_await serve_one()) ++served_;
        }
    } catch (const boost::system::system_error&) {
        // Only cut() cancels, and then nothing is left to be said.
    }
    if (self->transport_) self->transport_->close();
    // Its timers go with it, whoever still holds this connection.
    self->websocket_.reset();
}

asio::awaitable<void> Connection::refuse(std::shared_ptr<Connection> self) {
    try {
        if (co_await handshake()) {
            Response response =
                problem(Error{Errc::unavailable, "too many connections; try again soon", {}});
            response.headers.add("Retry-After", "1");
            co_await send_response(std::move(response), false, false);
            co_await part(true);
        }
    } catch (const boost::system::system_error&) {
        // As in run().
    }
    self->transport_->close();
}

void Connection::begin_stop() {
    stopping_ = true;
    if (idle_) transport_->close();
    if (websocket_) websocket_->close(1001, "the server is stopping");
    closed_signal_.notify();
}

void Connection::cut() {
    begin_stop();
    dead_ = true;
    if (transport_) transport_->close();
    if (websocket_) websocket_->cut();
    cancellation_.emit(asio::cancellation_type::terminal);
}

void Connection::start_read() {
    reading_ = true;
    transport_->read_some(asio::buffer(read_buffer_), [self = shared_from_this()](
                                                          error_code error, std::size_t size) {
        self->reading_ = false;
        self->input_.append(self->read_buffer_, 0, size);
        self->ended_ = self->ended_ || error;
        if (self->watching_ && !self->ended_ && self->input_.size() < watch_bytes_max) {
            self->start_read();
        }
        self->read_signal_.notify();
        if (self->ended_) self->closed_signal_.notify();
    });
}

asio::awaitable<Connection::Fill> Connection::fill(SteadyTime deadline) {
    const std::size_t before = input_.size();
    while (input_.size() == before && !ended_) {
        if (Clock::now() >= deadline) co_return Fill::timeout;
        if (!reading_) start_read();
        co_await read_signal_.wait_until(deadline);
    }
    co_return input_.size() > before ? Fill::data : Fill::end;
}

asio::awaitable<bool> Connection::write(std::string head, std::string body) {
    if (dead_) co_return false;
    output_head_ = std::move(head);
    output_body_ = std::move(body);
    const std::size_t total = output_head_.size() + output_body_.size();
    for (std::size_t sent = 0; sent < total && !dead_; sent += written_) {
        const std::size_t of_head = std::min(sent, output_head_.size());
        const std::array<asio::const_buffer, 2> from{asio::buffer(output_head_) + of_head,
                                                     asio::buffer(output_body_) + (sent - of_head)};
        writing_ = true;
        written_ = 0;
        transport_->write_some(from,
                               [self = shared_from_this()](error_code error, std::size_t size) {
                                   self->writing_ = false;
                                   self->written_ = size;
                                   self->dead_ = self->dead_ || error;
                                   self->write_signal_.notify();
                               });
        const SteadyTime deadline = Clock::now() + limits_.write_deadline;
        while (writing_ && !dead_) {
            if (Clock::now() >= deadline) {
                dead_ = true;
                transport_->close();
                closed_signal_.notify();
            } else {
                co_await write_signal_.wait_until(deadline);
            }
        }
    }
    co_return !dead_;
}

asio::awaitable<void> Connection::until_closed() {
    while (!is_gone() && !stopping_) co_await closed_signal_.wait();
}

asio::awaitable<bool> Connection::handshake() {
    enum class State { pending, good, bad };
    const auto state = std::make_shared<State>(State::pending);
    transport_->handshake([self = shared_from_this(), state](error_code error, std::size_t) {
        *state = error ? State::bad : State::good;
        self->read_signal_.notify();
    });
    idle_ = true;
    const SteadyTime deadline = Clock::now() + limits_.header_deadline;
    while (*state == State::pending && Clock::now() < deadline) {
        co_await read_signal_.wait_until(deadline);
    }
    idle_ = false;
    co_return *state == State::good;
}

// Something when the reading is over: whether there is a whole request.
asio::awaitable<std::optional<bool>> Connection::read_part(RequestParser* parser,
                                                           SteadyTime* deadline) {
    const auto progress = parser->feed(input_);
    if (!progress) {
        refusal_ = progress.error();
        co_return false;
    }
    if (*progress == RequestParser::Progress::done) co_return true;
    if (*progress == RequestParser::Progress::head) {
        *deadline = Clock::now() + limits_.body_deadline;
        if (parser->expects_continue() && input_.empty()) {
            co_await write("HTTP/1.1 100 Continue\r\n\r\n", "");
        }
        co_return std::nullopt;
    }
    const Fill filled = co_await fill(*deadline);
    if (filled == Fill::data) co_return std::nullopt;
    if (filled == Fill::timeout) {
        refusal_ = Refusal{408, Error{Errc::timeout, "the request did not come in time", {}}};
    }
    co_return false;
}

asio::awaitable<Connection::Reading> Connection::read_request(RequestParser* parser) {
    refusal_.reset();
    if (input_.empty()) {
        idle_ = true;
        const Fill filled = co_await fill(
            Clock::now() + (served_ == 0 ? limits_.header_deadline : limits_.idle_deadline));
        idle_ = false;
        if (filled != Fill::data) co_return Reading::nothing;
    }
    started_ = Clock::now();
    SteadyTime deadline = started_ + limits_.header_deadline;
    std::optional<bool> whole;
    while (!whole) whole = co_await read_part(parser, &deadline);
    if (*whole) co_return Reading::request;
    co_return refusal_ ? Reading::refusal : Reading::nothing;
}

asio::awaitable<bool> Connection::serve_one() {
    RequestParser parser(limits_.header_bytes_max, limits_.body_bytes_max);
    const Reading reading = co_await read_request(&parser);
    if (reading == Reading::nothing) co_return false;
    Request request = parser.take();
    request.remote_address = remote_address_;
    request.secure = secure_;
    bool websocket = false;
    if (reading == Reading::request && asks_for_websocket(request)) {
        take_bearer_subprotocol(request);
        const auto checked = check_websocket(request, parser.is_http_1_1());
        if (!checked) refusal_ = checked.error();
        if (reading_) {
            // A read that is pending could not go over to the WebSocket.
            refusal_ = Refusal{
                400, Error{Errc::invalid_argument, "an upgrade cannot be pipelined", "Upgrade"}};
        }
        websocket = true;
    }
    if (refusal_) {
        if (auto target = parse_target(parser.target())) request.path = std::move(target->path);
        Response response = problem(refusal_->status, refusal_->error);
        if (refusal_->status == 426) response.headers.add("Sec-WebSocket-Version", "13");
        co_await send_response(std::move(response), request.method == "HEAD", false);
        observe(request, refusal_->status);
        co_await part(true);
        co_return false;
    }
    Exchange exchange(site_, std::move(request), parser.target(), websocket);
    // HTTP/1.0 would have to be told that the connection stays; it is not worth the words.
    const bool keep_alive = parser.keeps_alive() && parser.is_http_1_1();
    co_return co_await answer(&exchange, keep_alive, parser.is_http_1_1());
}

asio::awaitable<bool> Connection::answer(Exchange* exchange, bool keep_alive, bool is_http_1_1) {
    auto outcome = co_await exchange->run();
    if (auto* handler = std::get_if<WebSocketHandler>(&outcome)) {
        co_await serve_websocket(exchange, std::move(*handler));
        co_return false;
    }
    keep_alive = keep_alive && !stopping_;
    int status = 0;
    if (auto* response = std::get_if<Response>(&outcome)) {
        status = response->status;
        const bool is_head = exchange->request().method == "HEAD";
        keep_alive = co_await send_response(std::move(*response), is_head, keep_alive);
    } else {
        auto& stream = std::get<StreamResponse>(outcome);
        status = stream.status;
        keep_alive = co_await send_stream(exchange, std::move(stream), keep_alive, is_http_1_1);
    }
    observe(exchange->request(), status);
    if (!keep_alive && !dead_) co_await part(false);
    co_return keep_alive;
}

asio::awaitable<bool> Connection::send_response(Response response, bool is_head, bool keep_alive) {
    HeadOptions options;
    const auto connection = response.headers.find("Connection");
    if (connection && same_name(*connection, "close")) keep_alive = false;
    options.closes = !keep_alive;
    options.length = response.body.size();
    if (has_no_body(response.status)) {
        options.framing = Framing::none;
        response.body.clear();
    }
    if (is_head) response.body.clear();
    std::string head = head_of(response.status, response.headers, options);
    const bool sent = co_await write(std::move(head), std::move(response.body));
    co_return sent&& keep_alive;
}

asio::awaitable<bool> Connection::send_stream(Exchange* exchange, StreamResponse stream,
                                              bool keep_alive, bool is_http_1_1) {
    HeadOptions options;
    options.framing = is_http_1_1 ? Framing::chunked : Framing::until_close;
    if (const auto length = content_length(stream.headers)) {
        options.framing = Framing::length;
        options.length = *length;
    }
    if (has_no_body(stream.status)) options.framing = Framing::none;
    options.closes = !keep_alive || options.framing == Framing::until_close;
    std::string head = head_of(stream.status, stream.headers, options);
    if (!co_await write(std::move(head), "")) co_return false;
    if (exchange->request().method == "HEAD" || options.framing == Framing::none) {
        co_return !options.closes;
    }
    watching_ = true;
    if (!reading_ && !ended_ && input_.size() < watch_bytes_max) start_read();
    Writer writer(this, options);
    bool complete = false;
    try {
        const Result<void> result = co_await stream.body(writer);
        complete = result.has_value() && writer.is_complete();
    } catch (...) {
        if (!is_gone()) exchange->report(text_of_current_exception());
    }
    watching_ = false;
    if (complete && options.framing == Framing::chunked) {
        complete = co_await write("0\r\n\r\n", "");
    }
    if (!complete) {
        // Without the last chunk, and at once, so that the client knows that something is missing.
        dead_ = true;
        transport_->close();
    }
    co_return complete && !options.closes && !stopping_;
}

asio::awaitable<void> Connection::serve_websocket(Exchange* exchange, WebSocketHandler handler) {
    const auto session = make_websocket(std::move(transport_), std::move(input_), limits_);
    websocket_ = session;
    if (!co_await session->accept(exchange->request(), choose_subprotocol(exchange->request()))) {
        session->cut();
        co_return;
    }
    observe(exchange->request(), 101);
    if (stopping_) session->close(1001, "the server is stopping");
    bool failed = false;
    try {
        co_await handler(exchange->request(), session);
    } catch (...) {
        failed = true;
        if (!dead_) exchange->report(text_of_current_exception());
    }
    session->close(failed ? 1011 : 1000, failed ? "a fault of the server" : "");
    co_await session->ended();
}

// Closes such that what was sent arrives: a connection closed with bytes of the peer unread is
// reset, and a reset may overtake the answer.
asio::awaitable<void> Connection::part(bool with_unread) {
    const SteadyTime deadline = Clock::now() + linger_deadline;
    const auto finished = std::make_shared<bool>(false);
    if (!secure_ || !with_unread) {
        if (secure_ && reading_) co_return;  // close_notify and a read do not go together
        transport_->finish([self = shared_from_this(), finished](error_code, std::size_t) {
            *finished = true;
            self->write_signal_.notify();
        });
        while (!*finished && Clock::now() < deadline) co_await write_signal_.wait_until(deadline);
    }
    if (!with_unread) co_return;
    std::size_t dropped = 0;
    while (dropped < linger_bytes_max) {
        dropped += input_.size();
        input_.clear();
        if (co_await fill(deadline) != Fill::data) break;
    }
}

void Connection::observe(const Request& request, int status) const {
    const auto& observer = site_->router.state().observer;
    if (!observer) return;
    observer(request, status,
             std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_));
}

}  // namespace muster::http
