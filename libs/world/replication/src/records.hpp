#pragma once

#include <bit>
#include <cstdint>

#include "muster/replication/frame.hpp"

/// The schema's structs as plain data (schemas/game.fbs): snapshots are written by copying them.
namespace muster::replication {

static_assert(std::endian::native == std::endian::little, "FlatBuffers are little-endian");

struct ShotRecord {
    std::uint16_t id, x, y;
    std::int16_t velocity_x, velocity_y;
    std::uint16_t owner;
    std::uint8_t ago, look;
};

struct EffectRecord {
    std::uint16_t x, y, player, other, index;
    std::uint8_t value, ago, kind, weapon;
};

struct SelfRecord {
    std::int32_t x, y;
    std::int16_t velocity_x, velocity_y;
    std::int32_t score;
    std::uint16_t kills, deaths, reload_ticks, respawn_ticks, speed_ticks, damage_ticks,
        protected_ticks, look;
    std::uint8_t health, shield, ammunition, weapons;
};

static_assert(sizeof(ShotRecord) == 14 && sizeof(EffectRecord) == 14 && sizeof(SelfRecord) == 36);

[[nodiscard]] EntityRecord entity_of(const Scale& scale, sim::Tick now, sim::PlayerId id,
                                     const sim::Player& player);
[[nodiscard]] SelfRecord self_of(sim::Tick now, const sim::Player& player);
/// `event` is a shot.
[[nodiscard]] ShotRecord shot_of(const Scale& scale, const sim::Event& event, bool stronger);
/// `event` is one that is seen near by, and no shot.
[[nodiscard]] EffectRecord effect_of(const Scale& scale, const sim::Event& event);

/// A coordinate in steps of the scale, the nearest.
[[nodiscard]] std::uint16_t quantised(std::int32_t step, sim::Length from_low);

}  // namespace muster::replication
