#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "muster/sim/state.hpp"

namespace muster::sim {

/// Living players by cell, sorted anew in each step by counting: three passes over flat arrays, no
/// lists, and a row of neighbouring cells is one run in memory.
class PlayerGrid {
  public:
    PlayerGrid(const Box& bounds, std::size_t players_max);

    struct Entry {
        Vec at;
        PlayerId id = no_player;
        Team team = Team::none;  ///< here, because most of those looked at are passed by for it
    };

    void build(std::span<const PlayerId> present, std::span<const Player> players);

    /// Calls `take(entry)` for those in the cells that the box touches: all within the box, and
    /// some beside it.
    template <typename Take>
    void each_in(const Box& box, Take&& take) const {
        const std::int32_t left = column(box.low.x);
        const std::int32_t right = column(box.high.x);
        for (std::int32_t r = row(box.low.y); r <= row(box.high.y); ++r) {
            const std::uint32_t end = starts_[static_cast<std::size_t>(r * columns_ + right) + 1];
            for (std::uint32_t i = starts_[static_cast<std::size_t>(r * columns_ + left)]; i < end;
                 ++i) {
                take(entries_[i]);
            }
        }
    }

  private:
    [[nodiscard]] std::int32_t column(Length x) const {
        return std::clamp((x - low_.x) >> shift_, 0, columns_ - 1);
    }
    [[nodiscard]] std::int32_t row(Length y) const {
        return std::clamp((y - low_.y) >> shift_, 0, rows_ - 1);
    }

    Vec low_;
    int shift_ = 13;  ///< cells of 32 units, wider on a large map with few players
    std::int32_t columns_ = 1;
    std::int32_t rows_ = 1;
    std::vector<std::uint32_t> starts_;  ///< of each cell in entries_, and the end
    std::vector<std::uint32_t> cells_;   ///< of each living player, by the order of `present`
    std::vector<PlayerId> living_;
    std::vector<Entry> entries_;
};

}  // namespace muster::sim
