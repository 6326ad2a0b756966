#pragma once

#include <optional>
#include <vector>

#include "muster/sim/map.hpp"
#include "wall_grid.hpp"

namespace muster::sim {

/// Where a player can walk on a map while every wall stands. A lattice of points 10 units apart:
/// two neighbours that are both free have a free way between them, as no wall with the player's
/// radius round it is so thin. What is reachable here is reachable in the game; a gap less than 10
/// units wider than a player may be missed.
class Reach {
  public:
    explicit Reach(const Map& map);

    /// Marks what can be reached from `from`; false when nothing can be, not even the place itself.
    bool start(Vec from);
    [[nodiscard]] bool reached(Vec at) const;

  private:
    static constexpr Length spacing = 10 * unit;
    enum class Cell : std::uint8_t { blocked, free, reached };

    [[nodiscard]] std::optional<std::size_t> neighbour(Vec at, Cell wanted) const;

    Box inner_;
    std::size_t columns_;
    std::size_t rows_;
    std::vector<Cell> cells_;
    std::vector<std::uint32_t> open_;
};

}  // namespace muster::sim
