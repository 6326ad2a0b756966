#include <algorithm>
#include <bit>
#include <string>

#include "name.hpp"
#include "world_state.hpp"

namespace muster::sim {
namespace {

Vec middle_of(const Box& box) {
    return {(box.low.x + box.high.x) / 2, (box.low.y + box.high.y) / 2};
}

}  // namespace

Border& World::Impl::one_of_several() {
    if (!border) {
        border = std::make_unique<Border>(players.size());
        border->pickups_claimed_at.resize(pickups.size());
        recorder = nullptr;
    }
    return *border;
}

Result<void> World::Impl::set_part(const Part& part) {
    if (!std::has_single_bit(part.projectile_stride) ||
        part.projectile_stride > projectile_stride_max) {
        return fail(Errc::invalid_argument, "the stride must be a power of two up to 1,024",
                    "projectile_stride");
    }
    if (part.projectile_rest >= part.projectile_stride) {
        return fail(Errc::invalid_argument, "the rest must be less than the stride",
                    "projectile_rest");
    }
    for (const Box& box : part.regions) {
        if (box.low.x < box.high.x && box.low.y < box.high.y) continue;
        return fail(Errc::invalid_argument, "a region must not be empty", "regions");
    }
    Border& own = one_of_several();
    own.part = part;
    while (next_projectile % part.projectile_stride != part.projectile_rest) ++next_projectile;
    own.own_walls.clear();
    own.own_pickups.clear();
    find_places();
    if (part.regions.empty()) return {};
    for (const WallSpec& spec : map.walls) {
        own.own_walls.push_back(lies_in(part.regions, middle_of(spec.box)) ? 1 : 0);
    }
    for (const PickupSpec& spec : map.pickups) {
        own.own_pickups.push_back(lies_in(part.regions, spec.at) ? 1 : 0);
    }
    // Only own walls return by themselves.
    std::erase_if(destroyed, [&](std::uint16_t wall) { return !decides_wall(wall); });
    for (std::size_t i = 0; i < walls.size(); ++i) {
        const auto wall = static_cast<std::uint16_t>(i);
        if (walls[i].health > 0 || !decides_wall(i)) continue;
        if (std::ranges::find(destroyed, wall) == destroyed.end()) destroyed.push_back(wall);
    }
    return {};
}

Result<void> World::Impl::lend_ids(PlayerId first, std::size_t count) {
    if (count > players.size() || first > players.size() - count) {
        return fail(Errc::invalid_argument, "there are no such ids in this world", "first");
    }
    Border& own = one_of_several();
    if (!own.ids_are_lent) {
        own.ids_are_lent = true;
        own.lent.assign(players.size(), false);
        free_count = 0;
    }
    std::vector<bool> waits(players.size());
    for (std::size_t i = 0; i < free_count; ++i) {
        waits[free_ids[(free_first + i) % free_ids.size()]] = true;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto id = static_cast<PlayerId>(first + i);
        if (players[id].ghost) continue;
        own.lent[id] = true;
        if (!players[id].present && !waits[id]) free_id(id);
    }
    return {};
}

/// Nobody else is given it.
void World::Impl::take_id(PlayerId id) {
    const std::size_t places = free_ids.size();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < free_count; ++i) {
        const PlayerId next = free_ids[(free_first + i) % places];
        if (next != id) free_ids[(free_first + kept++) % places] = next;
    }
    free_count = kept;
}

void World::Impl::free_id(PlayerId id) {
    if (!gives(id)) return;
    free_ids[(free_first + free_count) % free_ids.size()] = id;
    ++free_count;
}

Result<void> World::Impl::check(const Pose& pose) const {
    const auto wrong = [](const char* field, const char* why) {
        return fail(Errc::invalid_argument, std::string(why), field);
    };
    if (pose.at.x < map.bounds.low.x + player_radius ||
        pose.at.x > map.bounds.high.x - player_radius ||
        pose.at.y < map.bounds.low.y + player_radius ||
        pose.at.y > map.bounds.high.y - player_radius) {
        return wrong("at", "a ghost must stand on the map");
    }
    if (std::abs(std::int64_t{pose.velocity.x}) > player_speed_boosted ||
        std::abs(std::int64_t{pose.velocity.y}) > player_speed_boosted) {
        return wrong("velocity", "nobody is so fast");
    }
    const bool teams = rules.mode != Mode::free_for_all;
    if (pose.team > Team::blue || teams != (pose.team != Team::none)) {
        return wrong("team", "no team of this mode");
    }
    if (pose.weapon > Weapon::melee) return wrong("weapon", "an unknown weapon");
    if (pose.health > health_max || pose.alive != (pose.health > 0)) {
        return wrong("health", "the living have 1 to 100, the dead 0");
    }
    if (pose.shield > shield_max) return wrong("shield", "at most 50");
    if (pose.carries > Team::blue || (pose.carries != Team::none && (flags.empty() || !pose.alive ||
                                                                     pose.carries == pose.team))) {
        return wrong("carries", "no flag that it can carry");
    }
    for (const Tick ticks : {pose.protected_for, pose.fast_for, pose.strong_for}) {
        if (ticks > record_ticks_max) return wrong("protected_for", "that is too long");
    }
    return {};
}

