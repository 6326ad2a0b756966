#pragma once

#include <cstdint>
#include <span>

#include "muster/sim/fixed.hpp"
#include "muster/sim/rules.hpp"

/// How a player moves in one tick: the part that a client repeats exactly to predict itself
/// (docs/formats/world-protocol.md). Whole numbers in 1/256 units; all divisions truncate towards
/// zero.
namespace muster::sim {

/// Boxes that stop movement, and which of them are near enough to matter.
struct Obstacles {
    std::span<const std::uint16_t> near;
    std::span<const Box> boxes;
};

/// What the pressed directions ask for. Opposite ones cancel out. Along one axis the whole speed
/// (640, boosted 960), on a diagonal speed * 181 / 256 on each axis: 452, boosted 678.
[[nodiscard]] Vec wanted_step(std::uint8_t buttons, bool boosted);

/// Moves a circle of `player_radius` from `at`, where it is free, by `step`: x first, then, from
/// there, y. On each axis it stops at the last place before the border or a box that it would
/// overlap (nearer than the radius; touching is free). What stops at a corner stops at the smallest
/// whole distance that is free: w = ceil(sqrt(radius^2 - d^2)) before the box's side, with d the
/// distance to the box along the other axis.
///
/// Exact while no box is narrower than `box_side_min` and no step longer: then none is jumped over.
[[nodiscard]] Vec slide(Vec at, Vec step, const Box& bounds, const Obstacles& obstacles);

inline constexpr Length box_side_min = 4 * unit;
static_assert(player_speed_boosted <= box_side_min);

/// The distance of a point to a box along each axis, 0 within.
[[nodiscard]] constexpr Vec gap(Vec at, const Box& box) {
    const Length x = at.x < box.low.x    ? box.low.x - at.x
                     : at.x > box.high.x ? at.x - box.high.x
                                         : 0;
    const Length y = at.y < box.low.y    ? box.low.y - at.y
                     : at.y > box.high.y ? at.y - box.high.y
                                         : 0;
    return {x, y};
}

[[nodiscard]] constexpr bool overlaps(Vec at, Length radius, const Box& box) {
    return squared(gap(at, box)) < std::int64_t{radius} * radius;
}

}  // namespace muster::sim
