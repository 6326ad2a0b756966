#include <algorithm>
#include <utility>

#include "member_impl.hpp"

// Walls, pickups, the match: whoever decides on them says how they are, and the others follow.
namespace muster::mesh {
namespace {

constexpr std::size_t things_max = 8'192;  ///< in one message; a wall stands in for what is more

}  // namespace

/// Which are of which own region, after the regions have changed.
void Member::Impl::sort_things() {
    const auto place_of = [this](sim::Vec at) {
        const Land::Region* const region = land.find(at);
        return region == nullptr ? -1 : static_cast<int>(region - land.own().data());
    };
    const sim::Map& map = world.map();
    wall_regions.assign(map.walls.size(), -1);
    pickup_regions.assign(map.pickups.size(), -1);
    for (std::size_t i = 0; i < map.walls.size(); ++i) {
        wall_regions[i] = place_of(middle_of(map.walls[i].box));
        walls_told[i] = world.walls()[i].health;
        if (wall_regions[i] >= 0) wall_tellers[i] = nobody;
    }
    for (std::size_t i = 0; i < map.pickups.size(); ++i) {
        pickup_regions[i] = place_of(map.pickups[i].at);
        pickups_told[i] = world.pickups()[i].available ? 1 : 0;
        if (pickup_regions[i] >= 0) pickup_tellers[i] = nobody;
    }
}

WallNow Member::Impl::wall_now(std::uint16_t wall) const {
    const sim::Wall& now_is = world.walls()[wall];
    return {wall, now_is.health,
            now_is.health > 0 ? 0 : sim::ticks_left(world.tick(), now_is.respawn_at)};
}

PickupNow Member::Impl::pickup_now(std::uint16_t pickup) const {
    const sim::Pickup& now_is = world.pickups()[pickup];
    return {pickup, now_is.available,
            now_is.available ? 0 : sim::ticks_left(world.tick(), now_is.respawn_at)};
}

void Member::Impl::hear(PeerIndex from, const std::vector<WallNow>& walls,
                        const std::vector<PickupNow>& pickups) {
    for (const WallNow& one : walls) {
        if (one.wall >= wall_tellers.size() || wall_regions[one.wall] >= 0) continue;
        const bool is_whole = one.health == world.map().walls[one.wall].health;
        // Somebody stands where it would return: it is said again, and tried again.
        if (!world.set_wall(one.wall, one.health, one.returns_in)) continue;
        wall_tellers[one.wall] = is_whole ? nobody : from;
    }
    for (const PickupNow& one : pickups) {
        if (one.pickup >= pickup_tellers.size() || pickup_regions[one.pickup] >= 0) continue;
        if (!world.set_pickup(one.pickup, one.available, one.returns_in)) continue;
        pickup_tellers[one.pickup] = one.available ? nobody : from;
    }
}

void Member::Impl::hear(PeerIndex from, const Standing& standing) {
    Peer& peer = peers[from];
    if (standing.tick < peer.standing_tick) return;
    peer.standing_tick = standing.tick;
    hear(from, standing.walls, standing.pickups);
    // What it told as broken and does not tell any more is whole again.
    for (std::size_t i = 0; i < wall_tellers.size(); ++i) {
        if (wall_tellers[i] != from) continue;
        const auto wall = static_cast<std::uint16_t>(i);
        if (std::ranges::find(standing.walls, wall, &WallNow::wall) != standing.walls.end())
            continue;
        if (world.set_wall(wall, world.map().walls[i].health, 0)) wall_tellers[i] = nobody;
    }
    for (std::size_t i = 0; i < pickup_tellers.size(); ++i) {
        if (pickup_tellers[i] != from) continue;
        const auto pickup = static_cast<std::uint16_t>(i);
        const auto& told = standing.pickups;
        if (std::ranges::find(told, pickup, &PickupNow::pickup) != told.end()) continue;
        if (world.set_pickup(pickup, true, 0)) pickup_tellers[i] = nobody;
    }
    if (standing.epoch == 0 || standing.epoch < match_epoch || land.decides_match()) return;
    match_epoch = standing.epoch;
    match_decider = from;
    // Refused is only what no World says; the next one is looked at again.
    static_cast<void>(world.set_match(standing.match));
    for (std::size_t i = 0; i < standing.flags.size() && i < world.flags().size(); ++i) {
        static_cast<void>(
            world.set_flag(i == 0 ? sim::Team::red : sim::Team::blue, standing.flags[i]));
    }
}

void Member::Impl::tell_standing() {
    Standing standing{.tick = world.tick()};
    told_match = world.match();
    if (land.decides_match()) {
        for (const Land::Region& one : land.own()) {
            if (land.find(world.map().bounds.low) == &one) standing.epoch = one.epoch;
        }
        match_epoch = std::max(match_epoch, standing.epoch);
        match_decider = nobody;
        standing.match = world.match();
        standing.match.ends_at = sim::ticks_left(world.tick(), standing.match.ends_at);
        standing.flags.assign(world.flags().begin(), world.flags().end());
        for (sim::Flag& flag : standing.flags) {
            flag.returns_at = sim::ticks_left(world.tick(), flag.returns_at);
        }
    }
    for (std::size_t i = 0; i < wall_regions.size() && standing.walls.size() < things_max; ++i) {
        const bool is_whole = world.walls()[i].health == world.map().walls[i].health;
        if (wall_regions[i] >= 0 && !is_whole) {
            standing.walls.push_back(wall_now(static_cast<std::uint16_t>(i)));
        }
    }
    for (std::size_t i = 0; i < pickup_regions.size() && standing.pickups.size() < things_max;
         ++i) {
        if (pickup_regions[i] >= 0 && !world.pickups()[i].available) {
            standing.pickups.push_back(pickup_now(static_cast<std::uint16_t>(i)));
        }
    }
    publish(subject("all", ""), std::move(standing));
}

}  // namespace muster::mesh
