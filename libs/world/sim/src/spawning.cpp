#include <algorithm>
#include <array>

#include "reach.hpp"
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

/// Free whatever walls stand, and to be walked to; at most about `places_max` for all regions
/// together, on lattices as wide as that asks for.
std::vector<Vec> World::Impl::free_places() const {
    constexpr std::int64_t tries = 16;  ///< points of a lattice for each place that is wanted
    constexpr std::int64_t places_max = 64;
    const WallGrid all_walls(map);
    Reach reach(map);
    const bool is_known = reach.start(map.spawns.front().at);
    std::vector<Vec> found;
    for (const Box& region : border->part.regions) {
        const Vec low{std::max(region.low.x, map.bounds.low.x + player_radius),
                      std::max(region.low.y, map.bounds.low.y + player_radius)};
        const Vec high{std::min(region.high.x - 1, map.bounds.high.x - player_radius),
                       std::min(region.high.y - 1, map.bounds.high.y - player_radius)};
        if (low.x > high.x || low.y > high.y) continue;
        const auto size = static_cast<std::int64_t>(border->part.regions.size());
        const std::int64_t side = std::max<std::int64_t>(
            square_root(static_cast<std::uint64_t>(tries * places_max / size)), 2);
        for (std::int64_t row = 0; row < side; ++row) {
            for (std::int64_t column = 0; column < side; ++column) {
                // The middles of the cells.
                const Vec at{static_cast<Length>(low.x + (std::int64_t{high.x} - low.x) *
                                                             (2 * column + 1) / (2 * side)),
                             static_cast<Length>(low.y + (std::int64_t{high.y} - low.y) *
                                                             (2 * row + 1) / (2 * side))};
                if (!all_walls.is_free(at, player_radius)) continue;
                if (!is_known || reach.reached(at)) found.push_back(at);
            }
        }
    }
    const std::size_t step = found.size() / places_max + 1;
    std::vector<Vec> some;
    for (std::size_t i = step / 2; i < found.size(); i += step) some.push_back(found[i]);
    return some;
}

/// Which spawns are in own regions; and others, for whom there is none.
void World::Impl::find_places() {
    Border& own = *border;
    own.own_spawns.clear();
    own.places.clear();
    if (!own.part.regions.empty()) {
        std::array<bool, 3> has{};
        for (const SpawnSpec& spec : map.spawns) {
            const bool is_own = lies_in(own.part.regions, spec.at);
            own.own_spawns.push_back(is_own ? 1 : 0);
            if (is_own) has[static_cast<std::size_t>(spec.team)] = true;
        }
        const bool teams = rules.mode != Mode::free_for_all;
        // Without teams every spawn is for everybody.
        const bool red = has[0] || has[1] || (!teams && has[2]);
        const bool blue = has[0] || has[2] || (!teams && has[1]);
        if (!red || !blue) {
            const Team whose = red ? Team::blue : blue ? Team::red : Team::none;
            for (const Vec at : free_places()) own.places.push_back({at, whose});
        }
    }
    spawns.resize(map.spawns.size());
    spawns.resize(map.spawns.size() + own.places.size());
}

void World::Impl::look_round(std::size_t index) {
    SpawnWatch& watch = spawns[index];
    if (watch.looked && tick - watch.looked_at < look_interval) return;
    const Vec at = spawn_at(index).at;
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
    const SpawnSpec& spec = spawn_at(index);
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
    for (std::size_t i = 0; i < spawns.size(); ++i) {
        if (!may_spawn_at(i)) continue;
        const Team owner = spawn_at(i).team;
        if (team != Team::none && owner != Team::none && owner != team) continue;
        look_round(i);
        Candidate next{rating(i, id), i};
        ++found;
        for (Candidate& place : best) {
            if (next.points > place.points) std::swap(next, place);
        }
    }
    // A map may have no spawn for a team: then any serves. Regions without a place, too.
    if (found == 0) return random.below(static_cast<std::uint32_t>(map.spawns.size()));
    return best[random.below(std::min<std::uint32_t>(found, 3))].index;
}

void World::Impl::spawn(PlayerId id) {
    const std::size_t index = choose_spawn(id);
    spawns[index].used = true;
    spawns[index].used_at = tick;
    Vec at = spawn_at(index).at;
    for (int tries = 0; tries < 6; ++tries) {
        const Vec near = at + Vec{random.between(-jitter, jitter), random.between(-jitter, jitter)};
        if (!may_spawn_at(near) || !wall_grid.is_free(near, player_radius) ||
            !wall_grid.sees(at, near))
            continue;
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
