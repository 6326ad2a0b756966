#pragma once

#include <cstdint>
#include <string>

namespace muster::brain {

/// Chance that a seed repeats, for tests (splitmix64).
class Chance {
  public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t value = (state_ += 0x9e3779b97f4a7c15ULL);
        value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
        return value ^ (value >> 31U);
    }
    /// In [0, below).
    std::uint64_t below(std::uint64_t below) { return next() % below; }
    bool one_in(std::uint64_t count) { return below(count) == 0; }

  private:
    std::uint64_t state_;
};

}  // namespace muster::brain
