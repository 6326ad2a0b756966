#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "muster/replication/frame.hpp"

namespace muster::load {

using replication::EntityRecord;

/// The snapshots of the last second or so as one client decoded them, to be held against the truth
/// when that comes. A ring; its slots keep their room, so that the steady state allocates nothing.
class Memory {
  public:
    struct Snapshot {
        sim::Tick tick = 0;  ///< 0: empty
        std::vector<EntityRecord> records;
    };
    explicit Memory(std::size_t snapshots) : ring_(snapshots) {}

    void remember(sim::Tick tick, std::span<const EntityRecord> records) {
        Snapshot& slot = ring_[next_++ % ring_.size()];
        slot.tick = tick;
        slot.records.assign(records.begin(), records.end());
    }
    /// In no particular order: datagrams overtake each other.
    [[nodiscard]] std::span<const Snapshot> snapshots() const { return ring_; }

  private:
    std::vector<Snapshot> ring_;
    std::size_t next_ = 0;
};

}  // namespace muster::load
