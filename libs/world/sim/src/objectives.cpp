#include <algorithm>

#include "world_state.hpp"

namespace muster::sim {

Team World::Impl::team_of(const Flag& flag) const {
    return &flag == flags.data() ? Team::red : Team::blue;
}

void World::Impl::take_flag(Flag& flag, PlayerId id) {
    Player& player = players[id];
    flag = {.where = Flag::Where::carried, .at = player.at, .carrier = id};
    player.carries = team_of(flag);
    player.protected_until = 0;
    emit({.kind = Event::Kind::flag_taken, .team = player.carries, .player = id, .at = player.at});
}

void World::Impl::drop_flag(PlayerId id) {
    Player& player = players[id];
    if (player.carries == Team::none) return;
    Flag& flag = flags[player.carries == Team::red ? 0 : 1];
    flag = {.where = Flag::Where::dropped,
            .at = player.at,
            .carrier = no_player,
            .returns_at = tick + rules.flag_return};
    if (decides_match()) {
        emit({.kind = Event::Kind::flag_dropped,
              .team = player.carries,
              .player = id,
              .at = player.at});
    } else {
        claim_flag(Claim::Kind::drop, flag, id);
    }
    player.carries = Team::none;
}

void World::Impl::return_flag(Flag& flag, PlayerId by) {
    const Team team = team_of(flag);
    flag = {.at = map.flag_bases[team == Team::red ? 0 : 1]};
    emit({.kind = Event::Kind::flag_returned, .team = team, .player = by, .at = flag.at});
}

void World::Impl::try_capture(Flag& flag) {
    const PlayerId id = flag.carrier;
    Player& player = players[id];
    const std::size_t home = player.team == Team::red ? 0 : 1;
    const Flag& own = flags[home];
    const Vec base = map.flag_bases[home];
    if (own.where != Flag::Where::base ||
        distance_squared(player.at, base) > std::int64_t{touch_radius} * touch_radius) {
        return;
    }
    if (!decides_match()) {
        claim_flag(Claim::Kind::capture, flag, id);
        return;
    }
    const Team team = team_of(flag);
    flag = {.at = map.flag_bases[team == Team::red ? 0 : 1]};
    player.carries = Team::none;
    player.score += capture_score;
    ++player.captures;
    ++match.scores[home];
    emit({.kind = Event::Kind::flag_captured, .team = team, .player = id, .at = base});
}

PlayerId World::Impl::nearest_to(const Flag& flag) const {
    constexpr std::int64_t reach_squared = std::int64_t{touch_radius} * touch_radius;
    const Team team = team_of(flag);
    PlayerId nearest = no_player;
    std::int64_t best = reach_squared;
    const Vec reach{touch_radius, touch_radius};
    grid.each_in({flag.at - reach, flag.at + reach}, [&](const PlayerGrid::Entry& entry) {
        const PlayerId id = entry.id;
        const Vec at = entry.at;
        const Player& player = players[id];
        const bool owner = player.team == team;
        if (!player.alive || player.ghost || (owner && flag.where == Flag::Where::base)) return;
        const std::int64_t distance = distance_squared(at, flag.at);
        if (distance > best) return;
        if (distance == best && nearest != no_player) {
            const bool nearest_owns = players[nearest].team == team;
            if (owner != nearest_owns ? nearest_owns : id > nearest) return;
        }
        best = distance;
        nearest = id;
    });
    return nearest;
}

void World::Impl::play_flags() {
    for (Flag& flag : flags) {
        const bool carried = flag.where == Flag::Where::carried;
        // A carrier may be of another World, and not be seen here.
        if (carried && players[flag.carrier].present) flag.at = players[flag.carrier].at;
        if (!playing()) continue;
        if (carried) {
            if (is_own(flag.carrier)) try_capture(flag);
            continue;
        }
        if (flag.where == Flag::Where::dropped && flag.returns_at <= tick && decides_match()) {
            return_flag(flag, no_player);
            continue;
        }
        const PlayerId nearest = nearest_to(flag);
        if (nearest == no_player) continue;
        if (!decides_match()) {
            const bool owns = players[nearest].team == team_of(flag);
            claim_flag(owns ? Claim::Kind::restore : Claim::Kind::take, flag, nearest);
            continue;
        }
        if (players[nearest].team == team_of(flag)) {
            return_flag(flag, nearest);
        } else {
            take_flag(flag, nearest);
        }
    }
}

}  // namespace muster::sim
