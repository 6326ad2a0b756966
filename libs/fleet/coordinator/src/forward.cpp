#include "forward.hpp"

#include <netinet/tcp.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace muster::coordinator {
namespace {

using Tcp = asio::ip::tcp;
using asio::experimental::awaitable_operators::operator||;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds connect_deadline{3'000};
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::size_t buffer_bytes = 16'384;
constexpr int vanished_after_ms = 30'000;

/// Both halves of a connection that is passed on.
struct Pair {
    explicit Pair(Tcp::socket accepted)
        : client(std::move(accepted)), server(client.get_executor()) {}
    Tcp::socket client;
    Tcp::socket server;
    std::string address;  ///< the client's
    int open_ways = 2;
    bool is_cut = false;

    void cut() {
        is_cut = true;
        boost::system::error_code ignored;
        client.close(ignored);
        server.close(ignored);
    }
};
using PairPtr = std::shared_ptr<Pair>;

void notice_who_vanishes(Tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    socket.set_option(Tcp::no_delay(true), ignored);
    const int descriptor = socket.native_handle();
    const auto set = [&](int option, int value) {
        ::setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value);
    };
    set(TCP_KEEPIDLE, 15);
    set(TCP_KEEPINTVL, 5);
    set(TCP_KEEPCNT, 3);
    set(TCP_USER_TIMEOUT, vanished_after_ms);
}

class TcpForward final : public Forward {
  public:
    TcpForward(asio::any_io_executor executor, Options options, Tcp::acceptor acceptor)
        : state_(std::make_shared<State>(std::move(executor), std::move(options),
                                         std::move(acceptor))) {}
    ~TcpForward() override { state_->close(); }
    TcpForward(const TcpForward&) = delete;
    TcpForward& operator=(const TcpForward&) = delete;

    void to(std::optional<Place> place) override {
        if (place == state_->place) return;
        state_->place = std::move(place);
        state_->cut_all();
    }
    asio::awaitable<void> run() override { return accept(state_); }
    asio::awaitable<void> stop() override {
        const auto state = state_;
        state->close();
        co_await state->ended.wait();
    }
    [[nodiscard]] std::uint16_t port() const override { return state_->port; }

  private:
    /// Shared with the connections, which may outlive their owner by a turn.
    struct State {
        State(asio::any_io_executor on, Options given, Tcp::acceptor listening)
            : executor(on),
              options(std::move(given)),
              acceptor(std::move(listening)),
              port(acceptor.local_endpoint().port()),
              ended(on) {}
        asio::any_io_executor executor;
        Options options;
        Tcp::acceptor acceptor;
        std::uint16_t port;
        Signal ended;
        std::optional<Place> place;
        std::set<PairPtr> pairs;
        std::map<std::string, std::size_t> by_address;

        void cut_all() {
            for (const auto& pair : pairs) pair->cut();
        }
        void close() {
            boost::system::error_code ignored;
            acceptor.close(ignored);
            cut_all();
        }
        void forget(const PairPtr& pair) {
            if (pairs.erase(pair) == 0) return;
            const auto count = by_address.find(pair->address);
            if (--count->second == 0) by_address.erase(count);
        }
    };
    using StatePtr = std::shared_ptr<State>;

    static asio::awaitable<void> accept(StatePtr state) {
        asio::steady_timer pause(state->executor);
        while (state->acceptor.is_open()) {
            auto [error, socket] = co_await state->acceptor.async_accept(quietly);
            if (error && state->acceptor.is_open()) {
                // Out of descriptors, most likely: there will be some again.
                pause.expires_after(accept_pause);
                co_await pause.async_wait(quietly);
            }
            if (!error) take(state, std::move(socket));
        }
        state->ended.set();
    }

    static void take(const StatePtr& state, Tcp::socket socket) {
        boost::system::error_code gone;
        const auto address = socket.remote_endpoint(gone).address().to_string();
        if (gone || state->pairs.size() >= state->options.connections_max) return;
        auto& count = state->by_address[address];
        if (count >= state->options.connections_per_address_max) return;
        ++count;
        const auto pair = std::make_shared<Pair>(std::move(socket));
        pair->address = address;
        state->pairs.insert(pair);
        asio::co_spawn(state->executor, serve(state, pair), asio::detached);
    }

    static asio::awaitable<void> serve(StatePtr state, PairPtr pair) {
        bool connected = false;
        if (state->place) connected = co_await connect(pair, *state->place);
        if (!connected && !pair->is_cut) {
            connected = co_await connect(pair, state->options.otherwise);
        }
        if (!connected || pair->is_cut) {
            pair->cut();
            state->forget(pair);
            co_return;
        }
        notice_who_vanishes(pair->client);
        notice_who_vanishes(pair->server);
        asio::co_spawn(state->executor, pump(state, pair, true), asio::detached);
        asio::co_spawn(state->executor, pump(state, pair, false), asio::detached);
    }

    static asio::awaitable<bool> connect(PairPtr pair, Place place) {
        Tcp::resolver resolver(pair->client.get_executor());
        asio::steady_timer deadline(pair->client.get_executor(), connect_deadline);
        boost::system::error_code ignored;
        pair->server.close(ignored);
        const auto port = std::to_string(place.port);
        auto found = co_await (resolver.async_resolve(place.host, port, quietly) ||
                               deadline.async_wait(quietly));
        if (found.index() != 0 || pair->is_cut) co_return false;
        auto [unknown, endpoints] = std::get<0>(found);
        if (unknown) co_return false;
        auto tried = co_await (asio::async_connect(pair->server, endpoints, quietly) ||
                               deadline.async_wait(quietly));
        if (tried.index() != 0) co_return false;
        co_return !std::get<0>(std::get<0>(tried));
    }

    /// One of the two ways. When it ends in order the other goes on: a request may be over before
    /// its answer is.
    static asio::awaitable<void> pump(StatePtr state, PairPtr pair, bool from_client) {
        Tcp::socket& from = from_client ? pair->client : pair->server;
        Tcp::socket& to = from_client ? pair->server : pair->client;
        std::array<char, buffer_bytes> buffer;
        boost::system::error_code why;
        while (!why) {
            auto [ended, size] = co_await from.async_read_some(asio::buffer(buffer), quietly);
            why = ended;
            if (ended) break;
            auto [failed, written] =
                co_await asio::async_write(to, asio::buffer(buffer.data(), size), quietly);
            why = failed;
        }
        boost::system::error_code ignored;
        if (why == asio::error::eof) to.shutdown(Tcp::socket::shutdown_send, ignored);
        if (--pair->open_ways == 0 || why != asio::error::eof) pair->cut();
        if (pair->open_ways == 0) state->forget(pair);
    }

    StatePtr state_;
};

}  // namespace

Result<std::unique_ptr<Forward>> Forward::open(asio::any_io_executor executor, Options options) {
    boost::system::error_code error;
    const auto address =
        asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
    if (error) {
        return fail(Errc::invalid_argument, "'" + options.host + "' is no numeric address", "http");
    }
    Tcp::acceptor acceptor(executor);
    const Tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return fail(Errc::unavailable,
                    "cannot listen on " + options.host + ":" + std::to_string(options.port) + " (" +
                        error.message() + ")",
                    "http");
    }
    return std::make_unique<TcpForward>(std::move(executor), std::move(options),
                                        std::move(acceptor));
}

}  // namespace muster::coordinator
