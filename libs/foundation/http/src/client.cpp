#include "muster/http/client.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <optional>
#include <vector>

#include "client_response.hpp"
#include "client_transport.hpp"

namespace muster::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t idle_max = 8;
constexpr std::chrono::seconds idle_time_max{30};
constexpr std::size_t piece_bytes = 16U << 10U;

bool is_token(std::string_view text) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    });
}

bool is_idempotent(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

std::string host_header(const Endpoint& endpoint) {
    const auto full = describe(endpoint);
    if (full.starts_with("unix:")) return "localhost";
    return full.substr(full.find("://") + 3);
}

enum class Framing { length, chunked, upgrade };

/// The head of a request as bytes; refuses what would let a value break out of its line.
Result<std::string> write_head(const Endpoint& endpoint, const ClientRequest& request,
                               Framing framing) {
    const auto& target = request.target;
    const bool printable = std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; });
    if (!is_token(request.method)) {
        return fail(Errc::invalid_argument, "the method is not a token", "method");
    }
    if (!target.starts_with('/') || !printable) {
        return fail(Errc::invalid_argument,
                    "the target must begin with \"/\" and be percent-encoded", "target");
    }
    std::string out = request.method + " " + target + " HTTP/1.1\r\n";
    if (!request.headers.find("Host")) out += "Host: " + host_header(endpoint) + "\r\n";
    for (const auto& [name, value] : request.headers.all()) {
        if (!is_token(name) ||
            value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            return fail(Errc::invalid_argument, "a header cannot be sent like this", name);
        }
        out += name + ": " + value + "\r\n";
    }
    if (framing == Framing::chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    } else if (!request.body.empty() || !(request.method == "GET" || request.method == "HEAD")) {
        out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    if (framing == Framing::upgrade) out += "Connection: Upgrade\r\nUpgrade: tcp\r\n";
    return out + "\r\n";
}

std::string chunk(const std::string& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string size;
    for (auto n = bytes.size(); n != 0; n >>= 4U) size.insert(size.begin(), digits[n & 15U]);
    return size + "\r\n" + bytes + "\r\n";
}

/// The time that is left of a deadline over several steps; at least a moment, because zero means
/// "for ever" further down.
class Budget {
  public:
    explicit Budget(milliseconds whole) : end_(steady_clock::now() + whole) {}
    [[nodiscard]] milliseconds left() const {
        const auto rest = std::chrono::ceil<milliseconds>(end_ - steady_clock::now());
        return std::max(rest, milliseconds(1));
    }

  private:
    steady_clock::time_point end_;
};

std::unexpected<Error> broken(const Endpoint& endpoint, const error_code& error, bool expired) {
    if (expired) return fail(Errc::timeout, describe(endpoint) + " did not answer in time");
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
        return fail(Errc::cancelled, "the connection was closed here");
    }
    return fail(Errc::unavailable,
                "the connection to " + describe(endpoint) + " broke: " + error.message());
}

/// One connection with a response under way on it.
struct Exchange {
    asio::any_io_executor executor;
    Endpoint endpoint;
    std::shared_ptr<Transport> transport;
    ResponseReader reader{false};
    bool reused = false;
    bool closed = false;  ///< by us; a read ends with `cancelled`
    bool spent = false;   ///< no other request may follow on it

    /// Reads once and feeds the parser; an end of the stream is fed as such.
    static asio::awaitable<Result<void>> step(std::shared_ptr<Exchange> self, milliseconds idle) {
        std::string bytes(piece_bytes, '\0');
        Deadline guard(self->executor, self->transport, idle);
        auto [error, got] = co_await self->transport->read_some(asio::buffer(bytes));
        if (error) co_return broken(self->endpoint, error, guard.expired());
        if (got == 0) co_return self->reader.feed_end();
        co_return self->reader.feed(std::string_view(bytes).substr(0, got));
    }
    static asio::awaitable<Result<void>> read_head(std::shared_ptr<Exchange> self, Budget budget) {
        while (!self->reader.has_head()) {
            auto stepped = co_await step(self, budget.left());
            if (!stepped) co_return stepped;
        }
        co_return Result<void>{};
    }
    static asio::awaitable<Result<void>> write(std::shared_ptr<Exchange> self, std::string bytes,
                                               milliseconds deadline) {
        Deadline guard(self->executor, self->transport, deadline);
        const auto error = co_await self->transport->write(std::move(bytes));
        if (error) co_return broken(self->endpoint, error, guard.expired());
        co_return Result<void>{};
    }
};
using ExchangePtr = std::shared_ptr<Exchange>;

