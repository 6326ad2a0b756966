#include "grid.hpp"

#include <algorithm>
#include <cstdlib>

#include "muster/base/assert.hpp"
#include "muster/sim/rules.hpp"

namespace muster::bots {
namespace {

using sim::Box;
using sim::Length;
using sim::unit;
using sim::Vec;

// Kept from walls on the way between centres, so that a player who is pushed a little off its line
// still gets round the corner.
constexpr Length margin = 2 * unit;

Length side_for(const Box& bounds) {
    for (const Length side : {32 * unit, 40 * unit}) {
        const std::int64_t columns = (bounds.high.x - bounds.low.x + side - 1) / side;
        const std::int64_t rows = (bounds.high.y - bounds.low.y + side - 1) / side;
        if (columns * rows <= 65'536) return side;
    }
    return 48 * unit;
}

int cells_along(Length length, Length side) {
    return std::max(1, (length + side - 1) / side);
}

// Whether the segment meets the inside of the box: bounding boxes first, then the segment's own
// normal as separating axis.
bool meets(const Box& box, Vec a, Vec b) {
    if (std::max(a.x, b.x) <= box.low.x || std::min(a.x, b.x) >= box.high.x ||
        std::max(a.y, b.y) <= box.low.y || std::min(a.y, b.y) >= box.high.y) {
        return false;
    }
    const std::int64_t dx = b.x - a.x;
    const std::int64_t dy = b.y - a.y;
    const auto side = [&](Length x, Length y) { return dx * (y - a.y) - dy * (x - a.x); };
    const std::array<std::int64_t, 4> sides{side(box.low.x, box.low.y), side(box.high.x, box.low.y),
                                            side(box.low.x, box.high.y),
                                            side(box.high.x, box.high.y)};
    const auto [least, most] = std::ranges::minmax(sides);
    return (dx == 0 && dy == 0) || (least < 0 && most > 0);
}

Box grown(const Box& box, Length by) {
    return {{box.low.x - by, box.low.y - by}, {box.high.x + by, box.high.y + by}};
}

}  // namespace

Way way_of(Vec v) {
    // tan(22.5 degrees) is 106 / 256.
    const std::int64_t x = std::abs(v.x);
    const std::int64_t y = std::abs(v.y);
    if (256 * y <= 106 * x) return v.x >= 0 ? 0 : 4;
    if (256 * x <= 106 * y) return v.y >= 0 ? 2 : 6;
    if (v.x > 0) return v.y > 0 ? 1 : 7;
    return v.y > 0 ? 3 : 5;
}

Grid::Grid(const sim::Map& map)
    : bounds_(map.bounds),
      side_(side_for(map.bounds)),
      columns_(cells_along(map.bounds.high.x - map.bounds.low.x, side_)),
      rows_(cells_along(map.bounds.high.y - map.bounds.low.y, side_)) {
    for (std::size_t way = 0; way < 8; ++way) step_[way] = way_y[way] * columns_ + way_x[way];
    const auto cells = static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_);
    exits_.assign(cells, 0);
    open_.assign(cells, 0);
    for (const auto& wall : map.walls) walls_.push_back(wall.box);
    standing_.assign(walls_.size(), 1);

