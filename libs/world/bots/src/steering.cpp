#include <cstdlib>

#include "mind.hpp"

namespace muster::bots {
namespace {

using sim::Input;
using sim::Length;
using sim::Player;
using sim::Tick;
using sim::unit;
using sim::Vec;

// Closer than that on an axis is there: less than the grid keeps from walls, or a bot would press
// against an edge that it thinks it has passed; more than half of one tick's walk.
constexpr Length near_enough = 3 * unit / 2;
// A bot that has not left a circle of this radius for that long hangs, when it means to walk.
constexpr Length hanging_radius = 12 * unit;
constexpr Tick hanging_after = 75;
// One that comes no further for that long goes round in circles.
constexpr Length circling_radius = 70 * unit;
constexpr Tick circling_after = 420;

std::uint8_t buttons_of(Way way) {
    unsigned buttons = 0;
    if (way_x[way] > 0) buttons |= Input::right;
    if (way_x[way] < 0) buttons |= Input::left;
    if (way_y[way] > 0) buttons |= Input::down;
    if (way_y[way] < 0) buttons |= Input::up;
    return static_cast<std::uint8_t>(buttons);
}

// Both axes until each is there: diagonally, then straight, so that it lines up with gaps.
std::uint8_t buttons_towards(Vec delta) {
    unsigned buttons = 0;
    if (delta.x > near_enough) buttons |= Input::right;
    if (delta.x < -near_enough) buttons |= Input::left;
    if (delta.y > near_enough) buttons |= Input::down;
    if (delta.y < -near_enough) buttons |= Input::up;
    return static_cast<std::uint8_t>(buttons);
}

// What a field said before a wall came back: the closest way that is free now.
Way free_way(const Grid& grid, Cell cell, Way wanted) {
    for (const int turn : {0, 1, -1, 2, -2, 3, -3, 4}) {
        const auto way = static_cast<Way>((wanted + turn) & 7);
        if (grid.has_exit(cell, way)) return way;
    }
    return no_way;
}

// Any way that is free from just here, whatever the grid says.
Way open_way(Scene& scene, Vec at) {
    const std::uint32_t first = scene.random.below(8);
    for (std::uint32_t i = 0; i < 8; ++i) {
        const auto way = static_cast<Way>((first + 3 * i) & 7);
        const Vec ahead{at.x + way_x[way] * 8 * unit, at.y + way_y[way] * 8 * unit};
        if (scene.world.is_free(ahead, sim::player_radius)) return way;
    }
    return static_cast<Way>(first);
}

std::uint8_t follow(Scene& scene, Mind& mind, const Player& me) {
    if (mind.goal == no_goal) return 0;
    const Cell cell = scene.grid.at(me.at);
    const std::uint8_t says = scene.fields.toward(mind.goal, cell);
    if (says < 8) {
        mind.lost_since = 0;
        const Way way = free_way(scene.grid, cell, says);
        if (way == no_way) return buttons_of(says);
        const Cell next = scene.grid.neighbour(cell, way);
        // In the open everybody keeps their own line; beside walls they go from centre to centre.
        if (scene.grid.exits(cell) == 0xff && scene.grid.exits(next) == 0xff) {
            return buttons_of(way);
        }
        return buttons_towards(scene.grid.centre(next) - me.at);
    }
    if (says == field_unknown && mind.lost_since == 0) mind.lost_since = scene.tick;
    if (says == field_arrived) mind.lost_since = 0;
    const std::uint8_t buttons = buttons_towards(scene.fields.position(mind.goal) - me.at);
    if (buttons == 0) mind.arrived = true;
    return buttons;
}

}  // namespace

std::uint8_t steer(Scene& scene, Mind& mind, const Player& me) {
    std::uint8_t buttons = 0;
    if (scene.tick < mind.escape_until) {
        buttons = buttons_of(mind.escape_way);
    } else if (scene.tick < mind.fight_until && mind.fight_way != no_way) {
        buttons = buttons_of(mind.fight_way);
    } else if (mind.role != Role::defend || !mind.arrived) {
        buttons = follow(scene, mind, me);
    }
    mind.pressing = buttons != 0;
    return buttons;
}

void check_progress(Scene& scene, Mind& mind, const Player& me) {
    const auto left = [&](Vec anchor, Length radius) {
        return sim::distance_squared(me.at, anchor) > std::int64_t{radius} * radius;
    };
    const bool rests = mind.role == Role::defend && mind.arrived;
    if (rests || left(mind.anchor, hanging_radius)) {
        mind.anchor = me.at;
        mind.anchor_at = scene.tick;
    }
    if (rests || mind.target != sim::no_player || left(mind.wide_anchor, circling_radius)) {
        mind.wide_anchor = me.at;
        mind.wide_anchor_at = scene.tick;
    }
    const bool circles = scene.tick - mind.wide_anchor_at > circling_after;
    const bool hangs = scene.tick - mind.anchor_at > hanging_after;
    if (!circles && !hangs) return;
    mind.escape_way = open_way(scene, me.at);
    mind.escape_until = scene.tick + 20 + scene.random.below(circles ? 80 : 30);
    mind.fight_way = no_way;
    mind.anchor = me.at;
    mind.anchor_at = scene.tick;
    if (circles || scene.chance(50)) mind.role_until = scene.tick;
    if (circles) {
        mind.wide_anchor = me.at;
        mind.wide_anchor_at = scene.tick;
    }
}

}  // namespace muster::bots
