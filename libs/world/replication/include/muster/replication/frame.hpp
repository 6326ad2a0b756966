#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "muster/sim/world.hpp"

namespace muster::replication {

/// One player as the wire has it (schemas/game.fbs, Entity): 12 bytes, copied in runs.
struct EntityRecord {
    std::uint16_t id, x, y;
    std::int8_t velocity_x, velocity_y;
    std::uint8_t aim, health;
    std::uint16_t look;
    bool operator==(const EntityRecord&) const = default;
};
static_assert(sizeof(EntityRecord) == 12);

/// How a map's positions become 16 bits.
struct Scale {
    sim::Vec low;
    std::int32_t step = 1;  ///< 1/256 units, a power of two
    [[nodiscard]] static Scale of(const sim::Map& map);
};

struct FrameOptions {
    sim::Length view = 600 * sim::unit;  ///< how far others are shown
    sim::Length cell = 150 * sim::unit;
};

/// A picture of one tick, from which any number of threads write snapshots: quantised once, players
/// and events sorted by grid cell (counting sort). Immutable between two builds; reused from tick
/// to tick, so that the steady state allocates nothing.
class Frame {
  public:
    Frame(const sim::World& world, FrameOptions options);
    ~Frame();
    Frame(Frame&&) noexcept;
    Frame& operator=(Frame&&) noexcept;

    /// Takes the world as it is after a step(). The thread that owns the world. `before`, the frame
    /// of the step before, gives its shots and effects of the last 12 ticks, for viewers who are
    /// not written to in each tick: frames are built in turn from a pool, and each alone would know
    /// one step only. It is read while other threads may read it too. Null: this one's own before
    /// the call.
    void build(const sim::World& world, const Frame* before = nullptr);

    [[nodiscard]] sim::Tick tick() const;
    [[nodiscard]] const Scale& scale() const;
    [[nodiscard]] const FrameOptions& options() const;
    /// All entities that are alive, in the order of the cells.
    [[nodiscard]] std::span<const EntityRecord> entities() const;
    /// Of one player, or none when it is not present and alive.
    [[nodiscard]] const EntityRecord* entity(sim::PlayerId id) const;

    struct Parts;  ///< what Viewer reads; src/frame_parts.hpp
    [[nodiscard]] const Parts& parts() const { return *parts_; }

  private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace muster::replication
