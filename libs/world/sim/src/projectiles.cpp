#include <algorithm>

#include "world_state.hpp"

namespace muster::sim {

World::Impl::Meeting World::Impl::first_player(const Projectile& projectile, Vec step,
                                               Tick rewind) const {
    const Vec from = projectile.at;
    const auto [left, right] = std::minmax({from.x, from.x + step.x});
    const auto [top, bottom] = std::minmax({from.y, from.y + step.y});
    // Those who were in the way then may have walked on since; candidates are looked for where they
    // are now.
    const Length drift =
        rewind == 0 ? 0 : static_cast<Length>(rewind + credits_max) * player_speed_boosted;
    const Length reach = player_radius + drift;
    const Box box{{left - reach, top - reach}, {right + reach, bottom + reach}};
    const Tick then = tick - rewind;
    Meeting first;
    const Team spared = rules.friendly_fire ? Team::none : projectile.team;
    grid.each_in(box, [&](const PlayerGrid::Entry& entry) {
        if (spared != Team::none && entry.team == spared) return;
        const Vec at = rewind == 0 ? entry.at : history.at(then, entry.id);
        if (at.x < left - player_radius || at.x > right + player_radius ||
            at.y < top - player_radius || at.y > bottom + player_radius) {
            return;
        }
        const Moment moment = meets_circle(from, step, at, player_radius);
        if (moment > first.moment || moment == moment_never) return;
        if (moment == first.moment && entry.id > first.player) return;
        if (entry.id == projectile.owner || !players[entry.id].alive) return;
        if (rewind != 0 && then < backstage[entry.id].spawned_at) return;
        first = {moment, entry.id};
    });
    return first;
}

void World::Impl::hit_wall(const Projectile& projectile, std::uint16_t wall, Vec at) {
    std::uint32_t damage = 0;
    if (map.walls[wall].destructible) {
        damage = rules_of(projectile.weapon).damage;
        if (projectile.boosted) damage = damage * 3 / 2;
    }
    emit({.kind = Event::Kind::wall_hit,
          .team = projectile.team,
          .weapon = projectile.weapon,
          .player = projectile.owner,
          .index = wall,
          .value = static_cast<std::uint16_t>(damage),
          .projectile = projectile.id,
          .at = at});
    if (damage == 0) return;
    if (decides_wall(wall)) {
        damage_wall(wall, damage);
    } else if (playing()) {
        claim({.kind = Claim::Kind::wall,
               .player = projectile.owner,
               .team = projectile.team,
               .weapon = projectile.weapon,
               .damage = static_cast<std::uint16_t>(damage),
               .index = wall,
               .projectile = projectile.id,
               .at = at});
    }
}

bool World::Impl::advance(Projectile& projectile, Vec step, Tick rewind) {
    const WallGrid::Hit wall = wall_grid.first_hit(projectile.at, step);
    const Meeting player = first_player(projectile, step, rewind);
    // At the same moment the wall protects.
    if (wall.moment <= player.moment && wall.moment != moment_never) {
        hit_wall(projectile, wall.wall, at_moment(projectile.at, step, wall.moment));
        return false;
    }
    if (player.moment != moment_never) {
        std::uint32_t damage = rules_of(projectile.weapon).damage;
        if (projectile.boosted) damage = damage * 3 / 2;
        hurt(player.player, projectile.owner, projectile.weapon, damage, projectile.id,
             at_moment(projectile.at, step, player.moment));
        return false;
    }
    projectile.at = projectile.at + step;
    return true;
}

void World::Impl::fly() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < projectiles.size(); ++i) {
        Projectile& projectile = projectiles[i];
        if (projectile.expires_at <= tick || !advance(projectile, projectile.velocity, 0)) continue;
        if (kept != i) projectiles[kept] = projectile;
        ++kept;
    }
    projectiles.resize(kept);
}

void World::Impl::launch(const Attack& shot, Angle angle) {
    if (projectiles.size() >= projectiles_max) return;
    const WeaponRules& weapon = rules_of(shot.weapon);
    const Direction direction = direction_of(angle);
    const auto along = [&](Length length) {
        return Vec{static_cast<Length>((std::int64_t{length} * direction.cos) / 32'768),
                   static_cast<Length>((std::int64_t{length} * direction.sin) / 32'768)};
    };
    Projectile projectile{.id = next_projectile,
                          .at = shot.at,
                          .velocity = along(weapon.speed),
                          .owner = shot.player,
                          .team = players[shot.player].team,
                          .weapon = shot.weapon,
                          .boosted = shot.boosted,
                          .fired_at = tick - shot.rewind,
                          .expires_at = tick - shot.rewind + weapon.lifetime};
    next_projectile += border ? border->part.projectile_stride : 1U;
    const Vec muzzle = along(muzzle_distance);
    emit({.kind = Event::Kind::shot,
          .team = projectile.team,
          .weapon = shot.weapon,
          .player = shot.player,
          .value = static_cast<std::uint16_t>(shot.rewind),
          .projectile = projectile.id,
          .at = shot.at + muzzle,
          .velocity = projectile.velocity});
    // From the centre, so that nothing between it and the muzzle is passed; then through the ticks
    // that the shooter had not seen yet, each past the others as they stood in it.
    if (!advance(projectile, muzzle, shot.rewind)) return;
    for (Tick back = shot.rewind; back-- > 0;) {
        if (!advance(projectile, projectile.velocity, back)) return;
    }
    projectiles.push_back(projectile);
}

void World::Impl::carry_out_shots() {
    for (const Attack& shot : shots) {
        const WeaponRules& weapon = rules_of(shot.weapon);
        for (std::uint8_t pellet = 0; pellet < weapon.pellets; ++pellet) {
            const std::int32_t spread =
                weapon.spread == 0 ? 0 : random.between(-weapon.spread, weapon.spread);
            launch(shot, static_cast<Angle>(shot.aim + spread));
        }
    }
    shots.clear();
}

}  // namespace muster::sim
