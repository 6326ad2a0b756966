#include <algorithm>

#include "mind.hpp"

namespace muster::bots {
namespace {

using sim::Flag;
using sim::Length;
using sim::PickupKind;
using sim::Player;
using sim::Team;
using sim::Tick;
using sim::unit;
using sim::Vec;

constexpr Length lane_passed = 120 * unit;

bool is_within(Vec a, Vec b, Length radius) {
    return sim::distance_squared(a, b) < std::int64_t{radius} * radius;
}

void set_goal(Scene& scene, Mind& mind, Role role, GoalId goal, Tick ticks) {
    mind.role = role;
    mind.goal = goal;
    mind.arrived = false;
    mind.lost_since = 0;
    if (role != Role::attack && role != Role::carry) mind.lane = 0;
    mind.role_until = scene.tick + ticks + scene.random.below(60);
}

const Flag& flag_of(const Scene& scene, Team team) {
    return scene.flags[team == Team::blue ? 1 : 0];
}

// How much a pickup is wanted, as the distance that a bot goes for it; 0: not at all.
Length appetite(const Player& me, const sim::PickupSpec& pickup, bool busy) {
    switch (pickup.kind) {
        case PickupKind::health:
            if (me.health >= 70) return 0;
            return (me.health < 35 ? 800 : 350) * unit / (busy ? 2 : 1);
        case PickupKind::shield:
            return me.shield > 0 ? 0 : (me.health < 50 ? 500 : 220) * unit / (busy ? 2 : 1);
        case PickupKind::weapon_crate:
            if ((me.weapons >> static_cast<unsigned>(pickup.weapon) & 1) != 0) return 0;
            return (me.weapons <= 1 ? 500 : 200) * unit / (busy ? 2 : 1);
        case PickupKind::ammunition: {
            const auto weapon = static_cast<std::size_t>(me.weapon);
            return me.ammunition[weapon] <= 2 ? 150 * unit : 0;
        }
        case PickupKind::speed_boost:
        case PickupKind::damage_boost:
            return (busy ? 100 : 220) * unit;
    }
    return 0;
}

bool seek_pickup(Scene& scene, Mind& mind, const Player& me, bool busy) {
    const RegionId here = scene.atlas.region_of(me.at);
    const auto& specs = scene.world.map().pickups;
    std::int64_t best = -1;
    std::uint16_t best_index = 0;
    for (int down = -1; down <= 1; ++down) {
        for (int right = -1; right <= 1; ++right) {
            const RegionId region = scene.atlas.beside(here, right, down);
            if (region == here && (right != 0 || down != 0)) continue;
            for (const std::uint16_t index : scene.atlas.pickups_in(region)) {
                if (!scene.pickups[index].available) continue;
                const Length range = appetite(me, specs[index], busy);
                const std::int64_t distance = sim::distance_squared(me.at, specs[index].at);
                if (range == 0 || distance > std::int64_t{range} * range) continue;
                if (best >= 0 && distance >= best) continue;
                if (!scene.fields.covers(scene.atlas.pickup(index), me.at)) continue;
                best = distance;
                best_index = index;
            }
        }
    }
    if (best < 0) return false;
    set_goal(scene, mind, Role::refit, scene.atlas.pickup(best_index), 420);
    mind.pickup = best_index;
    return true;
}

// To the hottest of the regions around, often; else to any of them, so that bots spread.
void roam(Scene& scene, Mind& mind, const Player& me) {
    const RegionId here = scene.atlas.region_of(me.at);
    GoalId goal = no_goal;
    std::uint32_t best = 0;
    const bool to_fights = scene.chance(65);
    for (int attempt = 0; attempt < 9; ++attempt) {
        const RegionId region = scene.atlas.beside(here, attempt % 3 - 1, attempt / 3 - 1);
        const GoalId waypoint = scene.atlas.waypoint(region);
        if (waypoint == no_goal || waypoint == mind.goal) continue;
        if (is_within(me.at, scene.fields.position(waypoint), 60 * unit)) continue;
        if (!scene.fields.covers(waypoint, me.at)) continue;
        const std::uint32_t worth =
            1 + scene.random.below(64) + (to_fights ? scene.atlas.heat(region) : 0U);
        if (worth > best) {
            best = worth;
            goal = waypoint;
        }
    }
    // Nothing happens here: somewhere across the map it may.
    if (goal == no_goal || (to_fights && best <= 65 && scene.chance(60))) {
        const auto lanes = scene.atlas.lanes();
        const std::uint32_t which =
            scene.random.below(static_cast<std::uint32_t>(lanes.size()) + 2);
        goal = which < lanes.size()    ? lanes[which]
               : me.team != Team::none ? scene.atlas.base(sim::other(me.team))
               : which == lanes.size() ? scene.atlas.base(Team::red)
                                       : scene.atlas.base(Team::blue);
    }
    set_goal(scene, mind, Role::roam, goal, 600);
}

void defend(Scene& scene, Mind& mind, const Player& me) {
    const auto posts = scene.atlas.posts(me.team);
    const GoalId base = scene.atlas.base(me.team);
    if (posts.empty() || !scene.fields.covers(posts.front(), me.at)) {
        set_goal(scene, mind, Role::defend, base, 600);
        return;
    }
    const GoalId post = posts[scene.random.below(static_cast<std::uint32_t>(posts.size()))];
    set_goal(scene, mind, Role::defend, post, 300);
}

// Across the map by one of the lanes, while it lies ahead; then to `goal`.
void cross(Scene& scene, Mind& mind, const Player& me, Role role, GoalId goal, GoalId from) {
    const auto lanes = scene.atlas.lanes();
    const bool near_half = sim::distance_squared(me.at, scene.fields.position(from)) <
                           sim::distance_squared(me.at, scene.fields.position(goal));
    if (near_half && mind.lane != 0 && mind.lane <= lanes.size()) {
        const GoalId lane = lanes[mind.lane - 1U];
        if (!is_within(me.at, scene.fields.position(lane), lane_passed)) {
            set_goal(scene, mind, role, lane, 900);
            return;
        }
    }
    set_goal(scene, mind, role, goal, 900);
}

void attack(Scene& scene, Mind& mind, const Player& me) {
    if (mind.lane == 0) {
        mind.lane = static_cast<std::uint8_t>(
            scene.random.below(static_cast<std::uint32_t>(scene.atlas.lanes().size()) + 1));
    }
    cross(scene, mind, me, Role::attack, scene.atlas.flag(sim::other(me.team)),
          scene.atlas.base(me.team));
}

// Home, by the lane with the fewest fights.
void carry(Scene& scene, Mind& mind, const Player& me) {
    if (mind.role != Role::carry) {
        std::uint32_t least = 0;
        mind.lane = 0;
        const auto lanes = scene.atlas.lanes();
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            const RegionId region = scene.atlas.region_of(scene.fields.position(lanes[i]));
            const std::uint32_t heat = scene.atlas.heat(region) + scene.random.below(64);
            if (mind.lane != 0 && heat >= least) continue;
            least = heat;
            mind.lane = static_cast<std::uint8_t>(i + 1);
        }
    }
    cross(scene, mind, me, Role::carry, scene.atlas.base(me.team),
          scene.atlas.base(sim::other(me.team)));
}

void capture_the_flag(Scene& scene, Mind& mind, const Player& me) {
    const Flag& ours = flag_of(scene, me.team);
    const Flag& theirs = flag_of(scene, sim::other(me.team));
    const GoalId our_flag = scene.atlas.flag(me.team);
    const GoalId their_flag = scene.atlas.flag(sim::other(me.team));
    if (me.carries != Team::none) {
        // Home; while our own flag is away nothing counts there, so it keeps moving round the base.
        const bool waits =
            ours.where != Flag::Where::base &&
            is_within(me.at, scene.fields.position(scene.atlas.base(me.team)), 300 * unit);
        if (waits) {
            defend(scene, mind, me);
        } else {
            carry(scene, mind, me);
        }
        return;
    }
    if (ours.where == Flag::Where::dropped &&
        (is_within(me.at, ours.at, 900 * unit) || scene.chance(30))) {
        set_goal(scene, mind, Role::recover, our_flag, 300);
        return;
    }
    if (ours.where == Flag::Where::carried &&
        (is_within(me.at, ours.at, 500 * unit) ? scene.chance(70) : scene.chance(15))) {
        set_goal(scene, mind, Role::chase, our_flag, 240);
        return;
    }
    if (theirs.where == Flag::Where::carried) {
        if (is_within(me.at, theirs.at, 500 * unit) && scene.chance(70)) {
            set_goal(scene, mind, Role::escort, their_flag, 240);
        } else if (scene.chance(50)) {
            roam(scene, mind, me);
        } else {
            defend(scene, mind, me);
        }
        return;
    }
    if (theirs.where == Flag::Where::base && scene.chance(15)) {
        defend(scene, mind, me);
    } else {
        attack(scene, mind, me);
    }
}

std::uint8_t situation_of(const Scene& scene, const Player& me) {
    if (scene.flags.size() < 2) return 0;
    return static_cast<std::uint8_t>(static_cast<unsigned>(scene.flags[0].where) |
                                     static_cast<unsigned>(scene.flags[1].where) << 2 |
                                     static_cast<unsigned>(me.carries) << 4);
}

// What ends a role before its time.
bool is_over(Scene& scene, Mind& mind, const Player& me) {
    if (mind.goal == no_goal || scene.tick >= mind.role_until) return true;
    if (mind.lost_since != 0 && scene.tick - mind.lost_since > 45) return true;
    switch (mind.role) {
        case Role::refit:
            return !scene.pickups[mind.pickup].available;
        case Role::roam:
            return is_within(me.at, scene.fields.position(mind.goal), 60 * unit);
        case Role::attack:
            // A lane only has to be passed.
            return mind.goal != scene.atlas.flag(sim::other(me.team)) &&
                   is_within(me.at, scene.fields.position(mind.goal), lane_passed);
        case Role::carry:
            return mind.goal != scene.atlas.base(me.team) &&
                   is_within(me.at, scene.fields.position(mind.goal), lane_passed);
        case Role::defend:
            if (mind.goal == scene.atlas.base(me.team)) {
                return is_within(me.at, scene.fields.position(mind.goal), 250 * unit);
            }
            // At its post it stays a little.
            if (mind.arrived) mind.role_until = std::min(mind.role_until, scene.tick + 90);
            return false;
        default:
            return false;
    }
}

}  // namespace

void decide(Scene& scene, Mind& mind, const Player& me) {
    check_progress(scene, mind, me);
    const std::uint8_t situation = situation_of(scene, me);
    const bool changed = situation != mind.situation;
    mind.situation = situation;
    if (changed || is_over(scene, mind, me)) {
        if (changed && mind.role != Role::carry) mind.lane = 0;
        // A refit that ended goes back to work, so that nobody spends a match on pickups.
        const bool may_refit =
            me.carries == Team::none && (mind.role != Role::refit || me.health < 35);
        if (may_refit && scene.chance(60) && seek_pickup(scene, mind, me, false)) return;
        if (scene.mode == sim::Mode::capture_the_flag && scene.flags.size() == 2 &&
            me.team != Team::none) {
            capture_the_flag(scene, mind, me);
        } else {
            roam(scene, mind, me);
        }
        return;
    }
    // On the way: what it badly needs, or what lies beside.
    if (me.carries == Team::none && mind.role != Role::refit && mind.role != Role::chase &&
        (me.health < 35 || scene.chance(8))) {
        seek_pickup(scene, mind, me, me.health >= 35);
    }
}

}  // namespace muster::bots
