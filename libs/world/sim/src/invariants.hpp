#pragma once

#include <array>

#include "muster/base/assert.hpp"
#include "muster/sim/world.hpp"

namespace muster::sim {

/// What holds after every step of every match, whatever players do. For tests and fuzzers.
/// `alone`: not one of several.
inline void check_invariants(const World& world, bool alone = true) {
    std::array<int, 2> carriers{};
    std::size_t present = 0;
    for (std::size_t id = 0; id < world.players().size(); ++id) {
        const Player& player = world.players()[id];
        if (!player.present) continue;
        ++present;
        MUSTER_ASSERT(player.health <= health_max && player.shield <= shield_max);
        MUSTER_ASSERT(player.alive == (player.health > 0));
        // A ghost is where its owner says: walls there may differ for a moment.
        MUSTER_ASSERT(!player.alive || player.ghost || world.is_free(player.at, player_radius));
        for (std::size_t weapon = 0; weapon < weapon_count; ++weapon) {
            MUSTER_ASSERT(player.ammunition[weapon] <=
                          rules_of(static_cast<Weapon>(weapon)).magazine);
        }
        if (player.carries == Team::none || player.ghost) continue;
        MUSTER_ASSERT(player.alive && player.carries != player.team);
        const std::size_t flag = player.carries == Team::red ? 0 : 1;
        ++carriers[flag];
        MUSTER_ASSERT(world.flags()[flag].carrier == id);
    }
    MUSTER_ASSERT(present == world.present().size());
    for (std::size_t i = 0; i < world.flags().size(); ++i) {
        const Flag& flag = world.flags()[i];
        const bool carried = flag.where == Flag::Where::carried;
        MUSTER_ASSERT(carried == (flag.carrier != no_player));
        const bool here = carried && world.players()[flag.carrier].present &&
                          !world.players()[flag.carrier].ghost;
        MUSTER_ASSERT(carriers[i] == (here ? 1 : 0));
        MUSTER_ASSERT(!carried || !alone || here);
    }
    for (const Projectile& projectile : world.projectiles()) {
        // Only the rounding of a way keeps one from lying on a wall's edge.
        MUSTER_ASSERT(world.sees(projectile.at, projectile.at));
        MUSTER_ASSERT(projectile.expires_at >= world.tick());
    }
    MUSTER_ASSERT(world.events().size() <= 8192);
}

}  // namespace muster::sim
