#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "admission.hpp"
#include "links.hpp"
#include "muster/rtc/identity.hpp"
#include "overload.hpp"

namespace muster::host {

/// Where plugins leave what is for those who run the worlds. Any thread.
class Newsstand {
  public:
    void listen(std::function<void(PluginNews)> listener) {
        const std::lock_guard lock(mutex_);
        listener_ = std::move(listener);
    }
    /// False when nobody listens.
    bool put(PluginNews news) {
        const std::lock_guard lock(mutex_);
        if (!listener_) return false;
        listener_(std::move(news));
        return true;
    }

  private:
    std::mutex mutex_;
    std::function<void(PluginNews)> listener_;  // guarded by mutex_
};

/// What all threads of a server read. Made before the first and gone after the last of them.
struct Shared {
    explicit Shared(Options given)
        : options(std::move(given)),
          admission(options),
          snapshot_rate(options.snapshot_rate),
          began(std::chrono::steady_clock::now()) {}

    Options options;
    Admission admission;
    Newsstand newsstand;
    std::shared_ptr<const rtc::Identity> identity;
    std::vector<std::unique_ptr<WorldDoor>> worlds;
    std::vector<std::unique_ptr<ShardDoor>> shards;

    // What everybody gets now; written by the overload control.
    std::atomic<std::uint8_t> snapshot_rate;
    std::atomic<std::uint8_t> far_every{3};
    std::atomic<Overload> overload{Overload::none};
    std::atomic<std::uint32_t> service_version{0};

    std::atomic<bool> stopping{false};
    std::atomic<std::uint64_t> joins{0}, resumed{0}, sessions_begun{0};

    std::chrono::steady_clock::time_point began;
    [[nodiscard]] Instant now() const {
        return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now() - began);
    }

    void log(LogLevel level, std::string_view text) const {
        if (options.log) options.log(level, text);
    }
};

/// How much a thread has to do, over half a second each: the share of its time that it was busy,
/// or, when that is more, how often it came too late for a tick. A thread that waits for a
/// processor which others use is not busy, but late it is.
class Load {
  public:
    void busy(std::chrono::nanoseconds took) { busy_ += took; }
    void ticks(std::uint64_t all, std::uint64_t late) {
        ticks_ += all;
        late_ += late;
    }
    void passed(Instant now) {
        if (now - since_ < Instant(500'000)) return;
        const double share =
            static_cast<double>(busy_.count()) / 1e3 / static_cast<double>((now - since_).count());
        const double lateness = lateness_weight * static_cast<double>(late_) /
                                static_cast<double>(std::max<std::uint64_t>(ticks_, 1));
        share_.store(static_cast<float>(std::max(share, std::min(lateness, 1.0))),
                     std::memory_order_relaxed);
        since_ = now;
        busy_ = {};
        ticks_ = late_ = 0;
    }
    [[nodiscard]] double share() const { return share_.load(std::memory_order_relaxed); }

  private:
    static constexpr double lateness_weight = 2;  ///< late for half of the ticks is as good as lost
    std::chrono::nanoseconds busy_{0};
    std::uint64_t ticks_ = 0, late_ = 0;
    Instant since_{0};
    std::atomic<float> share_{0};
};

}  // namespace muster::host
