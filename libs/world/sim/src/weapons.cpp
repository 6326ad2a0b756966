#include <algorithm>

#include "world_state.hpp"

namespace muster::sim {
namespace {

constexpr std::uint8_t bit_of(Weapon weapon) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(weapon));
}

}  // namespace

Tick World::Impl::rewind_of(const Input& input) const {
    if (input.seen == 0 || input.seen >= tick) return 0;
    return std::min(tick - input.seen, rewind_max);
}

void World::Impl::select_slot(Player& player, std::uint8_t slot) {
    if (slot == 0 || slot > weapon_count) return;
    const auto wanted = static_cast<Weapon>(slot - 1);
    if (wanted == player.weapon) return;
    if (wanted != Weapon::melee && (player.weapons & bit_of(wanted)) == 0) return;
    // What is in the magazine stays as it is, and so does the time until the next shot: changing
    // weapons is neither a reload nor a way round the interval.
    player.weapon = wanted;
    player.reload_until = 0;
}

void World::Impl::finish_reload(PlayerId id) {
    Player& player = players[id];
    player.reload_until = 0;
    player.ammunition[static_cast<std::size_t>(player.weapon)] = rules_of(player.weapon).magazine;
    emit({.kind = Event::Kind::reloaded,
          .team = player.team,
          .weapon = player.weapon,
          .player = id,
          .at = player.at});
}

void World::Impl::handle_weapon(PlayerId id, const Input& input) {
    Player& player = players[id];
    select_slot(player, input.slot);
    if (!playing()) return;
    const bool fires = (input.buttons & Input::fire) != 0;
    if ((input.buttons & Input::strike) != 0 || (fires && player.weapon == Weapon::melee)) {
        strike(id, input);
    }
    if (player.weapon == Weapon::melee) return;

    const WeaponRules& weapon = rules_of(player.weapon);
    std::uint8_t& ammunition = player.ammunition[static_cast<std::size_t>(player.weapon)];
    if (fires && player.reload_until == 0 && ammunition > 0 && tick >= player.shot_ready_at) {
        --ammunition;
        player.shot_ready_at = tick + weapon.interval;
        player.protected_until = 0;
        shots.push_back({.player = id,
                         .weapon = player.weapon,
                         .boosted = player.damage_until > tick,
                         .aim = input.aim,
                         .at = player.at,
                         .rewind = rewind_of(input)});
    }
    const bool reloads = (input.buttons & Input::reload) != 0 || (fires && ammunition == 0);
    if (reloads && player.reload_until == 0 && ammunition < weapon.magazine) {
        player.reload_until = tick + weapon.reload;
    }
}

void World::Impl::strike(PlayerId id, const Input& input) {
    Player& player = players[id];
    if (tick < player.strike_ready_at) return;
    player.strike_ready_at = tick + rules_of(Weapon::melee).interval;
    player.protected_until = 0;
    strikes.push_back({.player = id,
                       .weapon = Weapon::melee,
                       .aim = input.aim,
                       .at = player.at,
                       .rewind = rewind_of(input)});
}

void World::Impl::carry_out_strikes() {
    // tan(30 degrees) in 1/1,024.
    constexpr std::int64_t arc_tangent = 591;
    static_assert(melee_half_arc == 5461);
    for (const Attack& attack : strikes) {
        const Team team = players[attack.player].team;
        emit({.kind = Event::Kind::strike,
              .team = team,
              .weapon = Weapon::melee,
              .player = attack.player,
              .at = attack.at});
        const Direction aim = direction_of(attack.aim);
        // Those who were in reach then may have walked on since.
        const Length drift =
            static_cast<Length>(attack.rewind + credits_max) * player_speed_boosted;
        const Length reach = melee_range + (attack.rewind == 0 ? 0 : drift);
        const Box box{attack.at - Vec{reach, reach}, attack.at + Vec{reach, reach}};
        grid.each_in(box, [&](const PlayerGrid::Entry& entry) {
            const PlayerId id = entry.id;
            const Vec now = entry.at;
            const Player& other = players[id];
            if (id == attack.player || !other.alive) return;
            if (team != Team::none && other.team == team) return;
            const Tick then = tick - attack.rewind;
            if (attack.rewind != 0 && then < backstage[id].spawned_at) return;
            const Vec at = attack.rewind == 0 ? now : history.at(then, id);
            if (at == History::nowhere) return;
            const Vec away = at - attack.at;
            if (squared(away) > std::int64_t{melee_range} * melee_range) return;
            const std::int64_t ahead =
                std::int64_t{away.x} * aim.cos + std::int64_t{away.y} * aim.sin;
            const std::int64_t aside =
                std::int64_t{away.y} * aim.cos - std::int64_t{away.x} * aim.sin;
            if (away != Vec{} && std::abs(aside) * 1024 > ahead * arc_tangent) return;
            if (!wall_grid.sees(attack.at, at)) return;
            hurt(id, attack.player, Weapon::melee, rules_of(Weapon::melee).damage, 0, at);
        });
    }
    strikes.clear();
}

}  // namespace muster::sim