    // Two passes over the walls: how many for each cell, then which.
    near_begin_.assign(cells + 1, 0);
    const auto each_reached = [&](auto visit) {
        for (std::size_t wall = 0; wall < walls_.size(); ++wall) {
            const CellRect rect = reach_of(static_cast<std::uint16_t>(wall));
            for (int y = rect.y; y < rect.y + rect.rows; ++y) {
                for (int x = rect.x; x < rect.x + rect.columns; ++x) {
                    visit(static_cast<std::size_t>(y) * static_cast<std::size_t>(columns_) +
                              static_cast<std::size_t>(x),
                          static_cast<std::uint16_t>(wall));
                }
            }
        }
    };
    each_reached([&](std::size_t cell, std::uint16_t) { ++near_begin_[cell + 1]; });
    for (std::size_t cell = 0; cell < cells; ++cell) near_begin_[cell + 1] += near_begin_[cell];
    near_walls_.resize(near_begin_[cells]);
    std::vector<std::uint32_t> next(near_begin_.begin(), near_begin_.end() - 1);
    each_reached([&](std::size_t cell, std::uint16_t wall) { near_walls_[next[cell]++] = wall; });
    for (Cell cell = 0; cell < size(); ++cell) survey(cell);
}

Cell Grid::at(Vec v) const {
    const int x = std::clamp((v.x - bounds_.low.x) / side_, 0, columns_ - 1);
    const int y = std::clamp((v.y - bounds_.low.y) / side_, 0, rows_ - 1);
    return static_cast<Cell>(y * columns_ + x);
}

Vec Grid::centre(Cell cell) const {
    const int index = static_cast<int>(cell);
    return {bounds_.low.x + index % columns_ * side_ + side_ / 2,
            bounds_.low.y + index / columns_ * side_ + side_ / 2};
}

CellRect Grid::reach_of(std::uint16_t wall) const {
    // A cell's exits end one side away from its centre.
    const Box box = grown(walls_[wall], sim::player_radius + margin + side_ + side_ / 2);
    const Cell low = at(box.low);
    const Cell high = at(box.high);
    const auto columns = static_cast<Cell>(columns_);
    CellRect rect;
    rect.x = static_cast<int>(low % columns);
    rect.y = static_cast<int>(low / columns);
    rect.columns = static_cast<int>(high % columns) - rect.x + 1;
    rect.rows = static_cast<int>(high / columns) - rect.y + 1;
    return rect;
}

bool Grid::is_free(Cell cell, Vec from, Vec to, Length radius) const {
    const Box inside = grown(bounds_, -radius);
    for (const Vec v : {from, to}) {
        if (v.x < inside.low.x || v.x > inside.high.x || v.y < inside.low.y ||
            v.y > inside.high.y) {
            return false;
        }
    }
    for (std::uint32_t i = near_begin_[cell]; i < near_begin_[cell + 1]; ++i) {
        const std::uint16_t wall = near_walls_[i];
        if (standing_[wall] != 0 && meets(grown(walls_[wall], radius), from, to)) return false;
    }
    return true;
}

void Grid::survey(Cell cell) {
    const Vec middle = centre(cell);
    if (near_begin_[cell] == near_begin_[cell + 1]) {
        // Nothing but the border can be in the way.
        const Box inside = grown(bounds_, -(sim::player_radius + margin + side_));
        if (middle.x >= inside.low.x && middle.x <= inside.high.x && middle.y >= inside.low.y &&
            middle.y <= inside.high.y) {
            open_[cell] = 1;
            exits_[cell] = 0xff;
            return;
        }
    }
    const auto exit_from = [&](Vec from, Way way, Length radius) {
        return is_free(cell, from, {middle.x + way_x[way] * side_, middle.y + way_y[way] * side_},
                       radius);
    };
    constexpr Length walking = sim::player_radius + margin;
    open_[cell] = is_free(cell, middle, middle, walking) ? 1 : 0;
    unsigned exits = 0;
    if (open_[cell] != 0) {
        for (Way way = 0; way < 8; ++way) {
            if (exit_from(middle, way, walking)) exits |= 1U << way;
        }
    } else {
        // The free part of the cell, by samples. With walls of 15 units or more it lies on one
        // side of a wall: both sides together would be wider than a cell.
        for (int sample = 0; sample < 16; ++sample) {
            const Vec from{middle.x + (2 * (sample % 4) - 3) * side_ / 8,
                           middle.y + (2 * (sample / 4) - 3) * side_ / 8};
            if (!is_free(cell, from, from, sim::player_radius)) continue;
            for (Way way = 0; way < 8; ++way) {
                const Vec to{middle.x + way_x[way] * side_, middle.y + way_y[way] * side_};
                if ((exits >> way & 1) == 0 && is_free(cell, to, to, walking) &&
                    exit_from(from, way, sim::player_radius)) {
                    exits |= 1U << way;
                }
            }
        }
    }
    exits_[cell] = static_cast<std::uint8_t>(exits);
}

Cell Grid::open_near(Vec v) const {
    const Cell own = at(v);
    if (open(own)) return own;
    Cell best = no_cell;
    std::int64_t best_distance = 0;
    const auto consider = [&](Cell cell) {
        const std::int64_t distance = sim::distance_squared(v, centre(cell));
        if (open(cell) && (best == no_cell || distance < best_distance)) {
            best = cell;
            best_distance = distance;
        }
    };
    for (Way way = 0; way < 8; ++way) {
        if (has_exit(own, way)) consider(neighbour(own, way));
    }
    if (best != no_cell) return best;
    const int x = static_cast<int>(own) % columns_;
    const int y = static_cast<int>(own) / columns_;
    for (int ny = std::max(0, y - 3); ny <= std::min(rows_ - 1, y + 3); ++ny) {
        for (int nx = std::max(0, x - 3); nx <= std::min(columns_ - 1, x + 3); ++nx) {
            consider(static_cast<Cell>(ny * columns_ + nx));
        }
    }
    return best;
}

void Grid::set_standing(std::uint16_t wall, bool standing) {
    MUSTER_ASSERT(wall < standing_.size());
    if (is_standing(wall) == standing) return;
    standing_[wall] = standing ? 1 : 0;
    ++version_;
    const CellRect rect = reach_of(wall);
    changes_[version_ % changes_kept] = rect;
    for (int y = rect.y; y < rect.y + rect.rows; ++y) {
        for (int x = rect.x; x < rect.x + rect.columns; ++x) {
            survey(static_cast<Cell>(y * columns_ + x));
        }
    }
}

bool Grid::changed_since(std::uint32_t version, const CellRect& rect) const {
    if (version_ - version > changes_kept) return true;
    for (; version != version_; ++version) {
        const CellRect& change = changes_[(version + 1) % changes_kept];
        if (change.x < rect.x + rect.columns && rect.x < change.x + change.columns &&
            change.y < rect.y + rect.rows && rect.y < change.y + change.rows) {
            return true;
        }
    }
    return false;
}

}  // namespace muster::bots
