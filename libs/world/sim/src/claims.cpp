#include <algorithm>
#include <string>

#include "world_state.hpp"

namespace muster::sim {
namespace {

Verdict verdict_on(const Claim& claim) {
    return {.origin = claim.origin,
            .number = claim.number,
            .kind = claim.kind,
            .player = claim.player,
            .generation = claim.generation,
            .victim = claim.victim,
            .weapon = claim.weapon,
            .index = claim.index,
            .match = claim.match};
}

bool is_of_flag(Claim::Kind kind) {
    return kind >= Claim::Kind::take;
}

std::unexpected<Error> wrong(const char* field, const char* why) {
    return fail(Errc::invalid_argument, why, field);
}

}  // namespace

void World::Impl::claim(Claim claim) {
    Border& own = *border;
    if (own.claims.size() == claims_max) return;
    claim.origin = own.part.origin;
    claim.number = own.next_number++;
    if (claim.player != no_player) claim.generation = players[claim.player].generation;
    claim.match = match.number;
    claim.tick = tick;
    own.claims.push_back(claim);
}

void World::Impl::claim_hit(PlayerId victim_id, PlayerId attacker, Weapon weapon,
                            std::uint32_t damage, std::uint32_t projectile, Vec at) {
    const Player& victim = players[victim_id];
    const bool counts = victim.protected_until <= tick && playing();
    // Shown at once, as it will most likely be; what it does to the victim is told by its pose.
    emit({.kind = Event::Kind::player_hit,
          .team = victim.team,
          .weapon = weapon,
          .player = attacker,
          .other = victim_id,
          .value = static_cast<std::uint16_t>(counts ? damage : 0),
          .projectile = projectile,
          .at = at});
    if (!playing()) return;
    claim({.kind = Claim::Kind::hit,
           .player = attacker,
           .team = attacker == no_player ? Team::none : players[attacker].team,
           .victim = victim_id,
           .victim_generation = victim.generation,
           .life = victim.life,
           .weapon = weapon,
           .damage = static_cast<std::uint16_t>(damage),
           .projectile = projectile,
           .at = at});
}

void World::Impl::claim_pickup(std::uint16_t index, PlayerId taker) {
    Tick& last = border->pickups_claimed_at[index];
    if (last != 0 && tick - last < claim_interval) return;
    last = tick;
    claim({.kind = Claim::Kind::pickup,
           .player = taker,
           .team = players[taker].team,
           .index = index,
           .at = map.pickups[index].at});
}

void World::Impl::claim_flag(Claim::Kind kind, const Flag& flag, PlayerId player) {
    const std::size_t index = team_of(flag) == Team::red ? 0 : 1;
    if (kind != Claim::Kind::drop) {
        Tick& last = border->flags_claimed_at[index];
        if (last != 0 && tick - last < claim_interval) return;
        last = tick;
    }
    claim({.kind = kind,
           .player = player,
           .team = players[player].team,
           .index = static_cast<std::uint16_t>(index),
           .at = players[player].at});
}

void World::Impl::tell_kill(PlayerId killer, PlayerId victim, bool carried, Weapon weapon) {
    Border& own = *border;
    if (own.verdicts.size() == verdicts_max) return;
    own.verdicts.push_back({.origin = own.part.origin,
                            .number = own.next_number++,
                            .player = killer,
                            .generation = players[killer].generation,
                            .victim = victim,
                            .victim_team = players[victim].team,
                            .weapon = weapon,
                            .damage = rules_of(weapon).damage,
                            .granted = true,
                            .carried = carried,
                            .match = match.number});
}

Result<void> World::Impl::check(const Claim& claim) const {
    using Kind = Claim::Kind;
    if (claim.kind > Kind::capture) return wrong("kind", "an unknown kind of claim");
    if (claim.number == 0) return wrong("number", "numbers begin at 1");
    const bool by_nobody = claim.player == no_player;
    if (!by_nobody && claim.player >= players.size()) return wrong("player", "nobody has this id");
    if (by_nobody && claim.kind != Kind::hit && claim.kind != Kind::wall &&
        claim.kind != Kind::point) {
        return wrong("player", "it must say who");
    }
    if (claim.team > Team::blue) return wrong("team", "an unknown team");
    if (claim.weapon > Weapon::melee) return wrong("weapon", "an unknown weapon");
    if (claim.damage > rules_of(claim.weapon).damage * 3 / 2) {
        return wrong("damage", "more than this weapon does");
    }
    if (claim.kind == Kind::hit && claim.victim >= players.size()) {
        return wrong("victim", "nobody has this id");
    }
    if ((claim.kind == Kind::wall &&
         (claim.index >= walls.size() || !map.walls[claim.index].destructible)) ||
        (claim.kind == Kind::pickup && claim.index >= pickups.size()) ||
        (is_of_flag(claim.kind) && claim.index >= flags.size())) {
        return wrong("index", "there is no such thing in this world");
    }
    if ((claim.kind == Kind::point || is_of_flag(claim.kind)) && claim.team == Team::none) {
        return wrong("team", "it must say for which team");
    }
    if (claim.at.x < map.bounds.low.x || claim.at.x > map.bounds.high.x ||
        claim.at.y < map.bounds.low.y || claim.at.y > map.bounds.high.y) {
        // A point has no place.
        if (claim.kind != Kind::point) return wrong("at", "it must lie on the map");
    }
    return {};
}

Result<Verdict> World::Impl::judge(const Claim& claim) {
    using Kind = Claim::Kind;
    if (auto sound = check(claim); !sound) return std::unexpected(sound.error());
    one_of_several();
    Verdict verdict = verdict_on(claim);
    if (claim.kind == Kind::hit) return judge_hit(claim, verdict);
    const bool mine = claim.kind == Kind::wall     ? decides_wall(claim.index)
                      : claim.kind == Kind::pickup ? decides_pickup(claim.index)
                                                   : decides_match();
    if (!mine) return fail(Errc::not_found, "another world decides on this", "index");
    Window& window = window_of(claim.origin);
    switch (window.state(claim.number)) {
        case Window::State::too_old:
            break;
        case Window::State::judged:
            verdict.granted = window.granted[claim.number % Window::size];
            break;
        case Window::State::fresh:
            verdict.granted = grant(claim);
            window.set(claim.number, verdict.granted);
            break;
    }
    return verdict;
}

Result<Verdict> World::Impl::judge_hit(const Claim& claim, Verdict verdict) {
    if (!is_own(claim.victim)) {
        return fail(Errc::not_found, "the victim is not this world's own", "victim");
    }
    Player& victim = players[claim.victim];
    verdict.victim_team = victim.team;
    if (victim.generation != claim.victim_generation) return verdict;
    Ledger& ledger = border->ledgers[claim.victim];
    if (const Record::Known* known = ledger.judged.find(claim.origin, claim.number)) {
        verdict.damage = known->damage;
        verdict.granted = known->killed;
        verdict.carried = known->carried;
        return verdict;
    }
    // A life ends once: what comes after it never does anything and need not be remembered.
    if (!victim.alive || victim.life != claim.life) return verdict;
    const bool friendly = claim.team != Team::none && claim.team == victim.team &&
                          (!rules.friendly_fire || claim.weapon == Weapon::melee);
    if (!friendly) {
        verdict.damage = static_cast<std::uint16_t>(harm(claim.victim, claim.player, claim.weapon,
                                                         claim.damage, claim.projectile, claim.at));
    }
    if (victim.health == 0) {
        verdict.granted = true;
        verdict.carried = fall(claim.victim, claim.player, claim.weapon);
    }
    ledger.judged.add({.origin = claim.origin,
                       .number = claim.number,
                       .damage = verdict.damage,
                       .killed = verdict.granted,
                       .carried = verdict.carried});
    return verdict;
}

bool World::Impl::grant(const Claim& claim) {
    switch (claim.kind) {
        case Claim::Kind::wall:
            if (walls[claim.index].health == 0) return false;
            emit({.kind = Event::Kind::wall_hit,
                  .team = claim.team,
                  .weapon = claim.weapon,
                  .player = claim.player,
                  .index = claim.index,
                  .value = claim.damage,
                  .projectile = claim.projectile,
                  .at = claim.at});
            if (claim.damage > 0) damage_wall(claim.index, claim.damage);
            return true;
        case Claim::Kind::pickup:
            if (!pickups[claim.index].available || !playing()) return false;
            take_pickup(claim.index, claim.player, claim.team);
            return true;
        case Claim::Kind::point:
            if (claim.match != match.number || !playing()) return false;
            score_for(claim.team);
            return true;
        default:
            if (claim.match != match.number || !playing() || !grant_flag(claim)) return false;
            // It may have come here in the meantime.
            if (is_own(claim.player)) agree_on_flags(claim.player);
            return true;
    }
}

bool World::Impl::grant_flag(const Claim& claim) {
    Flag& flag = flags[claim.index];
    const Team team = team_of(flag);
    const bool has_it = flag.where == Flag::Where::carried && flag.carrier == claim.player;
    switch (claim.kind) {
        case Claim::Kind::take:
            if (has_it) return true;
            if (flag.where == Flag::Where::carried || claim.team == team) return false;
            flag = {.where = Flag::Where::carried, .at = claim.at, .carrier = claim.player};
            emit({.kind = Event::Kind::flag_taken,
                  .team = team,
                  .player = claim.player,
                  .at = claim.at});
            return true;
        case Claim::Kind::restore:
            if (flag.where != Flag::Where::dropped || claim.team != team) return false;
            return_flag(flag, claim.player);
            return true;
        case Claim::Kind::drop:
            if (!has_it) return false;
            flag = {.where = Flag::Where::dropped,
                    .at = claim.at,
                    .returns_at = tick + rules.flag_return};
            emit({.kind = Event::Kind::flag_dropped,
                  .team = team,
                  .player = claim.player,
                  .at = claim.at});
            return true;
        default: {
            const std::size_t home = claim.team == Team::red ? 0 : 1;
            if (!has_it || flags[home].where != Flag::Where::base) return false;
            flag = {.at = map.flag_bases[claim.index]};
            ++match.scores[home];
            emit({.kind = Event::Kind::flag_captured,
                  .team = team,
                  .player = claim.player,
                  .at = map.flag_bases[home]});
            return true;
        }
    }
}

Window& World::Impl::window_of(std::uint32_t origin) {
    std::vector<Window>& windows = border->windows;
    auto found = std::ranges::find(windows, origin, &Window::origin);
    if (found == windows.end()) {
        if (windows.size() < windows_max) {
            found = windows.emplace(windows.end());
        } else {
            found = std::ranges::min_element(windows, {}, &Window::used_at);
            *found = {};
        }
        found->origin = origin;
    }
    found->used_at = tick;
    return *found;
}

Result<Settled> World::Impl::settle(const Verdict& verdict) {
    using Kind = Claim::Kind;
    if (verdict.kind > Kind::capture) return wrong("kind", "an unknown kind of claim");
    if (verdict.victim_team > Team::blue) return wrong("victim_team", "an unknown team");
    if (verdict.weapon > Weapon::melee) return wrong("weapon", "an unknown weapon");
    if (verdict.player != no_player && verdict.player >= players.size()) {
        return wrong("player", "nobody has this id");
    }
    if (verdict.kind == Kind::pickup && verdict.index >= pickups.size()) {
        return wrong("index", "there is no such pickup");
    }
    if (verdict.kind == Kind::capture && verdict.index >= flags.size()) {
        return wrong("index", "there is no such flag");
    }
    const bool counts =
        verdict.kind == Kind::hit || verdict.kind == Kind::pickup || verdict.kind == Kind::capture;
    if (!verdict.granted || !counts || verdict.player == no_player) return Settled::counted;
    Player& player = players[verdict.player];
    if (!is_own(verdict.player) || player.generation != verdict.generation) {
        return Settled::elsewhere;
    }
    one_of_several();
    Ledger& ledger = border->ledgers[verdict.player];
    if (ledger.counted.find(verdict.origin, verdict.number) != nullptr) return Settled::repeated;
    ledger.counted.add({.origin = verdict.origin, .number = verdict.number});
    // What belonged to an earlier match is not taken into the next.
    if (verdict.match < match.number) return Settled::counted;
    if (verdict.kind == Kind::hit) {
        reward(verdict.player, verdict.victim_team, verdict.carried, verdict.weapon);
    } else if (verdict.kind == Kind::pickup) {
        if (player.alive) give(player, map.pickups[verdict.index]);
    } else {
        if (!decides_match()) {
            player.carries = Team::none;
            Flag& flag = flags[verdict.index];
            if (flag.carrier == verdict.player) flag = {.at = map.flag_bases[verdict.index]};
        }
        player.score += capture_score;
        ++player.captures;
    }
    return Settled::counted;
}

std::span<const Claim> World::claims() const {
    if (!impl_->border) return {};
    return std::span(impl_->border->claims).first(impl_->border->claims_told);
}
std::span<const Verdict> World::verdicts() const {
    if (!impl_->border) return {};
    return impl_->border->verdicts;
}
Result<Verdict> World::judge(const Claim& claim) {
    return impl_->judge(claim);
}
Result<Settled> World::settle(const Verdict& verdict) {
    return impl_->settle(verdict);
}

}  // namespace muster::sim
