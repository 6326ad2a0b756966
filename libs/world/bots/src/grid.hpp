#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "muster/sim/map.hpp"

namespace muster::bots {

using Cell = std::uint32_t;
inline constexpr Cell no_cell = 0xffffffff;

/// One of eight ways, clockwise on the screen from +x: times 8,192 it is a sim::Angle. They are
/// the eight ways that the buttons of an input can say, so a field's direction is pressed as it is.
using Way = std::uint8_t;
inline constexpr std::array<int, 8> way_x{1, 1, 0, -1, -1, -1, 0, 1};
inline constexpr std::array<int, 8> way_y{0, 1, 1, 1, 0, -1, -1, -1};
[[nodiscard]] constexpr Way opposite(Way way) {
    return way ^ 4;
}
/// The way closest to a vector; 0 for the null vector.
[[nodiscard]] Way way_of(sim::Vec v);

struct CellRect {
    int x = 0;
    int y = 0;
    int columns = 0;
    int rows = 0;
    [[nodiscard]] std::size_t size() const {
        return static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows);
    }
};

/// Where a player fits: a grid over a map, with the walls that stand now. For each cell it knows
/// the `exits`: the ways to neighbours whose centre a player can walk to in a straight line. Exact
/// (a swept circle's box against each wall), so that a post thinner than a cell is seen and a gap
/// that no player fits through is not one.
///
/// The cell's side is 32 units while that makes at most 65,536 cells (a map of 8192 x 8192), else
/// 40, else 48: a gap of a side more than a player's width is always found, and the largest map
/// needs 466,489 cells, 2 bytes each.
class Grid {
  public:
    explicit Grid(const sim::Map& map);

    [[nodiscard]] int columns() const { return columns_; }
    [[nodiscard]] int rows() const { return rows_; }
    [[nodiscard]] Cell size() const { return static_cast<Cell>(exits_.size()); }
    [[nodiscard]] sim::Length side() const { return side_; }

    /// Of the nearest cell, for a position outside.
    [[nodiscard]] Cell at(sim::Vec v) const;
    [[nodiscard]] sim::Vec centre(Cell cell) const;
    /// Whether a player fits at the cell's centre. One that stands in a cell that is not open
    /// still finds its exits: the ways from the part of it that is free.
    [[nodiscard]] bool open(Cell cell) const { return open_[cell] != 0; }
    [[nodiscard]] std::uint8_t exits(Cell cell) const { return exits_[cell]; }
    [[nodiscard]] bool has_exit(Cell cell, Way way) const { return (exits_[cell] >> way & 1) != 0; }
    /// Only along an exit.
    [[nodiscard]] Cell neighbour(Cell cell, Way way) const {
        return static_cast<Cell>(static_cast<std::int64_t>(cell) + step_[way]);
    }
    /// The open cell for a goal: its own, one that its free part leads to, or the nearest within
    /// three; no_cell when there is none.
    [[nodiscard]] Cell open_near(sim::Vec v) const;

    /// A destructible wall fell or stands again. Touches the cells around it only.
    void set_standing(std::uint16_t wall, bool standing);
    [[nodiscard]] bool is_standing(std::uint16_t wall) const { return standing_[wall] != 0; }
    /// Grows with each change of a wall.
    [[nodiscard]] std::uint32_t version() const { return version_; }
    /// Whether a wall in or beside the rectangle changed after `version`; true, too, when that is
    /// more changes ago than are remembered.
    [[nodiscard]] bool changed_since(std::uint32_t version, const CellRect& rect) const;

  private:
    [[nodiscard]] CellRect reach_of(std::uint16_t wall) const;
    [[nodiscard]] bool is_free(Cell cell, sim::Vec from, sim::Vec to, sim::Length radius) const;
    void survey(Cell cell);

    sim::Box bounds_;
    sim::Length side_;
    int columns_;
    int rows_;
    std::array<int, 8> step_{};
    std::vector<sim::Box> walls_;
    std::vector<std::uint8_t> standing_;
    // The walls that matter to cell c: near_walls_[near_begin_[c] .. near_begin_[c + 1]).
    std::vector<std::uint32_t> near_begin_;
    std::vector<std::uint16_t> near_walls_;
    std::vector<std::uint8_t> exits_;
    std::vector<std::uint8_t> open_;
    static constexpr std::uint32_t changes_kept = 64;
    std::array<CellRect, changes_kept> changes_{};  // the one that made version v at v % kept
    std::uint32_t version_ = 1;
};

}  // namespace muster::bots