class RawStream final : public RawConnection {
  public:
    RawStream(ExchangePtr exchange, std::string first)
        : exchange_(std::move(exchange)), first_(std::move(first)) {}
    ~RawStream() override { exchange_->transport->close(); }

    asio::awaitable<Result<std::string>> read() override {
        if (!first_.empty()) co_return std::exchange(first_, {});
        auto exchange = exchange_;
        std::string bytes(piece_bytes, '\0');
        auto [error, got] = co_await exchange->transport->read_some(asio::buffer(bytes));
        if (error) co_return broken(exchange->endpoint, error, false);
        bytes.resize(got);
        co_return bytes;
    }
    asio::awaitable<Result<void>> write(std::string bytes) override {
        auto exchange = exchange_;
        const auto error = co_await exchange->transport->write(std::move(bytes));
        if (error) co_return broken(exchange->endpoint, error, false);
        co_return Result<void>{};
    }
    void shut_write() override { exchange_->transport->shut_write(); }
    void close() override { exchange_->transport->close(); }

  private:
    ExchangePtr exchange_;
    std::string first_;
};

}  // namespace

struct Client::State {
    class Body;
    asio::any_io_executor executor;
    Endpoint endpoint;
    std::optional<std::shared_ptr<asio::ssl::context>> tls;
    struct Idle {
        std::shared_ptr<Transport> transport;
        steady_clock::time_point since;
    };
    std::vector<Idle> pool;  ///< at most idle_max; the newest last
    bool gone = false;       ///< the client was destroyed; nothing is kept any more

    using Ptr = std::shared_ptr<State>;

    /// An idle connection that is still good, or null.
    std::shared_ptr<Transport> take_idle() {
        while (!pool.empty()) {
            auto last = std::move(pool.back());
            pool.pop_back();
            if (steady_clock::now() - last.since < idle_time_max && last.transport->is_quiet()) {
                return std::move(last.transport);
            }
            last.transport->close();
        }
        return nullptr;
    }
    void give_back(const ExchangePtr& exchange) {
        if (gone || exchange->closed || exchange->spent || !exchange->reader.keeps_alive() ||
            pool.size() >= idle_max) {
            exchange->transport->close();
            return;
        }
        pool.push_back({exchange->transport, steady_clock::now()});
    }
    static asio::awaitable<Result<ExchangePtr>> begin(Ptr self, bool fresh, bool no_body,
                                                      milliseconds deadline) {
        auto exchange = std::make_shared<Exchange>();
        exchange->executor = self->executor;
        exchange->endpoint = self->endpoint;
        exchange->reader = ResponseReader(no_body);
        if (!fresh) exchange->transport = self->take_idle();
        exchange->reused = exchange->transport != nullptr;
        if (!exchange->reused) {
            if (!self->tls) {
                auto made = tls_context(self->endpoint);
                if (!made) co_return std::unexpected(made.error());
                self->tls = std::move(*made);
            }
            auto connected =
                co_await connect_transport(self->executor, self->endpoint, *self->tls, deadline);
            if (!connected) co_return std::unexpected(connected.error());
            exchange->transport = std::move(*connected);
        }
        co_return exchange;
    }
    /// Sends and reads the head; once more on a new connection when an idle one turned out dead.
    static asio::awaitable<Result<ExchangePtr>> exchange(Ptr self, ClientRequest request,
                                                         Framing framing, milliseconds deadline) {
        const Budget budget(deadline);
        auto head = write_head(self->endpoint, request, framing);
        if (!head) co_return std::unexpected(head.error());
        const std::string bytes = *head + request.body;
        bool fresh = framing == Framing::upgrade;
        for (;;) {
            auto begun = co_await begin(self, fresh, request.method == "HEAD", budget.left());
            if (!begun) co_return begun;
            auto now = *begun;
            auto sent = co_await Exchange::write(now, bytes, budget.left());
            Result<void> answered = sent;
            // A server may refuse before it has read the body, and close: its word is worth more
            // than the broken pipe.
            if (sent || sent.error().code == Errc::unavailable) {
                answered = co_await Exchange::read_head(now, budget);
            }
            if (answered) co_return now;
            now->transport->close();
            const bool again = now->reused && !now->reader.has_bytes() &&
                               answered.error().code == Errc::unavailable &&
                               is_idempotent(request.method);
            if (!again) co_return std::unexpected(answered.error());
            fresh = true;
        }
    }
};

