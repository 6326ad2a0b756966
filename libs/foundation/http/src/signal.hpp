#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::http {

namespace asio = boost::asio;

using SteadyTime = std::chrono::steady_clock::time_point;

/// Wakes coroutines of the same executor, like a condition variable: a waiter looks at its
/// condition before and after, in a loop.
class Signal {
  public:
    explicit Signal(asio::any_io_executor executor) : timer_(executor, SteadyTime::max()) {}

    void notify() { timer_.cancel(); }

    asio::awaitable<void> wait() {
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }

  private:
    asio::steady_timer timer_;
};

/// The same for one waiter that gives up at a point in time.
class TimedSignal {
  public:
    explicit TimedSignal(asio::any_io_executor executor) : timer_(executor) {}

    void notify() { timer_.cancel(); }

    asio::awaitable<void> wait_until(SteadyTime deadline) {
        timer_.expires_at(deadline);
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }

  private:
    asio::steady_timer timer_;
};

}  // namespace muster::http
