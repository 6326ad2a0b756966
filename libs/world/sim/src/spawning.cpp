#include <algorithm>
#include <array>

#include "world_state.hpp"

namespace muster::sim {
namespace {

constexpr Length danger_range = 400 * unit;
constexpr Tick look_interval = 15;    ///< how old a look round a spawn may be
constexpr Tick rest = 6 * tick_rate;  ///< after which a spawn counts as unused
constexpr Length jitter = 40 * unit;

std::int64_t units_between(Vec a, Vec b) {
    return square_root(static_cast<std::uint64_t>(distance_squared(a, b))) / unit;
}

}  // namespace

void World::Impl::look_round(std::size_t index) {
    SpawnWatch& watch = spawns[index];
    if (watch.looked && tick - watch.looked_at < look_interval) return;
    const Vec at = map.spawns[index].at;
    const Vec reach{danger_range, danger_range};
    std::array<std::int64_t, 3> nearest{};
    nearest.fill(std::int64_t{danger_range} * danger_range);
    grid.each_in({at - reach, at + reach}, [&](const PlayerGrid::Entry& entry) {
        if (!players[entry.id].alive) return;
        std::int64_t& best = nearest[static_cast<std::size_t>(entry.team)];
        best = std::min(best, distance_squared(at, entry.at));
    });
    for (std::size_t i = 0; i < nearest.size(); ++i) {
        watch.nearest[i] =
            static_cast<std::int32_t>(square_root(static_cast<std::uint64_t>(nearest[i])) / unit);
    }
    watch.looked = true;
    watch.looked_at = tick;
}

/// In hundredths of a point: far from enemies, from where one died, and not just used.
std::int64_t World::Impl::rating(std::size_t index, PlayerId id) const {
    const SpawnSpec& spec = map.spawns[index];
    const SpawnWatch& watch = spawns[index];
    const Team team = players[id].team;
    std::int64_t points = 10'000;
    if (watch.used && tick - watch.used_at < rest) points -= 25 * (rest - (tick - watch.used_at));
    if (backstage[id].has_died) {
        points += 10 * std::min<std::int64_t>(units_between(spec.at, backstage[id].died_at), 1000);
    }
    const std::int64_t enemy = watch.nearest[static_cast<std::size_t>(other(team))];
    points += enemy < 300 ? -50 * (300 - enemy) : 5 * enemy;
    if (team != Team::none && spec.team == team) points += 5'000;
    return points;
}

std::size_t World::Impl::choose_spawn(PlayerId id) {
    struct Candidate {
        std::int64_t points = INT64_MIN;
        std::size_t index = 0;
    };
    std::array<Candidate, 3> best{};
    std::uint32_t found = 0;
    const Team team = players[id].team;
    for (std::size_t i = 0; i < map.spawns.size(); ++i) {
        const Team owner = map.spawns[i].team;
        if (team != Team::none && owner != Team::none && owner != team) continue;
        look_round(i);
        Candidate next{rating(i, id), i};
        ++found;
        for (Candidate& place : best) {
            if (next.points > place.points) std::swap(next, place);
        }
    }
    // A map may have no spawn for a team: then any serves.
    if (found == 0) return random.below(static_cast<std::uint32_t>(map.spawns.size()));
    return best[random.below(std::min<std::uint32_t>(found, 3))].index;
}

void World::Impl::spawn(PlayerId id) {
    const std::size_t index = choose_spawn(id);
    spawns[index].used = true;
    spawns[index].used_at = tick;
    Vec at = map.spawns[index].at;
    for (int tries = 0; tries < 6; ++tries) {
        const Vec near = at + Vec{random.between(-jitter, jitter), random.between(-jitter, jitter)};
        if (!wall_grid.is_free(near, player_radius) || !wall_grid.sees(at, near)) continue;
        at = near;
        break;
    }
    Player& player = players[id];
    player.at = at;
    player.velocity = {};
    player.alive = true;
    ++player.life;
    player.weapon = Weapon::pistol;
    player.weapons = 1;
    player.health = health_max;
    player.shield = 0;
    player.ammunition = {rules_of(Weapon::pistol).magazine};
    player.reload_until = 0;
    player.shot_ready_at = 0;
    player.strike_ready_at = 0;
    player.respawn_at = 0;
    player.protected_until = tick + rules.spawn_protection;
    backstage[id].spawned_at = tick;
    emit({.kind = Event::Kind::spawned, .team = player.team, .player = id, .at = at});
}

void World::Impl::spawn_waiting() {
    // When a match begins everybody waits; a bounded number a tick keeps every tick short.
    std::size_t left = std::max<std::size_t>(64, rules.players_max / 32);
    for (const PlayerId id : present) {
        const Player& player = players[id];
        if (player.alive || player.ghost || player.respawn_at > tick) continue;
        spawn(id);
        if (--left == 0) break;
    }
}

}  // namespace muster::sim
