#include "muster/node/timers.hpp"

namespace muster::node {

Timers::Id TimerQueue::add(std::chrono::nanoseconds due, std::function<void()> what) {
    const Timers::Id id = ++last_;
    by_time_.emplace(Key{due, id}, std::move(what));
    due_.emplace(id, due);
    return id;
}

void TimerQueue::cancel(Timers::Id id) {
    const auto found = due_.find(id);
    if (found == due_.end()) return;
    by_time_.erase(Key{found->second, id});
    due_.erase(found);
}

void TimerQueue::run(std::chrono::nanoseconds now) {
    while (!by_time_.empty() && by_time_.begin()->first.first <= now) {
        auto first = by_time_.extract(by_time_.begin());
        due_.erase(first.key().second);
        first.mapped()();
    }
}

Timers::Id SystemTimers::after(milliseconds delay, std::function<void()> what) {
    const auto now = asio::steady_timer::clock_type::now().time_since_epoch();
    const Id id = queue_.add(now + delay, std::move(what));
    arm();
    return id;
}

void SystemTimers::arm() {
    if (queue_.empty()) return;
    const asio::steady_timer::time_point due{
        std::chrono::duration_cast<asio::steady_timer::duration>(queue_.next())};
    timer_.expires_at(due);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        queue_.run(asio::steady_timer::clock_type::now().time_since_epoch());
        arm();
    });
}

void ManualTimers::advance(milliseconds by) {
    const std::chrono::nanoseconds end = now_ + by;
    while (!queue_.empty() && queue_.next() <= end) {
        now_ = queue_.next();
        queue_.run(now_);
    }
    now_ = end;
}

}  // namespace muster::node
