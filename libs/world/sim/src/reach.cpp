#include "reach.hpp"

#include <algorithm>
#include <array>

namespace muster::sim {

Reach::Reach(const Map& map)
    : inner_{{map.bounds.low.x + player_radius, map.bounds.low.y + player_radius},
             {map.bounds.high.x - player_radius, map.bounds.high.y - player_radius}},
      columns_(static_cast<std::size_t>((inner_.high.x - inner_.low.x) / spacing + 1)),
      rows_(static_cast<std::size_t>((inner_.high.y - inner_.low.y) / spacing + 1)),
      cells_(columns_ * rows_, Cell::free) {
    // The corners count as blocked where a circle would just fit: this errs towards "no way".
    for (const WallSpec& wall : map.walls) {
        const auto first = [](Length from) {
            return from <= 0 ? 0 : static_cast<std::size_t>((from + spacing - 1) / spacing);
        };
        const Vec low = wall.box.low - inner_.low - Vec{player_radius - 1, player_radius - 1};
        const Vec high = wall.box.high - inner_.low + Vec{player_radius - 1, player_radius - 1};
        if (high.x < 0 || high.y < 0) continue;
        const std::size_t right =
            std::min(columns_, static_cast<std::size_t>(high.x / spacing) + 1);
        const std::size_t bottom = std::min(rows_, static_cast<std::size_t>(high.y / spacing) + 1);
        for (std::size_t r = first(low.y); r < bottom; ++r) {
            for (std::size_t c = first(low.x); c < right; ++c) {
                cells_[r * columns_ + c] = Cell::blocked;
            }
        }
    }
}

std::optional<std::size_t> Reach::neighbour(Vec at, Cell wanted) const {
    const Vec from = at - inner_.low;
    if (from.x < 0 || from.y < 0 || at.x > inner_.high.x || at.y > inner_.high.y) return {};
    const auto column = static_cast<std::size_t>(from.x / spacing);
    const auto row = static_cast<std::size_t>(from.y / spacing);
    for (const std::size_t r : {row, row + 1}) {
        for (const std::size_t c : {column, column + 1}) {
            if (r < rows_ && c < columns_ && cells_[r * columns_ + c] == wanted) {
                return r * columns_ + c;
            }
        }
    }
    return {};
}

bool Reach::start(Vec from) {
    const auto first = neighbour(from, Cell::free);
    if (!first) return false;
    const auto visit = [&](std::size_t index) {
        if (cells_[index] != Cell::free) return;
        cells_[index] = Cell::reached;
        open_.push_back(static_cast<std::uint32_t>(index));
    };
    visit(*first);
    while (!open_.empty()) {
        const std::size_t index = open_.back();
        open_.pop_back();
        const std::size_t column = index % columns_;
        if (column > 0) visit(index - 1);
        if (column + 1 < columns_) visit(index + 1);
        if (index >= columns_) visit(index - columns_);
        if (index + columns_ < cells_.size()) visit(index + columns_);
    }
    return true;
}

bool Reach::reached(Vec at) const {
    return neighbour(at, Cell::reached).has_value();
}

}  // namespace muster::sim
