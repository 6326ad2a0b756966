#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "muster/base/assert.hpp"

namespace muster::host {

/// A bounded queue from one thread to another, without locks. Elements are made once and reused, so
/// that what they hold (a buffer) may be kept by pushing with prepare() and commit().
template <typename T>
class Ring {
  public:
    /// `capacity` is a power of two.
    explicit Ring(std::size_t capacity) : mask_(capacity - 1), slots_(capacity) {
        MUSTER_ASSERT(std::has_single_bit(capacity));
    }

    /// The sender's: the next free element, or null when it is full.
    [[nodiscard]] T* prepare() {
        const std::size_t at = tail_.load(std::memory_order_relaxed);
        if (at - known_head_ > mask_) {
            known_head_ = head_.load(std::memory_order_acquire);
            if (at - known_head_ > mask_) return nullptr;
        }
        return &slots_[at & mask_];
    }
    void commit() {
        tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }
    /// False when it is full: `value` is then as it was.
    [[nodiscard]] bool push(T&& value) {
        T* const slot = prepare();
        if (slot == nullptr) return false;
        *slot = std::move(value);
        commit();
        return true;
    }

    /// The receiver's: calls for each that is there, at most `count_max`; how many.
    template <typename Each>
    std::size_t drain(Each&& each,
                      std::size_t count_max = std::numeric_limits<std::size_t>::max()) {
        const std::size_t from = head_.load(std::memory_order_relaxed);
        const std::size_t there = tail_.load(std::memory_order_acquire) - from;
        const std::size_t count = there < count_max ? there : count_max;
        for (std::size_t i = 0; i < count; ++i) {
            each(slots_[(from + i) & mask_]);
            head_.store(from + i + 1, std::memory_order_release);
        }
        return count;
    }

    /// Any thread's: about how many wait.
    [[nodiscard]] std::size_t depth() const {
        const std::size_t from = head_.load(std::memory_order_relaxed);
        const std::size_t to = tail_.load(std::memory_order_relaxed);
        return to > from ? to - from : 0;
    }
    [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

  private:
    const std::size_t mask_;
    std::vector<T> slots_;
    // Each thread's own line, so that neither waits for the other's writes.
    alignas(64) std::atomic<std::size_t> head_{0};
    alignas(64) std::atomic<std::size_t> tail_{0};
    std::size_t known_head_ = 0;  // the sender's
};

}  // namespace muster::host
