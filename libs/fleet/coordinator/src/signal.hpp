#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

namespace muster::coordinator {

namespace asio = boost::asio;

/// A latch between coroutines of one executor: once set it stays set. Any number may wait; whoever
/// waits must keep it alive.
class Signal {
  public:
    explicit Signal(asio::any_io_executor executor);
    void set();
    [[nodiscard]] bool is_set() const { return is_set_; }
    /// Whether it was set before the limit passed.
    asio::awaitable<bool> wait(std::chrono::milliseconds limit);
    asio::awaitable<void> wait();

  private:
    asio::steady_timer never_;
    bool is_set_ = false;
};

}  // namespace muster::coordinator
