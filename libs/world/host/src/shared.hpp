#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admission.hpp"
#include "links.hpp"
#include "muster/rtc/identity.hpp"
#include "overload.hpp"

namespace muster::host {

/// What all threads of a server read. Made before the first and gone after the last of them.
struct Shared {
    explicit Shared(Options given)
        : options(std::move(given)),
          admission(options),
          snapshot_rate(options.snapshot_rate),
          began(std::chrono::steady_clock::now()) {}

    Options options;
    Admission admission;
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

/// The share of its time that a thread was busy, over half a second each.
class Load {
  public:
    void busy(std::chrono::nanoseconds took) { busy_ += took; }
    void passed(Instant now) {
        if (now - since_ < Instant(500'000)) return;
        share_.store(static_cast<float>(static_cast<double>(busy_.count()) / 1e3 /
                                        static_cast<double>((now - since_).count())),
                     std::memory_order_relaxed);
        since_ = now;
        busy_ = {};
    }
    [[nodiscard]] double share() const { return share_.load(std::memory_order_relaxed); }

  private:
    std::chrono::nanoseconds busy_{0};
    Instant since_{0};
    std::atomic<float> share_{0};
};

}  // namespace muster::host