class Client::State::Body final : public IncomingBody {
  public:
    Body(Ptr client, ExchangePtr exchange)
        : client_(std::move(client)), exchange_(std::move(exchange)) {}
    ~Body() override { client_->give_back(exchange_); }
    [[nodiscard]] const Response& head() const override { return exchange_->reader.head(); }
    asio::awaitable<Result<std::string>> read(milliseconds idle) override {
        auto exchange = exchange_;
        for (;;) {
            if (exchange->closed) co_return fail(Errc::cancelled, "the body was closed here");
            auto bytes = exchange->reader.take_body();
            if (!bytes.empty() || exchange->reader.is_done()) co_return bytes;
            auto stepped = co_await Exchange::step(exchange, idle);
            if (!stepped && !exchange->closed) co_return std::unexpected(stepped.error());
        }
    }
    void close() override {
        exchange_->closed = true;
        exchange_->transport->close();
    }

  private:
    Ptr client_;
    ExchangePtr exchange_;
};

Client::Client(asio::any_io_executor executor, Endpoint endpoint)
    : state_(std::make_shared<State>()) {
    state_->executor = std::move(executor);
    state_->endpoint = std::move(endpoint);
}

Client::~Client() {
    state_->gone = true;
    for (auto& idle : state_->pool) idle.transport->close();
    state_->pool.clear();
}

asio::awaitable<Result<std::unique_ptr<IncomingBody>>> Client::open(ClientRequest request,
                                                                    milliseconds deadline) {
    auto state = state_;
    auto exchange = co_await State::exchange(state, std::move(request), Framing::length, deadline);
    if (!exchange) co_return std::unexpected(exchange.error());
    co_return std::make_unique<State::Body>(state, std::move(*exchange));
}

asio::awaitable<Result<Response>> Client::send(ClientRequest request, milliseconds deadline) {
    const Budget budget(deadline);
    auto body = co_await open(std::move(request), deadline);
    if (!body) co_return std::unexpected(body.error());
    Response whole = (*body)->head();
    for (;;) {
        auto piece = co_await (*body)->read(budget.left());
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->empty()) co_return whole;
        whole.body += *piece;
        if (whole.body.size() > body_bytes_max) {
            (*body)->close();
            co_return fail(Errc::too_large,
                           "the answer is over " + std::to_string(body_bytes_max >> 20U) + " MiB");
        }
    }
}

asio::awaitable<Result<std::unique_ptr<IncomingBody>>> Client::upload(ClientRequest request,
                                                                      BodySource source,
                                                                      milliseconds deadline) {
    auto state = state_;
    auto head = write_head(state->endpoint, request, Framing::chunked);
    if (!head) co_return std::unexpected(head.error());
    auto begun = co_await State::begin(state, true, false, deadline);
    if (!begun) co_return std::unexpected(begun.error());
    auto exchange = *begun;
    auto sent = co_await Exchange::write(exchange, std::move(*head), deadline);
    while (sent) {
        auto piece = co_await source();
        if (!piece) {
            // Cut, not ended: the peer must not take a part for the whole.
            exchange->transport->close();
            co_return std::unexpected(piece.error());
        }
        const bool last = piece->empty();
        std::string bytes = last ? "0\r\n\r\n" : chunk(*piece);
        sent = co_await Exchange::write(exchange, std::move(bytes), deadline);
        if (last) break;
    }
    const bool refused = !sent && sent.error().code == Errc::unavailable;
    if (!sent && !refused) co_return std::unexpected(sent.error());
    auto answered = co_await Exchange::read_head(exchange, Budget(deadline));
    if (!answered) co_return std::unexpected(answered.error());
    exchange->spent = refused;
    co_return std::make_unique<State::Body>(state, exchange);
}

asio::awaitable<Result<std::unique_ptr<RawConnection>>> Client::upgrade(ClientRequest request,
                                                                        milliseconds deadline) {
    auto state = state_;
    auto begun = co_await State::exchange(state, std::move(request), Framing::upgrade, deadline);
    if (!begun) co_return std::unexpected(begun.error());
    auto exchange = *begun;
    const int status = exchange->reader.head().status;
    if (status == 101 || status == 200) {
        std::string first = exchange->reader.take_body();
        first += exchange->reader.take_rest();
        co_return std::make_unique<RawStream>(exchange, std::move(first));
    }
    State::Body body(state, exchange);
    std::string text;
    while (text.size() < piece_bytes) {
        auto piece = co_await body.read(deadline);
        if (!piece || piece->empty()) break;
        text += *piece;
    }
    const auto code = status == 404   ? Errc::not_found
                      : status == 409 ? Errc::conflict
                      : status >= 500 ? Errc::unavailable
                                      : Errc::invalid_argument;
    co_return fail(code, text.substr(0, piece_bytes));
}

}  // namespace muster::http
