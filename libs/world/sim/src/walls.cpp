#include <algorithm>

#include "world_state.hpp"

namespace muster::sim {
namespace {

Tick return_time(std::uint16_t health) {
    return (health <= 100 ? 30 : health <= 200 ? 60 : 90) * tick_rate;
}

}  // namespace

void World::Impl::damage_wall(std::uint16_t index, std::uint32_t damage) {
    Wall& wall = walls[index];
    if (wall.health > damage) {
        wall.health = static_cast<std::uint16_t>(wall.health - damage);
        return;
    }
    const WallSpec& spec = map.walls[index];
    wall.health = 0;
    wall.respawn_at = tick + return_time(spec.health);
    wall_grid.raze(index);
    destroyed.push_back(index);
    emit({.kind = Event::Kind::wall_destroyed,
          .index = index,
          .at = {(spec.box.low.x + spec.box.high.x) / 2, (spec.box.low.y + spec.box.high.y) / 2}});
}

bool World::Impl::is_occupied(const Box& box) const {
    for (const Flag& flag : flags) {
        if (overlaps(flag.at, player_radius, box)) return true;
    }
    const Vec reach{player_radius, player_radius};
    bool occupied = false;
    grid.each_in({box.low - reach, box.high + reach}, [&](const PlayerGrid::Entry& entry) {
        occupied |= players[entry.id].alive && overlaps(entry.at, player_radius, box);
    });
    return occupied;
}

void World::Impl::return_walls() {
    // The grid is the last step's: nobody has moved or been spawned since.
    std::size_t kept = 0;
    for (const std::uint16_t index : destroyed) {
        const WallSpec& spec = map.walls[index];
        if (walls[index].respawn_at > tick || is_occupied(spec.box)) {
            destroyed[kept++] = index;
            continue;
        }
        walls[index] = {.health = spec.health};
        wall_grid.raise(index, spec.box);
        emit({.kind = Event::Kind::wall_returned,
              .index = index,
              .at = {(spec.box.low.x + spec.box.high.x) / 2,
                     (spec.box.low.y + spec.box.high.y) / 2}});
    }
    destroyed.resize(kept);
}

}  // namespace muster::sim
