#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace muster::faces {

namespace asio = boost::asio;

/// Wakes coroutines of one executor. Whoever waits must keep it alive.
class Bell {
  public:
    explicit Bell(asio::any_io_executor executor);
    /// Wakes all who wait now.
    void ring();
    /// Until the bell rings or the limit has passed.
    asio::awaitable<void> wait(std::chrono::milliseconds limit);
    asio::awaitable<void> wait();

  private:
    asio::steady_timer timer_;
};

/// The coroutines that an object has started, so that it can wait for their end. Each is asked to
/// end by other means.
class Tasks {
  public:
    explicit Tasks(asio::any_io_executor executor);
    /// What a coroutine throws is given to `on_fault`, if there is one.
    void start(asio::awaitable<void> work);
    asio::awaitable<void> ended();
    [[nodiscard]] std::size_t count() const { return state_->running; }
    std::function<void(std::string_view)> on_fault;

  private:
    struct State {
        explicit State(asio::any_io_executor executor) : changed(std::move(executor)) {}
        std::size_t running = 0;
        Bell changed;
    };
    asio::any_io_executor executor_;
    std::shared_ptr<State> state_;
};

/// Runs both until one ends, and cancels the other. Compiled in one place: it is slow to compile.
asio::awaitable<void> race(asio::awaitable<void> one, asio::awaitable<void> other);

}  // namespace muster::faces
