#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "movement.hpp"
#include "muster/sim/fixed.hpp"
#include "muster/sim/map.hpp"

namespace muster::sim {

/// When something meets something on its way, in 1/2^20 of the way.
using Moment = std::int32_t;
inline constexpr Moment moment_end = 1 << 20;
inline constexpr Moment moment_never = moment_end + 1;

/// When the way from `from` by `step` first touches a box; rounded so that none is missed.
[[nodiscard]] Moment meets_box(Vec from, Vec step, const Box& box);
/// When it first comes within `radius` of `centre`. Both lengths below 2^15 units.
[[nodiscard]] Moment meets_circle(Vec from, Vec step, Vec centre, Length radius);
[[nodiscard]] constexpr Vec at_moment(Vec from, Vec step, Moment moment) {
    return {static_cast<Length>(from.x + ((std::int64_t{step.x} * moment) >> 20)),
            static_cast<Length>(from.y + ((std::int64_t{step.y} * moment) >> 20))};
}

/// Walls by the cell they are near to. Where walls may stand is fixed; which of them stand is not.
class WallGrid {
  public:
    /// A look-up at a point finds every wall this near or nearer (along each axis).
    static constexpr Length margin = 21 * unit;

    explicit WallGrid(const Map& map);

    void raise(std::uint16_t wall, const Box& box) { boxes_[wall] = box; }
    void raze(std::uint16_t wall) { boxes_[wall] = nowhere; }
    [[nodiscard]] bool stands(std::uint16_t wall) const { return boxes_[wall] != nowhere; }

    [[nodiscard]] Obstacles near(Vec at) const { return {cell(column(at.x), row(at.y)), boxes_}; }
    [[nodiscard]] bool is_free(Vec at, Length radius) const;
    [[nodiscard]] bool sees(Vec from, Vec to) const;

    struct Hit {
        Moment moment = moment_never;
        std::uint16_t wall = 0;
    };
    /// The first wall on the way; of two at once the one of the lower index. `step` is at most
    /// `margin` long.
    [[nodiscard]] Hit first_hit(Vec from, Vec step) const;

  private:
    static constexpr int shift = 14;  ///< cells of 64 units
    static constexpr Box nowhere{{1 << 28, 1 << 28}, {1 << 28, 1 << 28}};

    [[nodiscard]] std::int32_t column(Length x) const;
    [[nodiscard]] std::int32_t row(Length y) const;
    [[nodiscard]] std::span<const std::uint16_t> cell(std::int32_t column, std::int32_t row) const;

    Box bounds_;
    std::int32_t columns_;
    std::int32_t rows_;
    std::vector<std::uint32_t> starts_;  ///< of each cell in entries_, and the end
    std::vector<std::uint16_t> entries_;
    std::vector<Box> boxes_;  ///< a wall that does not stand is nowhere
};

}  // namespace muster::sim
