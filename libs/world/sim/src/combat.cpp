#include <algorithm>

#include "world_state.hpp"

namespace muster::sim {

void World::Impl::hurt(PlayerId victim_id, PlayerId attacker, Weapon weapon, std::uint32_t damage,
                       std::uint32_t projectile, Vec at) {
    Player& victim = players[victim_id];
    if (!victim.alive) return;
    if (victim.protected_until > tick || !playing()) damage = 0;
    emit({.kind = Event::Kind::player_hit,
          .team = victim.team,
          .weapon = weapon,
          .player = attacker,
          .other = victim_id,
          .value = static_cast<std::uint16_t>(damage),
          .projectile = projectile,
          .at = at});
    const std::uint32_t absorbed = std::min<std::uint32_t>(victim.shield, damage);
    victim.shield = static_cast<std::uint8_t>(victim.shield - absorbed);
    const std::uint32_t taken = std::min<std::uint32_t>(victim.health, damage - absorbed);
    victim.health = static_cast<std::uint8_t>(victim.health - taken);
    if (victim.health == 0) kill(victim_id, attacker, weapon);
}

void World::Impl::kill(PlayerId victim_id, PlayerId killer_id, Weapon weapon) {
    Player& victim = players[victim_id];
    const bool carried = victim.carries != Team::none;
    const bool by_somebody = killer_id != no_player && killer_id != victim_id;
    emit({.kind = Event::Kind::killed,
          .team = victim.team,
          .weapon = weapon,
          .player = by_somebody ? killer_id : victim_id,
          .other = victim_id,
          .at = victim.at});
    victim.alive = false;
    victim.velocity = {};
    victim.reload_until = 0;
    victim.respawn_at = tick + rules.respawn;
    ++victim.deaths;
    backstage[victim_id].died_at = victim.at;
    backstage[victim_id].has_died = true;
    drop_flag(victim_id);
    if (!by_somebody) return;

    Player& killer = players[killer_id];
    if (killer.team != Team::none && killer.team == victim.team) {
        killer.score += team_kill_score;
        return;
    }
    killer.score += kill_score;
    ++killer.kills;
    if (killer.team == Team::none) return;
    std::uint16_t& team_score = match.scores[killer.team == Team::red ? 0 : 1];
    if (rules.mode == Mode::team_deathmatch) ++team_score;
    if (rules.mode == Mode::capture_the_flag && carried && weapon == Weapon::melee) ++team_score;
}

}  // namespace muster::sim