Result<void> World::Impl::pose(PlayerId id, const Pose& pose) {
    if (id >= players.size()) {
        return fail(Errc::invalid_argument, "there is no such id in this world", "player");
    }
    if (is_own(id)) return fail(Errc::conflict, "the player is this world's own", "player");
    if (auto sound = check(pose); !sound) return sound;
    one_of_several();
    Player& player = players[id];
    if (player.present && player.generation != pose.generation) dispel(id);
    const bool is_new = !player.present;
    if (is_new) {
        take_id(id);
        present.insert(std::ranges::lower_bound(present, id), id);
        player = Player{.joined_at = tick};
        backstage[id] = {};
        inputs[id].clear();
    }
    if (is_new || !pose.name.empty()) names[id] = clean_name(pose.name);
    if (names[id].empty()) names[id] = "Player " + std::to_string(id + 1);
    // Shots that are judged in the past do not hit who was not born then.
    if (!is_new && pose.life != player.life) backstage[id].spawned_at = tick;
    const auto until = [this](Tick ticks) { return ticks == 0 ? 0 : tick + ticks; };
    const Player before = player;
    player = Player{.at = pose.at,
                    .velocity = pose.velocity,
                    .aim = pose.aim,
                    .team = pose.team,
                    .weapon = pose.weapon,
                    .generation = pose.generation,
                    .present = true,
                    .alive = pose.alive,
                    .bot = pose.bot,
                    .ghost = true,
                    .life = pose.life,
                    .health = pose.health,
                    .shield = pose.shield,
                    .protected_until = until(pose.protected_for),
                    .speed_until = until(pose.fast_for),
                    .damage_until = until(pose.strong_for),
                    .carries = pose.carries,
                    .score = pose.score,
                    .kills = pose.kills,
                    .deaths = pose.deaths,
                    .captures = pose.captures,
                    .acknowledged = before.acknowledged,
                    .joined_at = before.joined_at};
    return {};
}

void World::Impl::dispel(PlayerId id) {
    if (id >= players.size() || !players[id].ghost) return;
    for (Projectile& projectile : projectiles) {
        if (projectile.owner == id) projectile.owner = no_player;
    }
    players[id] = Player{.generation = players[id].generation};
    backstage[id] = {};
    inputs[id].clear();
    history.forget(id);
    border->ledgers[id] = {};
    present.erase(std::ranges::lower_bound(present, id));
    if (!border->ids_are_lent) free_id(id);
}

Result<void> World::Impl::show(const Event& event) {
    using Kind = Event::Kind;
    const auto wrong = [](const char* field, const char* why) {
        return fail(Errc::invalid_argument, std::string(why), field);
    };
    if (event.kind > Kind::left) return wrong("kind", "an unknown event");
    if (event.team > Team::blue) return wrong("team", "an unknown team");
    if (event.weapon > Weapon::melee) return wrong("weapon", "an unknown weapon");
    for (const PlayerId id : {event.player, event.other}) {
        if (id != no_player && id >= players.size()) return wrong("player", "nobody has this id");
    }
    const bool of_wall = event.kind == Kind::wall_hit || event.kind == Kind::wall_destroyed ||
                         event.kind == Kind::wall_returned;
    const bool of_pickup = event.kind == Kind::pickup_taken || event.kind == Kind::pickup_returned;
    if ((of_wall && event.index >= walls.size()) || (of_pickup && event.index >= pickups.size())) {
        return wrong("index", "there is no such thing on this map");
    }
    if (event.at.x < map.bounds.low.x || event.at.x > map.bounds.high.x ||
        event.at.y < map.bounds.low.y || event.at.y > map.bounds.high.y) {
        // What has no place is at the origin, which need not be on the map.
        if (event.at != Vec{}) return wrong("at", "an event must lie on the map");
    }
    if (std::abs(std::int64_t{event.velocity.x}) > WallGrid::margin ||
        std::abs(std::int64_t{event.velocity.y}) > WallGrid::margin) {
        return wrong("velocity", "nothing is so fast");
    }
    emit(event);
    return {};
}

Pose pose_of(const World& world, PlayerId id) {
    const Player& player = world.players()[id];
    const Tick now = world.tick();
    return {.at = player.at,
            .velocity = player.velocity,
            .aim = player.aim,
            .team = player.team,
            .weapon = player.weapon,
            .generation = player.generation,
            .alive = player.alive,
            .bot = player.bot,
            .health = player.health,
            .shield = player.shield,
            .carries = player.carries,
            .life = player.life,
            .protected_for = ticks_left(now, player.protected_until),
            .fast_for = ticks_left(now, player.speed_until),
            .strong_for = ticks_left(now, player.damage_until),
            .score = player.score,
            .kills = player.kills,
            .deaths = player.deaths,
            .captures = player.captures,
            .name = world.name_of(id)};
}

Result<void> World::set_part(const Part& part) {
    return impl_->set_part(part);
}
Result<void> World::lend_ids(PlayerId first, std::size_t count) {
    return impl_->lend_ids(first, count);
}
Result<void> World::pose(PlayerId player, const Pose& pose) {
    return impl_->pose(player, pose);
}
void World::dispel(PlayerId player) {
    impl_->dispel(player);
}
Result<void> World::show(const Event& event) {
    return impl_->show(event);
}

}  // namespace muster::sim
