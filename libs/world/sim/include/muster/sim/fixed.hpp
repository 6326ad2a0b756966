#pragma once

#include <cstdint>

/// The arithmetic of the simulation: whole numbers only, so that every build on every machine
/// computes the same match.
namespace muster::sim {

/// A length: 1/256 of a world unit. A map is at most `map_side_max` on a side.
using Length = std::int32_t;
inline constexpr Length unit = 256;
inline constexpr Length map_side_max = 32'768 * unit;

/// A time: one tick is 1/60 s.
using Tick = std::uint32_t;
inline constexpr Tick tick_rate = 60;
/// Ticks in so many milliseconds, rounded to the nearest.
[[nodiscard]] constexpr Tick ticks_of_ms(std::uint32_t ms) {
    return (ms * tick_rate + 500) / 1000;
}

/// x grows to the right, y grows down, as on a screen.
struct Vec {
    Length x = 0;
    Length y = 0;
    bool operator==(const Vec&) const = default;
    constexpr Vec operator+(Vec o) const { return {x + o.x, y + o.y}; }
    constexpr Vec operator-(Vec o) const { return {x - o.x, y - o.y}; }
};

struct Box {
    Vec low;   ///< left and top
    Vec high;  ///< right and bottom
    bool operator==(const Box&) const = default;
};

/// A direction: 65,536 make a full turn, 0 looks along +x, a quarter (16,384) along +y.
using Angle = std::uint16_t;
/// Cosine and sine in 1/32,768, from a table that is computed without floating point.
struct Direction {
    std::int32_t cos = 32'768;
    std::int32_t sin = 0;
};
[[nodiscard]] Direction direction_of(Angle angle);
/// The angle of a vector, exact to 1/1,024 of a turn or better; 0 for the null vector.
[[nodiscard]] Angle angle_of(Vec v);

[[nodiscard]] constexpr std::int64_t squared(Vec v) {
    return std::int64_t{v.x} * v.x + std::int64_t{v.y} * v.y;
}
[[nodiscard]] constexpr std::int64_t distance_squared(Vec a, Vec b) {
    return squared(a - b);
}
/// The largest whole number whose square is not more.
[[nodiscard]] std::uint32_t square_root(std::uint64_t v);

/// xoshiro128** (Blackman, Vigna: "Scrambled linear pseudorandom number generators", 2021).
class Random {
  public:
    explicit Random(std::uint64_t seed);
    std::uint32_t next();
    /// In [0, below), without bias that a match would show; `below` is positive.
    std::uint32_t below(std::uint32_t below);
    /// In [low, high].
    std::int32_t between(std::int32_t low, std::int32_t high);
    [[nodiscard]] std::uint64_t digest() const;  ///< of its state, for the state hash

  private:
    std::uint32_t state_[4];
};

}  // namespace muster::sim
