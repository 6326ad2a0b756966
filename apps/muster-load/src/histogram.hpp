#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace muster::load {

/// Counts of whole numbers in log-linear buckets (as HdrHistogram's): exact below 128, above it
/// within 1/64 of the value, up to 2^40. A fixed 18 KiB, however many values; mergeable.
class Histogram {
  public:
    Histogram() : buckets_(bucket_count) {}
    void add(std::uint64_t value) {
        value = std::min(value, value_max);
        ++buckets_[bucket_of(value)];
        ++count_;
        sum_ += value;
        max_ = std::max(max_, value);
    }
    void merge(const Histogram& other) {
        for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
        count_ += other.count_;
        sum_ += other.sum_;
        max_ = std::max(max_, other.max_);
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t max() const { return max_; }
    [[nodiscard]] double mean() const {
        return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
    }
    /// The value that `share` of all are not above, rounded up to its bucket's end; 0 when empty.
    [[nodiscard]] std::uint64_t at(double share) const {
        const auto wanted = std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(share * static_cast<double>(count_) + 0.999'999));
        std::uint64_t passed = 0;
        for (std::size_t i = 0; i < bucket_count; ++i) {
            passed += buckets_[i];
            if (passed >= wanted) return std::min(end_of(i), max_);
        }
        return max_;
    }

    static constexpr std::uint64_t value_max = (std::uint64_t{1} << 40U) - 1;

  private:
    static constexpr std::size_t exact = 128;
    static constexpr std::size_t bucket_count = exact + 33 * 64;
    static std::size_t bucket_of(std::uint64_t value) {
        if (value < exact) return value;
        const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 7;
        return exact + (shift - 1) * 64 + ((value >> shift) - 64);
    }
    static std::uint64_t end_of(std::size_t bucket) {
        if (bucket < exact) return bucket;
        const auto shift = (bucket - exact) / 64 + 1;
        const std::uint64_t mantissa = (bucket - exact) % 64 + 64;
        return ((mantissa + 1) << shift) - 1;
    }
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0, sum_ = 0, max_ = 0;
};

}  // namespace muster::load
