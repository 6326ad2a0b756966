#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "muster/bus/bus.hpp"

/// What tests of a Bus, and of those who use one, listen with.
namespace muster::bus {

inline constexpr milliseconds patience{30'000};

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// For what cannot be waited for: whether it came true in time.
template <typename Predicate>
[[nodiscard]] bool becomes(Predicate is_true) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Keeps what a receiver is given; the receiver can be held up.
class Recorder {
  public:
    using Received = std::pair<std::string, std::string>;  ///< subject and bytes

    [[nodiscard]] Receiver receiver() {
        return [this](std::string_view subject, std::span<const std::byte> bytes) {
            std::unique_lock lock(mutex_);
            EXPECT_FALSE(calling_) << "two calls at a time";
            calling_ = true;
            received_.emplace_back(
                subject, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
            changed_.notify_all();
            EXPECT_TRUE(changed_.wait_for(lock, patience, [this] { return !held_; }));
            calling_ = false;
        };
    }
    void hold() {
        const std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release() {
        const std::lock_guard lock(mutex_);
        held_ = false;
        changed_.notify_all();
    }
    /// Waits until there are so many, and gives all there are.
    [[nodiscard]] std::vector<Received> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return received_.size() >= count; }))
            << received_.size() << " of " << count << " came";
        return received_;
    }
    /// Waits for one that says just this, and gives all there are.
    [[nodiscard]] std::vector<Received> wait_for_bytes(std::string_view bytes) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, patience,
                                      [&] {
                                          return std::ranges::any_of(received_, [&](const auto& r) {
                                              return r.second == bytes;
                                          });
                                      }))
            << "\"" << bytes << "\" never came";
        return received_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Received> received_;
    bool held_ = false;
    bool calling_ = false;
};

}  // namespace muster::bus
