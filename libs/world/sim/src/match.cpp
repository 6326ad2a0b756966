#include <algorithm>

#include "world_state.hpp"

namespace muster::sim {

void World::Impl::start_match() {
    match = {.phase = Match::Phase::active,
             .ends_at = tick + rules.match_length,
             .number = match.number + 1};
    begin_anew();
    emit({.kind = Event::Kind::match_started});
}

void World::Impl::begin_anew(PlayerId id) {
    Player& player = players[id];
    // What belongs to the person stays; all else is as after joining.
    player = Player{.aim = player.aim,
                    .team = player.team,
                    .generation = player.generation,
                    .present = true,
                    .bot = player.bot,
                    .life = player.life,
                    .respawn_at = tick,
                    .acknowledged = player.acknowledged,
                    .joined_at = player.joined_at};
    backstage[id] = {.match = match.number};
}

void World::Impl::begin_anew() {
    projectiles.clear();
    for (const PlayerId id : present) {
        // Who came here out of this match is in it already.
        if (is_own(id) && (!border || backstage[id].match != match.number)) begin_anew(id);
    }
    for (std::size_t i = 0; i < walls.size(); ++i) {
        walls[i] = {.health = map.walls[i].health};
        wall_grid.raise(static_cast<std::uint16_t>(i), map.walls[i].box);
    }
    destroyed.clear();
    std::ranges::fill(pickups, Pickup{});
    for (std::size_t i = 0; i < flags.size(); ++i) flags[i] = {.at = map.flag_bases[i]};
    std::ranges::fill(spawns, SpawnWatch{});
}

void World::Impl::end_match() {
    match.phase = Match::Phase::ended;
    match.ends_at = tick + rules.break_length;
    if (rules.mode == Mode::free_for_all) {
        const Player* best = nullptr;
        for (const PlayerId id : present) {
            const Player& player = players[id];
            if (best == nullptr || player.score > best->score) {
                best = &player;
                match.winning_player = id;
            } else if (player.score == best->score) {
                match.winning_player = no_player;
            }
        }
    } else if (match.scores[0] != match.scores[1]) {
        match.winner = match.scores[0] > match.scores[1] ? Team::red : Team::blue;
    }
    emit({.kind = Event::Kind::match_ended, .team = match.winner, .player = match.winning_player});
}

void World::Impl::play_match() {
    if (!decides_match()) return;
    switch (match.phase) {
        case Match::Phase::waiting:
            if (!is_deserted()) start_match();
            break;
        case Match::Phase::active:
            if (is_deserted()) {
                match.phase = Match::Phase::waiting;
                match.ends_at = 0;
            } else if (match.ends_at <= tick) {
                end_match();
            }
            break;
        case Match::Phase::ended:
            if (match.ends_at > tick) break;
            if (is_deserted()) {
                match.phase = Match::Phase::waiting;
                match.ends_at = 0;
            } else {
                start_match();
            }
            break;
    }
}

bool World::Impl::is_decided() const {
    const std::uint16_t best = std::max(match.scores[0], match.scores[1]);
    switch (rules.mode) {
        case Mode::capture_the_flag:
            return rules.captures_to_win > 0 && best >= rules.captures_to_win;
        case Mode::team_deathmatch:
            return rules.kills_to_win > 0 && best >= rules.kills_to_win;
        case Mode::free_for_all:
            return rules.kills_to_win > 0 && std::ranges::any_of(present, [&](PlayerId id) {
                       return players[id].kills >= rules.kills_to_win;
                   });
    }
    return false;
}

void World::Impl::judge_match() {
    if (decides_match() && playing() && is_decided()) end_match();
}

}  // namespace muster::sim
