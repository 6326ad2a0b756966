#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "muster/base/assert.hpp"
#include "muster/base/time.hpp"

namespace muster {

/// How often something may happen: `burst` times at once, and `per_second` on the long run. Both
/// positive; a rate of one a minute is 1.0 / 60.
struct Rate {
    double per_second = 1;
    double burst = 1;
};

/// A token bucket (as the generic cell rate algorithm): it begins full with `burst` tokens and
/// regains `per_second` of them. Pure: the caller says what time it is. A clock that jumps back
/// never locks anybody out for longer than an empty bucket takes to fill.
class Bucket {
  public:
    explicit Bucket(Rate rate)
        : token_(static_cast<std::int64_t>(1e9 / rate.per_second)),
          whole_(static_cast<std::int64_t>(1e9 / rate.per_second * rate.burst)) {
        MUSTER_ASSERT(rate.per_second > 0 && rate.burst >= 1);
    }

    /// Takes `count` tokens when there are as many; otherwise nothing is taken.
    [[nodiscard]] bool take(Timestamp now, double count = 1) {
        full_at_ = full_at_after(now, 0);
        const Time full = full_at_after(now, count);
        if (full - Time(now) > whole_) return false;
        full_at_ = full;
        return true;
    }

    /// How long until `take` of as many would succeed, rounded up: for Retry-After. Zero: now.
    [[nodiscard]] milliseconds wait(Timestamp now, double count = 1) const {
        const Nanoseconds over = full_at_after(now, count) - Time(now) - whole_;
        return over.count() <= 0 ? milliseconds(0) : std::chrono::ceil<milliseconds>(over);
    }

    using Nanoseconds = std::chrono::nanoseconds;
    using Time = std::chrono::sys_time<Nanoseconds>;
    /// When it will be (or was) full again. The bucket with the earliest is the fullest of those
    /// with one rate.
    [[nodiscard]] Time full_at() const { return full_at_; }

  private:
    // When the bucket would be full again if `count` were taken now.
    [[nodiscard]] Time full_at_after(Timestamp now, double count) const {
        const Time at(now);
        Time full = full_at_ < at ? at : full_at_;
        if (full - at > whole_) full = at + whole_;
        return full +
               Nanoseconds(static_cast<std::int64_t>(static_cast<double>(token_.count()) * count));
    }

    Nanoseconds token_;  // the time in which one token comes back
    Nanoseconds whole_;  // the time in which an empty bucket becomes full
    Time full_at_{};
};

/// One bucket for each key (an address, a token's id), at most `keys_max` of them. At that limit
/// the fullest one is forgotten, which is the one that loses the least by it. One thread.
template <typename Key>
class Buckets {
  public:
    Buckets(Rate rate, std::size_t keys_max) : rate_(rate), keys_max_(keys_max) {
        MUSTER_ASSERT(keys_max > 0);
    }

    [[nodiscard]] bool take(const Key& key, Timestamp now, double count = 1) {
        const auto known = buckets_.find(key);
        Bucket bucket = known == buckets_.end() ? Bucket(rate_) : known->second;
        const bool taken = bucket.take(now, count);
        if (known != buckets_.end()) {
            by_fullness_.erase({known->second.full_at(), key});
            known->second = bucket;
        } else {
            if (!taken) return false;
            if (buckets_.size() >= keys_max_) forget_fullest();
            buckets_.emplace(key, bucket);
        }
        by_fullness_.emplace(bucket.full_at(), key);
        return taken;
    }

    [[nodiscard]] milliseconds wait(const Key& key, Timestamp now, double count = 1) const {
        const auto known = buckets_.find(key);
        return (known == buckets_.end() ? Bucket(rate_) : known->second).wait(now, count);
    }

    [[nodiscard]] std::size_t size() const { return buckets_.size(); }

  private:
    void forget_fullest() {
        const auto fullest = by_fullness_.begin();
        buckets_.erase(fullest->second);
        by_fullness_.erase(fullest);
    }

    Rate rate_;
    std::size_t keys_max_;
    std::map<Key, Bucket> buckets_;
    std::set<std::pair<Bucket::Time, Key>> by_fullness_;
};

}  // namespace muster
