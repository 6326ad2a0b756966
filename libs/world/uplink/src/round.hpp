#pragma once

#include <cstddef>
#include <utility>

namespace muster::uplink {

/// Which of several coordinators is asked next. All are asked, one right after the other, before it
/// waits; whoever was let in waits first, as all the others do that were, for whoever leads next
/// needs a moment. Pure.
class Round {
  public:
    /// Of `count` coordinators, 1 at least; from the first.
    explicit Round(std::size_t count) : count_(count) {}
    [[nodiscard]] std::size_t at() const { return at_; }
    /// The one that is asked now leads.
    void let_in() { was_let_in_ = true; }
    /// It did not let us in, or does no more: the next. Whether to wait before it is asked.
    [[nodiscard]] bool move_on() {
        at_ = (at_ + 1) % count_;
        if (++asked_ < count_ && !std::exchange(was_let_in_, false)) return false;
        asked_ = 0;
        was_let_in_ = false;
        return true;
    }

  private:
    const std::size_t count_;
    std::size_t at_ = 0;
    std::size_t asked_ = 0;  ///< in this round
    bool was_let_in_ = false;
};

}  // namespace muster::uplink
