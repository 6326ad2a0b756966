#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grid.hpp"

namespace muster::bots {

/// What a field says of a cell: a Way, or one of these.
inline constexpr std::uint8_t field_arrived = 8;
inline constexpr std::uint8_t field_unknown = 0xff;

/// Computes flow fields, one at a time and a slice at a time: for each cell of a rectangle the way
/// that leads to the goal soonest (Dijkstra from the goal, backwards along the exits). The costs
/// are small whole numbers, so the queue is an array of buckets (Dial, "Algorithm 360:
/// Shortest-path forest with topological ordering", 1969), each a list through arrays: no heap, no
/// allocation.
class FieldBuilder {
  public:
    FieldBuilder(const Grid& grid, std::size_t cells_max);

    /// Forgets what was under way. `goal` lies in `rect`, and `rect` in the grid.
    void start(Cell goal, CellRect rect);
    [[nodiscard]] bool busy() const { return busy_; }
    /// Goes on for `budget` cells and takes off it what it used. True once the field is complete.
    bool work(std::uint32_t& budget);
    /// Row by row of the rectangle; complete after work() said so. The caller may swap it for
    /// another one that is as large.
    [[nodiscard]] std::vector<std::uint8_t>& directions() { return directions_; }

  private:
    static constexpr std::uint32_t none = 0xffffffff;
    static constexpr std::size_t buckets = 32;  // more than the dearest step

    void clear(std::uint32_t& budget);
    void settle(std::uint32_t local);
    void push(std::uint32_t local, std::uint32_t cost);
    void unlink(std::uint32_t local);

    const Grid* grid_;
    CellRect rect_;
    Cell goal_ = no_cell;
    bool busy_ = false;
    std::size_t cleared_ = 0;
    std::uint32_t queued_ = 0;
    std::uint32_t now_ = 0;  // the cost of what is settled now
    std::array<std::uint32_t, buckets> first_{};
    std::vector<std::uint32_t> cost_;
    std::vector<std::uint32_t> next_;
    std::vector<std::uint32_t> previous_;
    std::vector<std::uint8_t> directions_;
};

}  // namespace muster::bots
