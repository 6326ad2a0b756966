#include <algorithm>
#include <array>
#include <cstdlib>

#include "mind.hpp"

namespace muster::bots {
namespace {

using sim::Angle;
using sim::Input;
using sim::Length;
using sim::Player;
using sim::PlayerId;
using sim::Team;
using sim::unit;
using sim::Vec;
using sim::Weapon;

// A crowd is looked at through a circle that holds about this many, however dense it is.
constexpr std::size_t looked_at_max = 64;
constexpr Length look_radius_min = 120 * unit;
// The nearest so many are checked for walls between.
constexpr std::size_t sighted_max = 3;
constexpr sim::Tick remembered = 45;
constexpr Length blade_range = sim::melee_range - 4 * unit;

struct Candidate {
    PlayerId id = sim::no_player;
    std::int64_t worth = 0;  // squared distance, smaller for those who matter more
};

bool is_enemy(const Scene& scene, const Mind& mind, const Player& me, PlayerId id) {
    if (id == mind.id) return false;
    const Player& other = scene.players[id];
    if (!other.present || !other.alive) return false;
    return scene.mode == sim::Mode::free_for_all || other.team != me.team;
}

// The nearest enemies in `found`, best first; whether there were more players than it looks at.
std::size_t nearest_enemies(Scene& scene, Mind& mind, const Player& me,
                            std::array<Candidate, sighted_max>& found) {
    std::array<PlayerId, looked_at_max> ids;
    const std::size_t seen = scene.world.players_near(me.at, mind.look_radius, ids);
    std::size_t count = 0;
    for (const PlayerId id : std::span(ids).first(seen)) {
        if (!is_enemy(scene, mind, me, id)) continue;
        const Player& other = scene.players[id];
        Candidate candidate{id, sim::distance_squared(me.at, other.at)};
        if (other.carries != Team::none) candidate.worth /= 2;
        if (id == mind.target) candidate.worth /= 2;  // no dithering between two
        if (other.protected_until > scene.tick) candidate.worth *= 4;
        std::size_t place = count;
        while (place > 0 && found[place - 1].worth > candidate.worth) --place;
        if (place == sighted_max) continue;
        count = std::min(count + 1, sighted_max);
        for (std::size_t i = count - 1; i > place; --i) found[i] = found[i - 1];
        found[place] = candidate;
    }
    if (seen == ids.size()) {
        // Among friends only: now near, now far, as those that did not fit may be enemies.
        mind.look_radius = count > 0 ? std::max(look_radius_min, mind.look_radius / 8 * 7)
                                     : scene.random.between(look_radius_min, sight);
    } else if (seen < ids.size()) {
        mind.look_radius = std::min(sight, mind.look_radius / 4 * 5);
    }
    return count;
}

Length preferred_distance(Weapon weapon) {
    switch (weapon) {
        case Weapon::shotgun:
            return 120 * unit;
        case Weapon::rifle:
            return 260 * unit;
        case Weapon::sniper:
            return 420 * unit;
        case Weapon::pistol:
        case Weapon::melee:
            break;
    }
    return 200 * unit;
}

Length useful_range(Weapon weapon) {
    switch (weapon) {
        case Weapon::shotgun:
            return 300 * unit;
        case Weapon::pistol:
            return 480 * unit;
        case Weapon::melee:
            return 0;
        case Weapon::rifle:
        case Weapon::sniper:
            break;
    }
    return sight;
}

// Best first, by distance.
std::array<Weapon, 4> ranking(Length distance) {
    if (distance < 200 * unit) {
        return {Weapon::shotgun, Weapon::rifle, Weapon::pistol, Weapon::sniper};
    }
    if (distance < 400 * unit) {
        return {Weapon::rifle, Weapon::sniper, Weapon::pistol, Weapon::shotgun};
    }
    return {Weapon::sniper, Weapon::rifle, Weapon::pistol, Weapon::shotgun};
}

bool has(const Player& me, Weapon weapon) {
    return (me.weapons >> static_cast<unsigned>(weapon) & 1) != 0;
}

// The best weapon that is loaded, else the best it has.
Weapon choose_weapon(const Player& me, Length distance) {
    Weapon fallback = me.weapon;
    bool found = false;
    for (const Weapon weapon : ranking(distance)) {
        if (!has(me, weapon)) continue;
        if (me.ammunition[static_cast<std::size_t>(weapon)] > 0) return weapon;
        if (!found) fallback = weapon;
        found = true;
    }
    return fallback;
}

// How to walk against a target in sight: nearer, away, or sideways round it.
void choose_footwork(Scene& scene, Mind& mind, const Player& me, Vec to) {
    mind.fight_way = no_way;
    mind.fight_until = scene.tick + look_every;
    const bool weak = me.health < 30 && mind.role != Role::attack;
    const bool busy = me.carries != Team::none || mind.role == Role::carry ||
                      mind.role == Role::recover || (mind.role == Role::refit && me.health < 60);
    if (busy) return;
    // Who attacks, escorts or chases mostly goes on and fires as it goes.
    const bool errand = mind.role == Role::attack || mind.role == Role::chase ||
                        mind.role == Role::escort || mind.role == Role::refit;
    if (errand && mind.distance > 140 * unit) return;
    if (errand && scene.chance(70)) return;
    const Length wanted = preferred_distance(me.weapon);
    const Way facing = way_of(to);
    Way way = 0;
    if (weak || mind.distance < wanted / 2) {
        way = opposite(facing);
    } else if (mind.distance > wanted / 2 * 3) {
        way = facing;
    } else {
        if (scene.chance(12)) mind.strafe_side = static_cast<Way>(8 - mind.strafe_side);
        way = static_cast<Way>((facing + mind.strafe_side) & 7);
    }
    const Cell cell = scene.grid.at(me.at);
    if (!scene.grid.has_exit(cell, way)) {
        mind.strafe_side = static_cast<Way>(8 - mind.strafe_side);
        way = static_cast<Way>((facing + mind.strafe_side) & 7);
        if (!scene.grid.has_exit(cell, way)) return;
    }
    mind.fight_way = way;
}

Angle turned(Angle from, Angle to, std::int32_t most) {
    const auto difference = static_cast<std::int16_t>(static_cast<Angle>(to - from));
    const std::int32_t turn = std::clamp<std::int32_t>(difference, -most, most);
    return static_cast<Angle>(from + turn);
}

}  // namespace

Vec lead(Vec from, Vec at, Vec velocity, std::uint32_t ticks, std::uint32_t percent) {
    const auto part = static_cast<std::int64_t>(ticks) * percent;
    return {at.x - from.x + static_cast<Length>(velocity.x * part / 100),
            at.y - from.y + static_cast<Length>(velocity.y * part / 100)};
}

void look(Scene& scene, Mind& mind, const Player& me) {
    std::array<Candidate, sighted_max> found;
    const std::size_t count = nearest_enemies(scene, mind, me, found);
    PlayerId target = sim::no_player;
    for (const Candidate& candidate : std::span(found).first(count)) {
        if (scene.world.sees(me.at, scene.players[candidate.id].at)) {
            target = candidate.id;
            break;
        }
    }
    if (target == sim::no_player) {
        mind.fight_way = no_way;
        if (mind.target != sim::no_player &&
            (scene.tick - mind.seen_at > remembered || !is_enemy(scene, mind, me, mind.target))) {
            mind.target = sim::no_player;
        }
        return;
    }
    const Player& other = scene.players[target];
    if (target != mind.target) {
        const bool fresh = mind.target == sim::no_player;
        mind.target = target;
        // From one target to the next it only turns.
        const std::uint32_t reaction = 6U + (100U - scene.skill) * 3U / 10U;
        mind.fire_from = scene.tick + (fresh ? reaction : reaction / 3);
        if (fresh) scene.atlas.warm(other.at);
    }
    mind.seen_at = scene.tick;
    const Vec to = other.at - me.at;
    mind.distance =
        static_cast<Length>(sim::square_root(static_cast<std::uint64_t>(sim::squared(to))));
    const Length speed = std::max<Length>(1, sim::rules_of(me.weapon).speed);
    mind.lead_ticks =
        static_cast<std::uint16_t>(std::max(0, mind.distance - sim::muzzle_distance) / speed + 1);
    const std::int32_t error = 120 + (100 - scene.skill) * 20;
    mind.aim_error = scene.random.between(-error, error);
    mind.strikes = scene.chance(20U + scene.skill / 5U);
    mind.holds_fire = scene.chance((100U - scene.skill) / 3U);
    choose_footwork(scene, mind, me, to);
}

void fight(Scene& scene, Mind& mind, const Player& me, Input& input) {
    // Skill 0 turns half round in 0.75 s, skill 100 in 0.2 s.
    const std::int32_t turn_most = 728 + scene.skill * 20;
    if (mind.target == sim::no_player || !scene.players[mind.target].alive) {
        if ((input.buttons & 15U) != 0) {
            const Vec ahead{
                (input.buttons & Input::right ? 1 : 0) - (input.buttons & Input::left ? 1 : 0),
                (input.buttons & Input::down ? 1 : 0) - (input.buttons & Input::up ? 1 : 0)};
            input.aim = turned(me.aim, static_cast<Angle>(way_of(ahead) * 8192), turn_most / 2);
        } else {
            input.aim = me.aim;
        }
        // Nothing to do with the hands: a full magazine is better.
        const auto weapon = static_cast<std::size_t>(me.weapon);
        if (me.reload_until == 0 && scene.tick - mind.seen_at > 120 &&
            me.ammunition[weapon] * 2 < sim::rules_of(me.weapon).magazine) {
            input.buttons |= Input::reload;
        }
        return;
    }
    const Player& other = scene.players[mind.target];
    const Vec to =
        lead(me.at, other.at, other.velocity, mind.lead_ticks, 40U + scene.skill * 6U / 10U);
    const auto wanted = static_cast<Angle>(sim::angle_of(to) + mind.aim_error);
    input.aim = turned(me.aim, wanted, turn_most);
    const auto off = std::abs(static_cast<std::int16_t>(static_cast<Angle>(wanted - input.aim)));
    if (scene.tick < mind.fire_from) return;
    const bool in_sight = scene.tick - mind.seen_at < 2 * look_every;
    if (mind.strikes && mind.distance < blade_range && in_sight &&
        scene.tick >= me.strike_ready_at && off < 4000) {
        input.buttons |= Input::strike;
        return;
    }
    if (me.reload_until != 0) return;
    const Weapon weapon = choose_weapon(me, mind.distance);
    if (weapon != me.weapon) {
        input.slot = static_cast<std::uint8_t>(static_cast<unsigned>(weapon) + 1);
        return;
    }
    if (me.ammunition[static_cast<std::size_t>(weapon)] == 0) {
        if (sim::rules_of(weapon).magazine > 0) input.buttons |= Input::reload;
        return;
    }
    if (in_sight && !mind.holds_fire && off < 700 && scene.tick >= me.shot_ready_at &&
        mind.distance < useful_range(weapon)) {
        input.buttons |= Input::fire;
    }
}

}  // namespace muster::bots
