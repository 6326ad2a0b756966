#include "world_state.hpp"

namespace muster::sim {
namespace {

Tick return_time(PickupKind kind) {
    switch (kind) {
        case PickupKind::health:
        case PickupKind::ammunition:
            return 10 * tick_rate;
        case PickupKind::weapon_crate:
            return 15 * tick_rate;
        default:
            return 20 * tick_rate;
    }
}

constexpr bool has(const Player& player, std::size_t weapon) {
    return (player.weapons >> weapon & 1U) != 0;
}

}  // namespace

bool World::Impl::wants(const Player& player, const PickupSpec& spec) const {
    const auto lacks_rounds = [&](std::size_t weapon) {
        return has(player, weapon) &&
               player.ammunition[weapon] < rules_of(static_cast<Weapon>(weapon)).magazine;
    };
    switch (spec.kind) {
        case PickupKind::health:
            return player.health < health_max;
        case PickupKind::shield:
            return player.shield < shield_max;
        case PickupKind::ammunition:
            for (std::size_t weapon = 0; weapon < weapon_count; ++weapon) {
                if (lacks_rounds(weapon)) return true;
            }
            return false;
        case PickupKind::weapon_crate: {
            const auto weapon = static_cast<std::size_t>(spec.weapon);
            return !has(player, weapon) || lacks_rounds(weapon);
        }
        default:
            return true;
    }
}

void World::Impl::give(Player& player, const PickupSpec& spec) {
    switch (spec.kind) {
        case PickupKind::health:
            player.health = player.health > health_max - 50
                                ? health_max
                                : static_cast<std::uint8_t>(player.health + 50);
            break;
        case PickupKind::shield:
            player.shield = shield_max;
            break;
        case PickupKind::ammunition:
            for (std::size_t weapon = 0; weapon < weapon_count; ++weapon) {
                if (!has(player, weapon)) continue;
                player.ammunition[weapon] = rules_of(static_cast<Weapon>(weapon)).magazine;
            }
            player.reload_until = 0;
            break;
        case PickupKind::weapon_crate: {
            const auto weapon = static_cast<std::size_t>(spec.weapon);
            const bool fresh = !has(player, weapon);
            player.weapons = static_cast<std::uint8_t>(player.weapons | 1U << weapon);
            player.ammunition[weapon] = rules_of(spec.weapon).magazine;
            if (fresh) player.weapon = spec.weapon;
            if (player.weapon == spec.weapon) player.reload_until = 0;
            break;
        }
        case PickupKind::speed_boost:
            player.speed_until = tick + boost_length;
            break;
        case PickupKind::damage_boost:
            player.damage_until = tick + boost_length;
            break;
    }
}

void World::Impl::take_pickup(std::uint16_t index, PlayerId taker, Team team) {
    const PickupSpec& spec = map.pickups[index];
    pickups[index] = {.available = false, .respawn_at = tick + return_time(spec.kind)};
    emit({.kind = Event::Kind::pickup_taken,
          .team = team,
          .weapon = spec.weapon,
          .player = taker,
          .index = index,
          .at = spec.at});
}

void World::Impl::play_pickups() {
    constexpr std::int64_t reach_squared = std::int64_t{touch_radius} * touch_radius;
    const Vec reach{touch_radius, touch_radius};
    for (std::size_t i = 0; i < pickups.size(); ++i) {
        Pickup& pickup = pickups[i];
        const PickupSpec& spec = map.pickups[i];
        const auto index = static_cast<std::uint16_t>(i);
        if (!pickup.available) {
            if (pickup.respawn_at > tick || !decides_pickup(i)) continue;
            pickup = {};
            emit({.kind = Event::Kind::pickup_returned, .index = index, .at = spec.at});
        }
        if (!playing()) continue;
        PlayerId taker = no_player;
        std::int64_t best = reach_squared;
        grid.each_in({spec.at - reach, spec.at + reach}, [&](const PlayerGrid::Entry& entry) {
            const PlayerId id = entry.id;
            const Vec at = entry.at;
            const std::int64_t distance = distance_squared(at, spec.at);
            if (distance > best || (distance == best && id > taker)) return;
            if (!players[id].alive || players[id].ghost || !wants(players[id], spec)) return;
            best = distance;
            taker = id;
        });
        if (taker == no_player) continue;
        if (!decides_pickup(i)) {
            claim_pickup(index, taker);
            continue;
        }
        give(players[taker], spec);
        take_pickup(index, taker, players[taker].team);
    }
}

}  // namespace muster::sim
