#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "muster/host/world_server.hpp"
#include "muster/sctp/association.hpp"

namespace muster::host {

using sctp::Instant;

/// How long something took during the last ten seconds: buckets of 1/16 of a power of two (6 %),
/// one set for each second. One thread records; any may ask.
class Histogram {
  public:
    void record(Instant now, std::chrono::nanoseconds took);

    struct Summary {
        double p50_us = 0, p99_us = 0, max_us = 0;
        std::uint64_t count = 0;
    };
    /// Of the last `seconds`, 10 at most, and the one that runs.
    [[nodiscard]] Summary summary(Instant now, unsigned seconds = 10) const;

  private:
    static constexpr std::size_t slices = 12;
    static constexpr std::size_t buckets = 29 * 16;  ///< 256 ns to 137 s
    struct Slice {
        std::atomic<std::int64_t> second{-1};
        std::atomic<std::uint64_t> max_ns{0};
        std::array<std::atomic<std::uint32_t>, buckets> counts{};
    };
    [[nodiscard]] static std::size_t bucket_of(std::uint64_t ns);
    [[nodiscard]] static double upper_us(std::size_t bucket);

    std::unique_ptr<std::array<Slice, slices>> slices_ =
        std::make_unique<std::array<Slice, slices>>();
};

[[nodiscard]] Stage stage_of(std::string name, const Histogram& histogram, Instant now);

}  // namespace muster::host
