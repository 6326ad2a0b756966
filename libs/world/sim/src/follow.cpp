#include <string>

#include "world_state.hpp"

// What other Worlds decided on walls, pickups, the match and flags.
namespace muster::sim {
namespace {

bool lies_on(const Box& bounds, Vec at) {
    return at.x >= bounds.low.x && at.x <= bounds.high.x && at.y >= bounds.low.y &&
           at.y <= bounds.high.y;
}

}  // namespace

Result<void> World::Impl::set_wall(std::uint16_t index, std::uint16_t health, Tick returns_in) {
    if (index >= walls.size()) return fail(Errc::invalid_argument, "there is no such wall", "wall");
    if (decides_wall(index)) return fail(Errc::conflict, "the wall is this world's own", "wall");
    const WallSpec& spec = map.walls[index];
    if (health > spec.health || (health != spec.health && !spec.destructible)) {
        return fail(Errc::invalid_argument, "the wall cannot have this health", "health");
    }
    if (returns_in > record_ticks_max) {
        return fail(Errc::invalid_argument, "that is too long", "returns_in");
    }
    if (health == 0) {
        wall_grid.raze(index);
    } else if (!wall_grid.stands(index)) {
        for (const PlayerId id : present) {
            const Player& player = players[id];
            if (player.ghost || !player.alive) continue;
            if (!overlaps(player.at, player_radius, spec.box)) continue;
            return fail(Errc::conflict, "somebody stands where the wall would return", "wall");
        }
        wall_grid.raise(index, spec.box);
    }
    walls[index] = {.health = health, .respawn_at = health == 0 ? tick + returns_in : 0};
    return {};
}

Result<void> World::Impl::set_pickup(std::uint16_t index, bool available, Tick returns_in) {
    if (index >= pickups.size()) {
        return fail(Errc::invalid_argument, "there is no such pickup", "pickup");
    }
    if (decides_pickup(index)) {
        return fail(Errc::conflict, "the pickup is this world's own", "pickup");
    }
    if (returns_in > record_ticks_max) {
        return fail(Errc::invalid_argument, "that is too long", "returns_in");
    }
    pickups[index] = {.available = available, .respawn_at = available ? 0 : tick + returns_in};
    return {};
}

Result<void> World::Impl::set_match(const Match& told) {
    if (decides_match()) return fail(Errc::conflict, "this world decides the match itself");
    if (told.phase > Match::Phase::ended) {
        return fail(Errc::invalid_argument, "an unknown phase", "phase");
    }
    if (told.winner > Team::blue) {
        return fail(Errc::invalid_argument, "an unknown team", "winner");
    }
    if (told.winning_player != no_player && told.winning_player >= players.size()) {
        return fail(Errc::invalid_argument, "nobody has this id", "winning_player");
    }
    const bool is_new = told.number != match.number;
    match = told;
    match.ends_at = told.phase == Match::Phase::waiting ? 0 : tick + told.ends_at;
    if (!is_new) return {};
    begin_anew();
    // Those who came out of this match already keep what they have.
    for (const PlayerId id : present) {
        if (is_own(id)) settle_in(id);
    }
    return {};
}

Result<void> World::Impl::set_flag(Team team, const Flag& told) {
    if (decides_match()) return fail(Errc::conflict, "this world decides on flags itself");
    if (flags.empty() || team == Team::none || team > Team::blue) {
        return fail(Errc::invalid_argument, "there is no such flag", "team");
    }
    const bool carried = told.where == Flag::Where::carried;
    if (told.where > Flag::Where::dropped || carried != (told.carrier != no_player) ||
        (carried && told.carrier >= players.size())) {
        return fail(Errc::invalid_argument, "only a carried flag has a carrier", "carrier");
    }
    if (!lies_on(map.bounds, told.at)) {
        return fail(Errc::invalid_argument, "a flag must lie on the map", "at");
    }
    if (told.returns_at > record_ticks_max) {
        return fail(Errc::invalid_argument, "that is too long", "returns_at");
    }
    const std::size_t index = team == Team::red ? 0 : 1;
    Flag& flag = flags[index];
    // What was asked for when it was elsewhere says nothing about now.
    if (flag.where != told.where || flag.carrier != told.carrier) {
        border->flags_claimed_at[index] = 0;
    }
    flag = told;
    flag.returns_at = told.where == Flag::Where::dropped ? tick + told.returns_at : 0;
    for (const PlayerId id : present) {
        Player& player = players[id];
        if (!player.ghost && player.carries == team && id != told.carrier) {
            player.carries = Team::none;
        }
    }
    if (!carried || !is_own(told.carrier)) return {};
    Player& carrier = players[told.carrier];
    if (carrier.carries == team) return {};
    if (carrier.alive && carrier.team == other(team)) {
        carrier.carries = team;
        carrier.protected_until = 0;
        return {};
    }
    // It died before it heard that it had got it.
    const Vec at = backstage[told.carrier].has_died ? backstage[told.carrier].died_at : carrier.at;
    flag = {.where = Flag::Where::dropped, .at = at, .returns_at = tick + rules.flag_return};
    claim_flag(Claim::Kind::drop, flag, told.carrier);
    return {};
}

Result<void> World::set_wall(std::uint16_t wall, std::uint16_t health, Tick returns_in) {
    return impl_->set_wall(wall, health, returns_in);
}
Result<void> World::set_pickup(std::uint16_t pickup, bool available, Tick returns_in) {
    return impl_->set_pickup(pickup, available, returns_in);
}
Result<void> World::set_match(const Match& match) {
    return impl_->set_match(match);
}
Result<void> World::set_flag(Team team, const Flag& flag) {
    return impl_->set_flag(team, flag);
}

}  // namespace muster::sim
