#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>

#include "api.hpp"
#include "control_words.hpp"
#include "muster/faces/faces.hpp"
#include "waits.hpp"

namespace muster::faces {

/// One connection of the control socket, whichever side dialled: signs in, answers commands one
/// after the other, and passes on events when they are asked for.
class ControlLink : public std::enable_shared_from_this<ControlLink> {
  public:
    static constexpr std::chrono::seconds sign_in_limit{30};
    static constexpr std::chrono::minutes idle_limit{10};  ///< without a line; not while it watches
    static constexpr std::chrono::seconds write_limit{30};
    static constexpr std::size_t queue_bytes_max = 8U << 20U;

    using Tcp = asio::ip::tcp;
    /// `local_token`: what a peer of this machine acts with until it shows another; may be empty.
    ControlLink(Tcp::socket socket, coordinator::Coordinator& coordinator, std::string version,
                std::string local_token);

    /// Serves until either side ends it.
    asio::awaitable<void> run();
    /// Says why and closes.
    void end(const Error& why);
    void cut();

  private:
    using Self = std::shared_ptr<ControlLink>;
    asio::awaitable<void> read();
    asio::awaitable<void> write();
    asio::awaitable<void> watch_idleness();
    asio::awaitable<void> watch_events(std::shared_ptr<InnerSocket> socket, std::string target);
    asio::awaitable<void> take(std::string line);
    asio::awaitable<bool> sign_in(std::string token, Json id);
    asio::awaitable<void> obey(control::Message message);
    void start_watching(const control::Message& message);
    void stop_watching();
    bool send(const Json& line);

    Tcp::socket socket_;
    asio::any_io_executor executor_;
    coordinator::Coordinator& coordinator_;
    std::string version_;
    std::string token_;
    std::string address_;
    bool is_signed_in_ = false;
    bool is_closing_ = false;  ///< what is queued is still sent
    bool is_over_ = false;
    std::deque<std::string> queue_;
    std::size_t queued_bytes_ = 0;
    Bell queue_changed_;
    Bell idle_changed_;
    std::chrono::steady_clock::time_point heard_;
    std::chrono::steady_clock::time_point writing_since_{};
    std::shared_ptr<InnerSocket> events_;
    Tasks tasks_;
};

}  // namespace muster::faces
