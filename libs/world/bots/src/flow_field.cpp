#include "flow_field.hpp"

#include <algorithm>
#include <bit>

#include "muster/base/assert.hpp"

namespace muster::bots {
namespace {

// A step costs its length in tenths of a side, and more beside walls: bots then keep off corners,
// where they would hang.
constexpr std::uint32_t straight = 10;
constexpr std::uint32_t diagonal = 14;
constexpr std::uint32_t beside_wall = 4;
// Clearing is that much cheaper than settling.
constexpr std::uint32_t cleared_for_one = 32;

}  // namespace

FieldBuilder::FieldBuilder(const Grid& grid, std::size_t cells_max)
    : grid_(&grid),
      cost_(cells_max),
      next_(cells_max),
      previous_(cells_max),
      directions_(cells_max) {}

void FieldBuilder::start(Cell goal, CellRect rect) {
    MUSTER_ASSERT(rect.size() <= cost_.size() && directions_.size() == cost_.size());
    rect_ = rect;
    goal_ = goal;
    busy_ = true;
    cleared_ = 0;
    queued_ = 0;
    now_ = 0;
    first_.fill(none);
}

bool FieldBuilder::work(std::uint32_t& budget) {
    if (!busy_) return false;
    clear(budget);
    while (budget > 0 && queued_ > 0) {
        while (first_[now_ % buckets] == none) ++now_;
        const std::uint32_t local = first_[now_ % buckets];
        unlink(local);
        settle(local);
        --budget;
    }
    if (queued_ > 0 || cleared_ < rect_.size()) return false;
    busy_ = false;
    return true;
}

void FieldBuilder::clear(std::uint32_t& budget) {
    const std::size_t all = rect_.size();
    if (cleared_ == all) return;
    const std::size_t end =
        std::min(all, cleared_ + static_cast<std::size_t>(budget) * cleared_for_one);
    budget -= static_cast<std::uint32_t>((end - cleared_ + cleared_for_one - 1) / cleared_for_one);
    std::fill(cost_.begin() + static_cast<std::ptrdiff_t>(cleared_),
              cost_.begin() + static_cast<std::ptrdiff_t>(end), none);
    std::fill(directions_.begin() + static_cast<std::ptrdiff_t>(cleared_),
              directions_.begin() + static_cast<std::ptrdiff_t>(end), field_unknown);
    cleared_ = end;
    if (cleared_ < all) {
        budget = 0;
        return;
    }
    const int x = static_cast<int>(goal_) % grid_->columns() - rect_.x;
    const int y = static_cast<int>(goal_) / grid_->columns() - rect_.y;
    MUSTER_ASSERT(x >= 0 && y >= 0 && x < rect_.columns && y < rect_.rows);
    const auto local = static_cast<std::uint32_t>(y * rect_.columns + x);
    directions_[local] = field_arrived;
    push(local, 0);
}

void FieldBuilder::settle(std::uint32_t local) {
    const int x = static_cast<int>(local) % rect_.columns;
    const int y = static_cast<int>(local) / rect_.columns;
    const auto cell = static_cast<Cell>((rect_.y + y) * grid_->columns() + rect_.x + x);
    // Nobody walks through a cell whose centre is not open; one only gets out of it.
    if (!grid_->open(cell)) return;
    const std::uint32_t here = cost_[local];
    for (Way way = 0; way < 8; ++way) {
        const int from_x = x - way_x[way];
        const int from_y = y - way_y[way];
        if (from_x < 0 || from_y < 0 || from_x >= rect_.columns || from_y >= rect_.rows) continue;
        const Cell from = grid_->neighbour(cell, opposite(way));
        if (!grid_->has_exit(from, way)) continue;
        const auto from_local = static_cast<std::uint32_t>(from_y * rect_.columns + from_x);
        const std::uint32_t step =
            (way % 2 == 0 ? straight : diagonal) + (grid_->exits(from) == 0xff ? 0 : beside_wall);
        if (here + step >= cost_[from_local]) continue;
        if (cost_[from_local] != none) unlink(from_local);
        directions_[from_local] = way;
        push(from_local, here + step);
    }
}

void FieldBuilder::push(std::uint32_t local, std::uint32_t cost) {
    std::uint32_t& first = first_[cost % buckets];
    cost_[local] = cost;
    next_[local] = first;
    previous_[local] = none;
    if (first != none) previous_[first] = local;
    first = local;
    ++queued_;
}

void FieldBuilder::unlink(std::uint32_t local) {
    if (previous_[local] == none) {
        first_[cost_[local] % buckets] = next_[local];
    } else {
        next_[previous_[local]] = next_[local];
    }
    if (next_[local] != none) previous_[next_[local]] = previous_[local];
    --queued_;
}

}  // namespace muster::bots
