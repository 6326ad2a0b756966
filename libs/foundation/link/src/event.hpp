#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::link {

namespace asio = boost::asio;

/// Wakes the one coroutine that waits, for whatever reason: who wakes looks again. Only on the
/// owner's executor; nothing is remembered for who does not wait yet.
class Event {
  public:
    explicit Event(const asio::any_io_executor& executor) : timer_(executor) {}
    asio::awaitable<void> wait() {
        timer_.expires_at(asio::steady_timer::time_point::max());
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    void notify() { timer_.cancel(); }

  private:
    asio::steady_timer timer_;
};

}  // namespace muster::link
