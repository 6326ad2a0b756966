#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "muster/node/timers.hpp"

namespace muster::node {

/// Wakes the coroutines that wait at it. Who waits checks its condition before and after.
class Gate {
  public:
    explicit Gate(const asio::any_io_executor& executor) : timer_(executor) {
        timer_.expires_at(asio::steady_timer::time_point::max());
    }
    asio::awaitable<void> wait() {
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    /// At most so long.
    asio::awaitable<void> wait(Timers& timers, milliseconds limit) {
        const Timers::Id id = timers.after(limit, [this] { timer_.cancel(); });
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        timers.cancel(id);
    }
    void wake() { timer_.cancel(); }

  private:
    asio::steady_timer timer_;
};

/// Coroutines that run beside each other and are all waited for before their owner goes.
class Tasks {
  public:
    explicit Tasks(asio::any_io_executor executor)
        : executor_(std::move(executor)), idle_(executor_) {}
    void spawn(asio::awaitable<void> task) {
        ++running_;
        asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr error) {
            --running_;
            idle_.wake();
            if (error) std::rethrow_exception(error);
        });
    }
    asio::awaitable<void> drain() {
        while (running_ > 0) co_await idle_.wait();
    }
    [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }

  private:
    asio::any_io_executor executor_;
    Gate idle_;
    int running_ = 0;
};

}  // namespace muster::node
