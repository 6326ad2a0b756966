#include "histogram.hpp"

#include <algorithm>
#include <bit>

namespace muster::host {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::int64_t second_of(Instant now) {
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

std::size_t Histogram::bucket_of(std::uint64_t ns) {
    ns = std::max<std::uint64_t>(ns, 256);
    const auto octave = static_cast<std::size_t>(std::bit_width(ns)) - 9;
    const std::size_t within = (ns >> (octave + 4)) & 15U;
    return std::min(octave * 16 + within, buckets - 1);
}

double Histogram::upper_us(std::size_t bucket) {
    const std::size_t octave = bucket / 16;
    const std::uint64_t upper = (std::uint64_t{17} + bucket % 16) << (octave + 4);
    return static_cast<double>(upper) / 1e3;
}

void Histogram::record(Instant now, std::chrono::nanoseconds took) {
    const std::int64_t second = second_of(now);
    Slice& slice = (*slices_)[static_cast<std::size_t>(second) % slices];
    if (slice.second.load(relaxed) != second) {
        // Only this thread writes; who reads in between sees a second with fewer counts.
        for (auto& count : slice.counts) count.store(0, relaxed);
        slice.max_ns.store(0, relaxed);
        slice.second.store(second, std::memory_order_release);
    }
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    auto& count = slice.counts[bucket_of(ns)];
    count.store(count.load(relaxed) + 1, relaxed);
    if (ns > slice.max_ns.load(relaxed)) slice.max_ns.store(ns, relaxed);
}

Histogram::Summary Histogram::summary(Instant now, unsigned seconds) const {
    const std::int64_t last = second_of(now);
    std::array<std::uint64_t, buckets> merged{};
    Summary out;
    std::uint64_t max_ns = 0;
    for (const Slice& slice : *slices_) {
        const std::int64_t second = slice.second.load(std::memory_order_acquire);
        if (second < 0 || second > last || last - second > std::int64_t{seconds}) continue;
        max_ns = std::max(max_ns, slice.max_ns.load(relaxed));
        for (std::size_t i = 0; i < buckets; ++i) {
            const std::uint64_t count = slice.counts[i].load(relaxed);
            merged[i] += count;
            out.count += count;
        }
    }
    out.max_us = static_cast<double>(max_ns) / 1e3;
    const auto quantile = [&](double part) {
        const auto wanted = static_cast<std::uint64_t>(part * static_cast<double>(out.count));
        std::uint64_t passed = 0;
        for (std::size_t i = 0; i < buckets; ++i) {
            passed += merged[i];
            if (passed > wanted) return std::min(upper_us(i), out.max_us);
        }
        return out.max_us;
    };
    if (out.count > 0) {
        out.p50_us = quantile(0.5);
        out.p99_us = quantile(0.99);
    }
    return out;
}

Stage stage_of(std::string name, const Histogram& histogram, Instant now) {
    const auto summary = histogram.summary(now);
    return {std::move(name), summary.p50_us, summary.p99_us, summary.max_us};
}

}  // namespace muster::host
