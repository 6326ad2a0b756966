#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>

namespace muster::plugins {

/// The timers of an instance. Pure: the caller says what time it is, in milliseconds.
class Timers {
  public:
    explicit Timers(std::size_t timers_max) : timers_max_(timers_max) {}

    /// Its id, never used again; nothing when there are too many. `period` 0: once.
    std::optional<std::uint32_t> start(std::uint64_t now, std::uint32_t delay,
                                       std::uint32_t period) {
        if (timers_.size() >= timers_max_) return std::nullopt;
        // Not in the pass that runs now, or a timer that starts the next would never end it.
        timers_[++last_] = {now + std::max(delay, 1U), period};
        next_ = std::min(next_, now + std::max(delay, 1U));
        return last_;
    }
    bool stop(std::uint32_t timer) { return timers_.erase(timer) > 0; }
    void clear() { timers_.clear(); }

    /// The one that is due first, until none is. One with a period is due again after `now` only:
    /// what it missed it does not make up for.
    std::optional<std::uint32_t> take_due(std::uint64_t now) {
        if (now < next_) return std::nullopt;
        auto first = timers_.end();
        for (auto one = timers_.begin(); one != timers_.end(); ++one) {
            if (first == timers_.end() || one->second.due < first->second.due) first = one;
        }
        if (first == timers_.end() || first->second.due > now) {
            next_ = first == timers_.end() ? never : first->second.due;
            return std::nullopt;
        }
        const std::uint32_t timer = first->first;
        if (first->second.period == 0) {
            timers_.erase(first);
        } else {
            first->second.due = std::max(first->second.due + first->second.period, now + 1);
        }
        return timer;
    }

  private:
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
    struct Timer {
        std::uint64_t due = 0;
        std::uint32_t period = 0;
    };
    const std::size_t timers_max_;
    std::map<std::uint32_t, Timer> timers_;
    std::uint32_t last_ = 0;
    std::uint64_t next_ = never;  ///< none is due before
};

}  // namespace muster::plugins
