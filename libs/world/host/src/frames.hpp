#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "muster/replication/frame.hpp"

namespace muster::host {

struct FrameSlot;

/// The newest frame of a world, for any number of threads, without locks: the world builds the next
/// one in a frame that nobody reads. Each reader holds one frame at most, so two more frames than
/// readers are always enough.
class FramePool {
  public:
    FramePool(const sim::World& world, const replication::FrameOptions& options,
              std::size_t readers);
    ~FramePool();
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    /// The world's thread: builds a frame of the world as it is, and makes it the newest.
    void publish(const sim::World& world);
    [[nodiscard]] const replication::Frame& newest() const;  ///< the world's thread

    /// A reader's hold on a frame, until it is destroyed.
    class Held {
      public:
        Held() = default;
        Held(Held&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
        Held& operator=(Held&& other) noexcept {
            std::swap(slot_, other.slot_);
            return *this;
        }
        ~Held();
        [[nodiscard]] explicit operator bool() const { return slot_ != nullptr; }
        [[nodiscard]] const replication::Frame& operator*() const;

      private:
        friend class FramePool;
        FrameSlot* slot_ = nullptr;
    };
    /// Nothing before the first publish(). Any thread.
    [[nodiscard]] Held hold();
    /// The tick of the newest, and how many there were: to see whether there is a new one.
    [[nodiscard]] std::uint64_t published() const {
        return published_.load(std::memory_order_acquire);
    }

  private:
    std::vector<std::unique_ptr<FrameSlot>> slots_;
    std::atomic<int> newest_{-1};
    std::atomic<std::uint64_t> published_{0};
};

}  // namespace muster::host
