#include "movement.hpp"

#include <algorithm>

#include "muster/sim/input.hpp"

namespace muster::sim {
namespace {

constexpr std::int64_t radius_squared = std::int64_t{player_radius} * player_radius;

/// How far before a box's side the centre has to stay when it is `beside` away on the other axis.
Length stand_off(Length beside) {
    const std::int64_t square = radius_squared - std::int64_t{beside} * beside;
    if (beside == 0) return player_radius;
    const auto root = static_cast<std::int64_t>(square_root(static_cast<std::uint64_t>(square)));
    return static_cast<Length>(root * root == square ? root : root + 1);
}

/// Where a motion along one axis from `from` to `to` ends before [low, high].
Length stop_before(Length from, Length to, Length low, Length high, Length distance) {
    if (to > from) return std::clamp(low - distance, from, to);
    return std::clamp(high + distance, to, from);
}

}  // namespace

Vec wanted_step(std::uint8_t buttons, bool boosted) {
    const auto pressed = [&](std::uint8_t button) { return (buttons & button) != 0 ? 1 : 0; };
    const Length x = pressed(Input::right) - pressed(Input::left);
    const Length y = pressed(Input::down) - pressed(Input::up);
    Length speed = boosted ? player_speed_boosted : player_speed;
    if (x != 0 && y != 0) speed = speed * 181 / 256;
    return {x * speed, y * speed};
}

Vec slide(Vec at, Vec step, const Box& bounds, const Obstacles& obstacles) {
    if (step.x != 0) {
        Length to =
            std::clamp(at.x + step.x, bounds.low.x + player_radius, bounds.high.x - player_radius);
        for (const std::uint16_t index : obstacles.near) {
            const Box& box = obstacles.boxes[index];
            if (!overlaps({to, at.y}, player_radius, box)) continue;
            to = stop_before(at.x, to, box.low.x, box.high.x, stand_off(gap(at, box).y));
        }
        at.x = to;
    }
    if (step.y != 0) {
        Length to =
            std::clamp(at.y + step.y, bounds.low.y + player_radius, bounds.high.y - player_radius);
        for (const std::uint16_t index : obstacles.near) {
            const Box& box = obstacles.boxes[index];
            if (!overlaps({at.x, to}, player_radius, box)) continue;
            to = stop_before(at.y, to, box.low.y, box.high.y, stand_off(gap(at, box).x));
        }
        at.y = to;
    }
    return at;
}

}  // namespace muster::sim
