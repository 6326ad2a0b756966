#include "muster/sim/fixed.hpp"

#include <array>
#include <bit>
#include <utility>

#include "muster/base/assert.hpp"

namespace muster::sim {
namespace {

constexpr std::uint32_t quarter = 16'384;  ///< of a turn
constexpr std::uint32_t sine_step = 16;    ///< between two entries of the table
constexpr std::size_t sine_entries = quarter / sine_step + 1;

/// The sine of so many 65,536ths of a turn, at most a quarter, in 1/2^30: the Taylor series up to
/// x^15, whose rest is below 2^-35 there.
constexpr std::int64_t sine_by_series(std::uint32_t angle) {
    constexpr std::int64_t half_pi = 1'686'629'713;  // in 1/2^30
    const std::int64_t x = half_pi * angle / quarter;
    const std::int64_t square = (x * x) >> 30;
    std::int64_t term = x;
    std::int64_t sum = x;
    for (std::int64_t n = 2; n < 16; n += 2) {
        term = -((term * square) >> 30) / (n * (n + 1));
        sum += term;
    }
    return sum;
}

constexpr auto sine_table = [] {
    std::array<std::int32_t, sine_entries> table{};
    for (std::uint32_t i = 0; i < sine_entries; ++i) {
        table[i] = static_cast<std::int32_t>((sine_by_series(i * sine_step) + (1 << 14)) >> 15);
    }
    return table;
}();
static_assert(sine_table.front() == 0 && sine_table.back() == 32'768);

/// Between the entries the line is nearer than a unit of the result.
constexpr std::int32_t sine_in_quarter(std::uint32_t angle) {
    const std::uint32_t index = angle / sine_step;
    const auto rest = static_cast<std::int32_t>(angle % sine_step);
    if (rest == 0) return sine_table[index];
    const std::int32_t low = sine_table[index];
    return low + (sine_table[index + 1] - low) * rest / static_cast<std::int32_t>(sine_step);
}

constexpr Direction direction(Angle angle) {
    const std::uint32_t within = angle % quarter;
    const std::int32_t rising = sine_in_quarter(within);
    const std::int32_t falling = sine_in_quarter(quarter - within);
    switch (angle / quarter) {
        case 0:
            return {falling, rising};
        case 1:
            return {-rising, falling};
        case 2:
            return {-falling, -rising};
        default:
            return {rising, -falling};
    }
}

constexpr std::uint32_t tangent_entries = 257;

/// The angle whose tangent is i/256, up to an eighth of a turn: found in the table of sines.
constexpr auto angle_table = [] {
    std::array<std::uint16_t, tangent_entries> table{};
    std::uint16_t angle = 0;
    for (std::uint32_t i = 0; i < tangent_entries; ++i) {
        while (angle < quarter / 2) {
            const Direction next = direction(static_cast<Angle>(angle + 1));
            if (std::int64_t{next.sin} * 256 > std::int64_t{next.cos} * i) break;
            ++angle;
        }
        table[i] = angle;
    }
    return table;
}();

}  // namespace

Direction direction_of(Angle angle) {
    return direction(angle);
}

Angle angle_of(Vec v) {
    if (v.x == 0 && v.y == 0) return 0;
    std::int64_t x = v.x < 0 ? -std::int64_t{v.x} : v.x;
    std::int64_t y = v.y < 0 ? -std::int64_t{v.y} : v.y;
    const bool steep = y > x;
    if (steep) std::swap(x, y);
    const auto ratio = static_cast<std::uint32_t>((y << 16) / x);  // of 65,536
    const std::uint32_t index = ratio >> 8;
    std::uint32_t angle = angle_table[index];
    if (index + 1 < tangent_entries) {
        angle += (angle_table[index + 1] - angle) * (ratio & 255) >> 8;
    }
    if (steep) angle = quarter - angle;
    if (v.x < 0) angle = 2 * quarter - angle;
    if (v.y < 0) angle = 4 * quarter - angle;
    return static_cast<Angle>(angle);
}

std::uint32_t square_root(std::uint64_t v) {
    if (v == 0) return 0;
    // Newton's method from above: falls until it is there.
    std::uint64_t root = std::uint64_t{1} << ((std::bit_width(v) + 1) / 2);
    while (true) {
        const std::uint64_t next = (root + v / root) / 2;
        if (next >= root) break;
        root = next;
    }
    return static_cast<std::uint32_t>(root);
}

Random::Random(std::uint64_t seed) : state_{} {
    // splitmix64, as the authors of xoshiro advise: never all zero.
    for (std::uint32_t& word : state_) {
        seed += 0x9e37'79b9'7f4a'7c15;
        std::uint64_t mixed = seed;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
        word = static_cast<std::uint32_t>((mixed ^ (mixed >> 31)) >> 32);
    }
}

std::uint32_t Random::next() {
    const std::uint32_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint32_t shifted = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 11);
    return result;
}

std::uint32_t Random::below(std::uint32_t below) {
    MUSTER_ASSERT(below > 0);
    return static_cast<std::uint32_t>((std::uint64_t{next()} * below) >> 32);
}

std::int32_t Random::between(std::int32_t low, std::int32_t high) {
    MUSTER_ASSERT(low <= high);
    const std::int64_t span = std::int64_t{high} - low + 1;
    const auto offset =
        static_cast<std::int64_t>((next() * static_cast<std::uint64_t>(span)) >> 32);
    return static_cast<std::int32_t>(low + offset);
}

std::uint64_t Random::digest() const {
    const std::uint64_t low = (std::uint64_t{state_[1]} << 32) | state_[0];
    const std::uint64_t high = (std::uint64_t{state_[3]} << 32) | state_[2];
    return low ^ (high * 0x9e37'79b9'7f4a'7c15);
}

}  // namespace muster::sim
