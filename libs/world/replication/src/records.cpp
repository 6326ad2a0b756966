#include "records.hpp"

#include <algorithm>
#include <limits>

#include "game_generated.h"

namespace muster::replication {
namespace {

static_assert(sizeof(EntityRecord) == sizeof(protocol::Entity) &&
              alignof(EntityRecord) == alignof(protocol::Entity));
static_assert(sizeof(ShotRecord) == sizeof(protocol::Shot) &&
              alignof(ShotRecord) == alignof(protocol::Shot));
static_assert(sizeof(EffectRecord) == sizeof(protocol::Effect) &&
              alignof(EffectRecord) == alignof(protocol::Effect));
static_assert(sizeof(SelfRecord) == sizeof(protocol::Self) &&
              alignof(SelfRecord) == alignof(protocol::Self));

template <typename To>
To clamped(std::int64_t value) {
    return static_cast<To>(std::clamp<std::int64_t>(value, std::numeric_limits<To>::min(),
                                                    std::numeric_limits<To>::max()));
}

// Ticks from now until then, 0 when it is over.
std::uint16_t left(sim::Tick now, sim::Tick until) {
    return until > now ? clamped<std::uint16_t>(until - now) : std::uint16_t{0};
}

std::uint16_t look_of(sim::Tick now, const sim::Player& player) {
    unsigned look = static_cast<unsigned>(player.weapon) |
                    static_cast<unsigned>(player.team) << 3U |
                    static_cast<unsigned>(player.carries) << 5U;
    look |= player.alive ? 1U << 7U : 0U;
    look |= player.protected_until > now ? 1U << 8U : 0U;
    look |= player.shield > 0 ? 1U << 9U : 0U;
    look |= player.speed_until > now ? 1U << 10U : 0U;
    look |= player.damage_until > now ? 1U << 11U : 0U;
    look |= (player.generation & 0xFU) << 12U;
    return static_cast<std::uint16_t>(look);
}

protocol::EffectKind kind_of(sim::Event::Kind kind) {
    using Kind = sim::Event::Kind;
    switch (kind) {
        case Kind::strike:
            return protocol::EffectKind::strike;
        case Kind::wall_hit:
            return protocol::EffectKind::wall_hit;
        case Kind::player_hit:
            return protocol::EffectKind::player_hit;
        case Kind::pickup_taken:
            return protocol::EffectKind::pickup_taken;
        case Kind::pickup_returned:
            return protocol::EffectKind::pickup_returned;
        case Kind::spawned:
            return protocol::EffectKind::spawned;
        default:
            return protocol::EffectKind::reloaded;
    }
}

}  // namespace

std::uint16_t quantised(std::int32_t step, sim::Length from_low) {
    return clamped<std::uint16_t>((std::int64_t{from_low} + step / 2) / step);
}

EntityRecord entity_of(const Scale& scale, sim::Tick now, sim::PlayerId id,
                       const sim::Player& player) {
    return {.id = id,
            .x = quantised(scale.step, player.at.x - scale.low.x),
            .y = quantised(scale.step, player.at.y - scale.low.y),
            .velocity_x = clamped<std::int8_t>(player.velocity.x / 16),
            .velocity_y = clamped<std::int8_t>(player.velocity.y / 16),
            .aim = static_cast<std::uint8_t>((player.aim + 128U) >> 8U),
            .health = player.health,
            .look = look_of(now, player)};
}

SelfRecord self_of(sim::Tick now, const sim::Player& player) {
    const auto weapon = static_cast<std::size_t>(player.weapon);
    return {.x = player.at.x,
            .y = player.at.y,
            .velocity_x = clamped<std::int16_t>(player.velocity.x),
            .velocity_y = clamped<std::int16_t>(player.velocity.y),
            .score = player.score,
            .kills = player.kills,
            .deaths = player.deaths,
            .reload_ticks = left(now, player.reload_until),
            .respawn_ticks = player.alive ? std::uint16_t{0} : left(now, player.respawn_at),
            .speed_ticks = left(now, player.speed_until),
            .damage_ticks = left(now, player.damage_until),
            .protected_ticks = left(now, player.protected_until),
            .look = look_of(now, player),
            .health = player.health,
            .shield = player.shield,
            .ammunition = weapon < sim::weapon_count ? player.ammunition[weapon] : std::uint8_t{0},
            .weapons = player.weapons};
}

ShotRecord shot_of(const Scale& scale, const sim::Event& event, bool stronger) {
    return {.id = static_cast<std::uint16_t>(event.projectile),
            .x = quantised(scale.step, event.at.x - scale.low.x),
            .y = quantised(scale.step, event.at.y - scale.low.y),
            .velocity_x = clamped<std::int16_t>(event.velocity.x),
            .velocity_y = clamped<std::int16_t>(event.velocity.y),
            .owner = event.player,
            .ago = clamped<std::uint8_t>(event.value),  // judged in the past: it has flown so long
            .look = static_cast<std::uint8_t>(static_cast<unsigned>(event.weapon) |
                                              static_cast<unsigned>(event.team) << 3U |
                                              (stronger ? 1U << 5U : 0U))};
}

EffectRecord effect_of(const Scale& scale, const sim::Event& event) {
    const auto kind = kind_of(event.kind);
    EffectRecord effect{.x = quantised(scale.step, event.at.x - scale.low.x),
                        .y = quantised(scale.step, event.at.y - scale.low.y),
                        .player = event.player,
                        .other = event.other,
                        .index = event.index,
                        .value = clamped<std::uint8_t>(event.value),
                        .ago = 0,
                        .kind = static_cast<std::uint8_t>(kind),
                        .weapon = static_cast<std::uint8_t>(event.weapon)};
    // What ends a projectile names it; a wall goes where there is no other player.
    if (kind == protocol::EffectKind::wall_hit) effect.other = event.index;
    if (kind == protocol::EffectKind::wall_hit || kind == protocol::EffectKind::player_hit)
        effect.index = static_cast<std::uint16_t>(event.projectile);
    return effect;
}

}  // namespace muster::replication
