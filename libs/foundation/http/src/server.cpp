#include "muster/http/server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <map>
#include <set>

#include "connection.hpp"
#include "exchange.hpp"

namespace muster::http {
namespace {

using Tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t refusals_max = 64;  // connections over the limit that are told so
constexpr std::chrono::milliseconds accept_pause{100};  // when no descriptor is free

// What the server and its connections' completions share, so that either may go first.
struct Open {
    explicit Open(asio::any_io_executor executor) : changed(std::move(executor)) {}
    std::set<std::shared_ptr<Connection>> connections;
    std::map<std::string, std::size_t> by_address;
    std::set<std::shared_ptr<Connection>> refused;
    bool accepting = false;  // run() is on its way
    Signal changed;
};

std::string text_of(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

class TcpServer final : public Server {
  public:
    TcpServer(asio::any_io_executor executor, Tcp::acceptor acceptor,
              std::shared_ptr<asio::ssl::context> tls, std::shared_ptr<const Site> site)
        : executor_(executor),
          acceptor_(std::move(acceptor)),
          tls_(std::move(tls)),
          site_(std::move(site)),
          open_(std::make_shared<Open>(executor)),
          local_(acceptor_.local_endpoint()) {}

    ~TcpServer() override {
        error_code ignored;
        acceptor_.close(ignored);
        cut_all();
    }
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;

    std::string host() const override { return text_of(local_.address()); }
    std::uint16_t port() const override { return local_.port(); }
    std::size_t connections() const override { return open_->connections.size(); }
    asio::awaitable<void> run() override;
    asio::awaitable<void> stop(std::chrono::milliseconds grace) override;
    asio::awaitable<Answer> call(Request request, std::string target) override;
    asio::awaitable<std::optional<Response>> talk(Request request, std::string target,
                                                  std::shared_ptr<WebSocket> socket) override;

  private:
    using Steady = std::chrono::steady_clock;
    void observe(const Request& request, int status, Steady::time_point started) const;
    void take(Tcp::socket socket);
    void start(const std::shared_ptr<Connection>& connection, std::string address);
    void refuse(const std::shared_ptr<Connection>& connection);
    void cut_all();

    asio::any_io_executor executor_;
    Tcp::acceptor acceptor_;
    std::shared_ptr<asio::ssl::context> tls_;
    std::shared_ptr<const Site> site_;
    std::shared_ptr<Open> open_;
    Tcp::endpoint local_;
    bool stopping_ = false;
};

asio::awaitable<void> TcpServer::run() {
    open_->accepting = true;
    while (!stopping_) {
        auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!error) {
            take(std::move(socket));
        } else if (error == asio::error::operation_aborted || !acceptor_.is_open()) {
            break;
        } else {
            // Out of descriptors, or the client was gone already: neither ends a server.
            asio::steady_timer pause(executor_, accept_pause);
            co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
    open_->accepting = false;
    open_->changed.notify();
}

void TcpServer::take(Tcp::socket socket) {
    error_code error;
    const Tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(Tcp::no_delay(true), error);
    std::string address = text_of(remote.address());
    const bool secure = tls_ != nullptr;
    auto transport = secure ? tls_stream(std::move(socket), tls_) : plain_stream(std::move(socket));
    auto connection = std::make_shared<Connection>(site_, std::move(transport), address, secure);
    const auto known = open_->by_address.find(address);
    const std::size_t of_address = known == open_->by_address.end() ? 0 : known->second;
    if (open_->connections.size() >= site_->limits.connections_max ||
        of_address >= site_->limits.connections_per_address_max) {
        if (open_->refused.size() < refusals_max) refuse(connection);
        return;
    }
    start(connection, std::move(address));
}

void TcpServer::start(const std::shared_ptr<Connection>& connection, std::string address) {
    open_->connections.insert(connection);
    ++open_->by_address[address];
    auto done = [open = open_, connection, address = std::move(address)](std::exception_ptr) {
        open->connections.erase(connection);
        const auto count = open->by_address.find(address);
        if (--count->second == 0) open->by_address.erase(count);
        open->changed.notify();
    };
    asio::co_spawn(executor_, connection->run(connection),
                   asio::bind_cancellation_slot(connection->cancellation(), std::move(done)));
}

void TcpServer::refuse(const std::shared_ptr<Connection>& connection) {
    open_->refused.insert(connection);
    asio::co_spawn(executor_, connection->refuse(connection),
                   [open = open_, connection](std::exception_ptr) {
                       open->refused.erase(connection);
                       open->changed.notify();
                   });
}

void TcpServer::cut_all() {
    const auto connections = open_->connections;  // a completion changes the set
    for (const auto& connection : connections) connection->cut();
    const auto refused = open_->refused;
    for (const auto& connection : refused) connection->cut();
}

asio::awaitable<void> TcpServer::stop(std::chrono::milliseconds grace) {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    const auto connections = open_->connections;
    for (const auto& connection : connections) connection->begin_stop();
    asio::steady_timer timer(executor_, grace);
    const auto over = std::make_shared<bool>(false);
    timer.async_wait([over, open = open_](error_code error) {
        *over = !error;
        open->changed.notify();
    });
    while (!open_->connections.empty() && !*over) co_await open_->changed.wait();
    timer.cancel();
    cut_all();
    // Nothing that knows this server may be left when it returns.
    while (!open_->connections.empty() || !open_->refused.empty() || open_->accepting) {
        co_await open_->changed.wait();
    }
}

void TcpServer::observe(const Request& request, int status, Steady::time_point started) const {
    const auto& observer = site_->router.state().observer;
    if (!observer) return;
    observer(request, status,
             std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - started));
}

asio::awaitable<Answer> TcpServer::call(Request request, std::string target) {
    const auto started = Steady::now();
    Exchange exchange(site_, std::move(request), std::move(target), false);
    auto outcome = co_await exchange.run();
    if (auto* stream = std::get_if<StreamResponse>(&outcome)) {
        observe(exchange.request(), stream->status, started);
        co_return std::move(*stream);
    }
    auto& response = std::get<Response>(outcome);
    observe(exchange.request(), response.status, started);
    co_return std::move(response);
}

asio::awaitable<std::optional<Response>> TcpServer::talk(Request request, std::string target,
                                                         std::shared_ptr<WebSocket> socket) {
    const auto started = Steady::now();
    Exchange exchange(site_, std::move(request), std::move(target), true);
    auto outcome = co_await exchange.run();
    auto* handler = std::get_if<WebSocketHandler>(&outcome);
    if (handler == nullptr) {
        auto& refused = std::get<Response>(outcome);
        observe(exchange.request(), refused.status, started);
        co_return std::move(refused);
    }
    observe(exchange.request(), 101, started);
    bool failed = false;
    try {
        co_await (*handler)(exchange.request(), socket);
    } catch (...) {
        failed = true;
        exchange.report(text_of_current_exception());
    }
    socket->close(failed ? 1011 : 1000, failed ? "a fault of the server" : "");
    co_return std::nullopt;
}

Result<Tcp::acceptor> listen_on(const asio::any_io_executor& executor, const std::string& host,
                                std::uint16_t port) {
    error_code error;
    const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    if (error) {
        return fail(Errc::invalid_argument, "\"" + host + "\" is no numeric address", "http");
    }
    const Tcp::endpoint endpoint(address, port);
    Tcp::acceptor acceptor(executor);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return fail(
            Errc::unavailable,
            "cannot listen on " + host + ":" + std::to_string(port) + ": " + error.message(),
            "http");
    }
    return acceptor;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(asio::any_io_executor executor, Options options,
                                             Router router) {
    std::shared_ptr<asio::ssl::context> tls;
    if (options.tls) {
        auto context = server_tls_context(*options.tls);
        if (!context) return std::unexpected(context.error());
        tls = std::move(*context);
    }
    auto acceptor = listen_on(executor, options.host, options.port);
    if (!acceptor) return std::unexpected(acceptor.error());
    auto site = std::make_shared<const Site>(std::move(router), options.limits);
    return std::make_unique<TcpServer>(executor, std::move(*acceptor), std::move(tls),
                                       std::move(site));
}

}  // namespace muster::http
