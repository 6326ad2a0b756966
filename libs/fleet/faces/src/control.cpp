#include "control.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "muster/base/random.hpp"

namespace muster::faces {
namespace {

using boost::system::error_code;
using coordinator::LogLevel;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds accept_pause{100};  // when no descriptor is free
// Whoever does not take the last line in that time does not get it.
constexpr std::chrono::milliseconds farewell{1'000};
// A connection of the peer that lasted so long was a good one.
constexpr std::chrono::seconds lasting{10};

}  // namespace

Control::Control(asio::any_io_executor executor, ControlOptions options, std::string version)
    : executor_(executor),
      options_(std::move(options)),
      version_(std::move(version)),
      acceptor_(executor),
      stopping_(executor),
      tasks_(executor) {}

Result<void> Control::open(coordinator::Coordinator& coordinator) {
    coordinator_ = &coordinator;
    tasks_.on_fault = [this](std::string_view what) {
        if (log) log(LogLevel::error, "control socket: " + std::string(what));
    };
    error_code error;
    const auto address =
        asio::ip::make_address(options_.host == "localhost" ? "127.0.0.1" : options_.host, error);
    if (error) {
        return fail(Errc::invalid_argument, "\"" + options_.host + "\" is no numeric address",
                    "control.address");
    }
    const Tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return fail(Errc::unavailable,
                    "cannot listen on " + options_.host + ":" + std::to_string(options_.port) +
                        ": " + error.message(),
                    "control.address");
    }
    port_ = acceptor_.local_endpoint().port();
    return {};
}

asio::awaitable<void> Control::run() {
    tasks_.start(accept());
    if (!options_.peer_host.empty() && options_.peer_port != 0) tasks_.start(dial());
    while (!is_stopping_) co_await stopping_.wait();
    Bell limit(executor_);
    co_await race(tasks_.ended(), limit.wait(farewell));
    const auto links = links_;
    for (const auto& link : links) link->cut();
    co_await tasks_.ended();
}

void Control::stop() {
    is_stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    const auto links = links_;  // which change while they end
    for (const auto& link : links) {
        link->end(Error{Errc::unavailable, "the coordinator is stopping", {}});
    }
    stopping_.ring();
}

std::shared_ptr<ControlLink> Control::make(Tcp::socket socket) {
    return std::make_shared<ControlLink>(std::move(socket), *coordinator_, version_,
                                         options_.local_token);
}

asio::awaitable<void> Control::accept() {
    while (!is_stopping_) {
        auto [error, socket] = co_await acceptor_.async_accept(quietly);
        if (is_stopping_) break;
        if (error) {
            Bell pause(executor_);
            co_await pause.wait(accept_pause);
            continue;
        }
        if (accepted_ >= connections_max) {
            if (refusing_ < connections_max) tasks_.start(refuse(std::move(socket)));
            continue;
        }
        tasks_.start(serve(make(std::move(socket)), false));
    }
}

asio::awaitable<void> Control::refuse(Tcp::socket socket) {
    ++refusing_;
    const std::string text =
        "{\"type\":\"error\",\"error\":{\"code\":\"exhausted\",\"message\":\"there are " +
        std::to_string(connections_max) + " connections already\"}}\n";
    // So short a line fits into what the system keeps for it: nothing waits here.
    const auto [error, count] = co_await socket.async_write_some(asio::buffer(text), quietly);
    static_cast<void>(count);
    error_code ignored;
    if (!error) socket.shutdown(Tcp::socket::shutdown_send, ignored);
    --refusing_;
}

asio::awaitable<void> Control::serve(std::shared_ptr<ControlLink> link, bool is_peer) {
    // However it ends, the place is free again.
    struct Place {
        Control& control;
        std::shared_ptr<ControlLink> link;
        bool is_peer;
        ~Place() {
            control.links_.erase(link);
            if (!is_peer) --control.accepted_;
        }
    };
    links_.insert(link);
    if (!is_peer) ++accepted_;
    const Place place{*this, link, is_peer};
    co_await link->run();
}

asio::awaitable<std::optional<Control::Tcp::socket>> Control::connect() {
    Tcp::resolver resolver(executor_);
    auto [unresolved, found] = co_await resolver.async_resolve(
        options_.peer_host, std::to_string(options_.peer_port), quietly);
    if (unresolved) co_return std::nullopt;
    Tcp::socket socket(executor_);
    const auto [failed, endpoint] = co_await asio::async_connect(socket, found, quietly);
    if (failed) co_return std::nullopt;
    co_return std::move(socket);
}

asio::awaitable<void> Control::dial() {
    auto pause = pause_first;
    bool is_first_miss = true;
    const std::string peer = options_.peer_host + ":" + std::to_string(options_.peer_port);
    while (!is_stopping_) {
        const auto connected = std::make_shared<std::optional<Tcp::socket>>();
        const auto try_it = [](Control* self, auto into) -> asio::awaitable<void> {
            *into = co_await self->connect();
        };
        Bell limit(executor_);
        co_await race(try_it(this, connected), race(limit.wait(dial_limit), stopping_.wait()));
        if (is_stopping_) break;
        const auto begun = std::chrono::steady_clock::now();
        if (*connected) {
            if (log) log(LogLevel::info, "control socket: connected to " + peer);
            is_first_miss = true;
            co_await serve(make(std::move(**connected)), true);
            if (std::chrono::steady_clock::now() - begun > lasting) pause = pause_first;
        } else if (std::exchange(is_first_miss, false) && log) {
            log(LogLevel::info, "control socket: nobody answers at " + peer + "; trying again");
        }
        if (is_stopping_) break;
        // Not all coordinators of a site at the same moment.
        const auto jitter = random_below(static_cast<std::uint32_t>(pause.count() / 4 + 1));
        co_await stopping_.wait(pause + std::chrono::milliseconds(jitter));
        pause = std::min(pause * 2, pause_max);
    }
}

}  // namespace muster::faces
