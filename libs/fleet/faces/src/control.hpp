#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "control_link.hpp"

namespace muster::faces {

/// Horizon's control socket: listens, and dials its peer again and again.
class Control {
  public:
    static constexpr std::size_t connections_max = 16;
    static constexpr std::chrono::milliseconds dial_limit{10'000};
    static constexpr std::chrono::milliseconds pause_first{1'000};
    static constexpr std::chrono::milliseconds pause_max{60'000};

    Control(asio::any_io_executor executor, ControlOptions options, std::string version);

    /// Binds and listens.
    [[nodiscard]] Result<void> open(coordinator::Coordinator& coordinator);
    /// Until stop().
    asio::awaitable<void> run();
    void stop();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    std::function<void(coordinator::LogLevel, std::string_view)> log;

  private:
    using Tcp = asio::ip::tcp;
    asio::awaitable<void> accept();
    asio::awaitable<void> dial();
    asio::awaitable<std::optional<Tcp::socket>> connect();
    asio::awaitable<void> serve(std::shared_ptr<ControlLink> link, bool is_peer);
    asio::awaitable<void> refuse(Tcp::socket socket);
    std::shared_ptr<ControlLink> make(Tcp::socket socket);

    asio::any_io_executor executor_;
    ControlOptions options_;
    std::string version_;
    coordinator::Coordinator* coordinator_ = nullptr;
    Tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    std::set<std::shared_ptr<ControlLink>> links_;
    std::size_t accepted_ = 0;
    std::size_t refusing_ = 0;
    bool is_stopping_ = false;
    Bell stopping_;
    Tasks tasks_;
};

}  // namespace muster::faces
