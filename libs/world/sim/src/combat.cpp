#include <algorithm>

#include "world_state.hpp"

namespace muster::sim {

void World::Impl::hurt(PlayerId victim, PlayerId attacker, Weapon weapon, std::uint32_t damage,
                       std::uint32_t projectile, Vec at) {
    if (!players[victim].alive) return;
    if (players[victim].ghost) {
        claim_hit(victim, attacker, weapon, damage, projectile, at);
        return;
    }
    harm(victim, attacker, weapon, damage, projectile, at);
    if (players[victim].health == 0) kill(victim, attacker, weapon);
}

std::uint32_t World::Impl::harm(PlayerId victim_id, PlayerId attacker, Weapon weapon,
                                std::uint32_t damage, std::uint32_t projectile, Vec at) {
    Player& victim = players[victim_id];
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
    return damage;
}

void World::Impl::kill(PlayerId victim, PlayerId killer, Weapon weapon) {
    const bool carried = fall(victim, killer, weapon);
    if (killer == no_player || killer == victim) return;
    if (players[killer].ghost) {
        tell_kill(killer, victim, carried, weapon);
    } else {
        reward(killer, players[victim].team, carried, weapon);
    }
}

bool World::Impl::fall(PlayerId victim_id, PlayerId killer, Weapon weapon) {
    Player& victim = players[victim_id];
    const bool carried = victim.carries != Team::none;
    emit({.kind = Event::Kind::killed,
          .team = victim.team,
          .weapon = weapon,
          .player = killer != no_player ? killer : victim_id,
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
    return carried;
}

void World::Impl::reward(PlayerId killer_id, Team victim_team, bool carried, Weapon weapon) {
    Player& killer = players[killer_id];
    if (killer.team != Team::none && killer.team == victim_team) {
        killer.score += team_kill_score;
        return;
    }
    killer.score += kill_score;
    ++killer.kills;
    if (killer.team == Team::none) return;
    if (rules.mode == Mode::team_deathmatch) score_for(killer.team);
    if (rules.mode == Mode::capture_the_flag && carried && weapon == Weapon::melee) {
        score_for(killer.team);
    }
}

void World::Impl::score_for(Team team) {
    if (decides_match()) {
        ++match.scores[team == Team::red ? 0 : 1];
    } else {
        claim({.kind = Claim::Kind::point, .team = team});
    }
}

}  // namespace muster::sim
