#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "muster/protocol/protocol.hpp"
#include "muster/replication/mirror.hpp"

namespace muster::client {

/// The newest steps of a player's inputs, at most protocol::steps_max, and the number of the last
/// one.
class Steps {
  public:
    void add(std::span<const replication::InputStep> steps) {
        steps_.insert(steps_.end(), steps.begin(), steps.end());
        sequence_ += static_cast<std::uint32_t>(steps.size());
        if (steps_.size() > protocol::steps_max)
            steps_.erase(steps_.begin(), steps_.end() - protocol::steps_max);
    }
    /// A server has consumed inputs up to this number: it stood still for whom it did not hear, in
    /// inputs of its own, and counts on from them.
    void consumed(std::uint32_t sequence) { sequence_ = std::max(sequence_, sequence); }
    /// The next server may know less than was said: its first snapshot tells what it goes on from.
    void restart() {
        steps_.clear();
        sequence_ = 0;
    }
    [[nodiscard]] std::uint32_t sequence() const { return sequence_; }
    [[nodiscard]] std::span<const replication::InputStep> all() const { return steps_; }
    [[nodiscard]] std::span<const replication::InputStep> newest(std::size_t most) const {
        return all().last(std::min(most, steps_.size()));
    }

  private:
    std::vector<replication::InputStep> steps_;
    std::uint32_t sequence_ = 0;
};

}  // namespace muster::client
