#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

#include "muster/base/time.hpp"

namespace muster::node {

namespace asio = boost::asio;

/// Calls back later: the system's (a steady clock, so that a jump of the wall clock ends no grace
/// period early), or one that a test moves. On one executor.
class Timers {
  public:
    using Id = std::uint64_t;  ///< never 0
    virtual ~Timers() = default;
    /// Once, and never from inside after().
    virtual Id after(milliseconds delay, std::function<void()> what) = 0;
    virtual void cancel(Id id) = 0;
};

/// Keeps what is due in order; the two kinds of timers differ in what moves their time.
class TimerQueue {
  public:
    Timers::Id add(std::chrono::nanoseconds due, std::function<void()> what);
    void cancel(Timers::Id id);
    /// Runs everything that is due, also what that adds.
    void run(std::chrono::nanoseconds now);
    [[nodiscard]] bool empty() const { return by_time_.empty(); }
    [[nodiscard]] std::chrono::nanoseconds next() const { return by_time_.begin()->first.first; }

  private:
    using Key = std::pair<std::chrono::nanoseconds, Timers::Id>;
    std::map<Key, std::function<void()>> by_time_;
    std::map<Timers::Id, std::chrono::nanoseconds> due_;
    Timers::Id last_ = 0;
};

class SystemTimers final : public Timers {
  public:
    explicit SystemTimers(const asio::any_io_executor& executor) : timer_(executor) {}
    Id after(milliseconds delay, std::function<void()> what) override;
    void cancel(Id id) override { queue_.cancel(id); }

  private:
    void arm();
    TimerQueue queue_;
    asio::steady_timer timer_;
};

class ManualTimers final : public Timers {
  public:
    Id after(milliseconds delay, std::function<void()> what) override {
        return queue_.add(now_ + delay, std::move(what));
    }
    void cancel(Id id) override { queue_.cancel(id); }
    void advance(milliseconds by);

  private:
    TimerQueue queue_;
    std::chrono::nanoseconds now_{0};
};

}  // namespace muster::node
