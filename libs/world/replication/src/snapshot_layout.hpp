#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "frame_parts.hpp"

namespace muster::replication {

/// What goes into one snapshot.
struct SnapshotContent {
    sim::Tick tick = 0;
    std::uint32_t acknowledged = 0;
    const SelfRecord* own = nullptr;
    std::span<const EntityRecord> records;    ///< all of the frame
    std::span<const std::uint16_t> entities;  ///< which of them
    std::span<const ShotRecord> shots;
    std::span<const EffectRecord> effects;
    std::span<const sim::PlayerId> gone;
};

struct SnapshotCounts {
    bool own = false;
    std::size_t entities = 0, shots = 0, effects = 0, gone = 0;
};

/// The bytes of a snapshot with so many parts, exactly.
[[nodiscard]] std::size_t snapshot_size(const SnapshotCounts& counts);

/// Writes a Message with a Snapshot as FlatBuffers lays it out, without a builder, whose generality
/// would cost more than all that is put in. `out` has snapshot_size() bytes or more; how many were
/// written. What comes out satisfies the generated verifier.
std::size_t write_snapshot(const SnapshotContent& content, std::span<std::byte> out);

}  // namespace muster::replication
