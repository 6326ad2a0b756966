#pragma once

#include <cstdint>

namespace muster::territory {

/// Chance that a seed repeats, for tests (PCG, 64 bits of state, 32 of output).
class Chance {
  public:
    explicit Chance(std::uint64_t seed) : state_(seed * 2 + 1) {
        next();
        next();
    }
    /// In [0, below); `below` is not 0.
    std::int64_t below(std::int64_t below) {
        return static_cast<std::int64_t>((std::uint64_t{next()} << 31U | next() >> 1U) %
                                         static_cast<std::uint64_t>(below));
    }
    bool one_in(std::int64_t count) { return below(count) == 0; }

  private:
    std::uint32_t next() {
        const std::uint64_t old = state_;
        state_ = old * 6364136223846793005ULL + 1442695040888963407ULL;
        const auto mixed = static_cast<std::uint32_t>(((old >> 18U) ^ old) >> 27U);
        const auto by = static_cast<std::uint32_t>(old >> 59U);
        return (mixed >> by) | (mixed << ((32U - by) & 31U));
    }
    std::uint64_t state_;
};

}  // namespace muster::territory
