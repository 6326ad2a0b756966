#include "wall_grid.hpp"

#include <algorithm>

namespace muster::sim {
namespace {

std::int64_t floor_of(std::int64_t dividend, std::int64_t divisor) {
    const std::int64_t quotient = dividend / divisor;
    return quotient - ((dividend % divisor != 0 && dividend < 0) ? 1 : 0);
}

std::int64_t ceiling_of(std::int64_t dividend, std::int64_t divisor) {
    return -floor_of(-dividend, divisor);
}

struct Interval {
    std::int64_t enter = 0;
    std::int64_t leave = moment_end;
};

/// Narrows the time within a box to the time within its extent along one axis. False: never.
bool narrow(Interval& time, Length from, Length step, Length low, Length high) {
    if (step == 0) return from >= low && from <= high;
    std::int64_t first = std::int64_t{low} - from;
    std::int64_t last = std::int64_t{high} - from;
    std::int64_t pace = step;
    if (step < 0) {
        pace = -pace;
        std::swap(first, last);
        first = -first;
        last = -last;
    }
    time.enter = std::max(time.enter, floor_of(first * moment_end, pace));
    time.leave = std::min(time.leave, ceiling_of(last * moment_end, pace));
    return time.enter <= time.leave;
}

}  // namespace

Moment meets_box(Vec from, Vec step, const Box& box) {
    const auto [left, right] = std::minmax({from.x, from.x + step.x});
    const auto [top, bottom] = std::minmax({from.y, from.y + step.y});
    if (right < box.low.x || left > box.high.x || bottom < box.low.y || top > box.high.y) {
        return moment_never;
    }
    Interval time;
    if (!narrow(time, from.x, step.x, box.low.x, box.high.x)) return moment_never;
    if (!narrow(time, from.y, step.y, box.low.y, box.high.y)) return moment_never;
    return static_cast<Moment>(time.enter);
}

Moment meets_circle(Vec from, Vec step, Vec centre, Length radius) {
    const Vec away = centre - from;
    const std::int64_t outside = squared(away) - std::int64_t{radius} * radius;
    if (outside <= 0) return 0;
    const std::int64_t towards = std::int64_t{away.x} * step.x + std::int64_t{away.y} * step.y;
    if (towards <= 0) return moment_never;
    const std::int64_t length = squared(step);
    const std::int64_t inner = towards * towards - length * outside;
    if (inner < 0) return moment_never;
    const std::int64_t root = square_root(static_cast<std::uint64_t>(inner));
    const std::int64_t moment = (towards - root) * moment_end / length;
    return moment > moment_end ? moment_never
                               : static_cast<Moment>(std::max<std::int64_t>(moment, 0));
}

WallGrid::WallGrid(const Map& map)
    : bounds_(map.bounds),
      columns_(((map.bounds.high.x - map.bounds.low.x) >> shift) + 1),
      rows_(((map.bounds.high.y - map.bounds.low.y) >> shift) + 1),
      starts_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_) + 1) {
    boxes_.reserve(map.walls.size());
    for (const WallSpec& wall : map.walls) boxes_.push_back(wall.box);
    const auto each_cell = [&](const Box& box, auto&& take) {
        for (std::int32_t r = row(box.low.y - margin); r <= row(box.high.y + margin); ++r) {
            for (std::int32_t c = column(box.low.x - margin); c <= column(box.high.x + margin);
                 ++c) {
                take(static_cast<std::size_t>(r * columns_ + c));
            }
        }
    };
    for (const Box& box : boxes_) {
        each_cell(box, [&](std::size_t index) { ++starts_[index + 1]; });
    }
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    entries_.resize(starts_.back());
    std::vector<std::uint32_t> filled(starts_.begin(), starts_.end() - 1);
    for (std::size_t wall = 0; wall < boxes_.size(); ++wall) {
        each_cell(boxes_[wall], [&](std::size_t index) {
            entries_[filled[index]++] = static_cast<std::uint16_t>(wall);
        });
    }
}

std::int32_t WallGrid::column(Length x) const {
    return std::clamp((x - bounds_.low.x) >> shift, 0, columns_ - 1);
}

std::int32_t WallGrid::row(Length y) const {
    return std::clamp((y - bounds_.low.y) >> shift, 0, rows_ - 1);
}

std::span<const std::uint16_t> WallGrid::cell(std::int32_t column, std::int32_t row) const {
    const auto index = static_cast<std::size_t>(row * columns_ + column);
    return {entries_.data() + starts_[index], entries_.data() + starts_[index + 1]};
}

bool WallGrid::is_free(Vec at, Length radius) const {
    const auto apart = [&](const Box& box) { return !overlaps(at, radius, box); };
    const auto cell_is_free = [&](std::span<const std::uint16_t> walls) {
        return std::ranges::all_of(walls, [&](std::uint16_t wall) { return apart(boxes_[wall]); });
    };
    if (at.x - radius < bounds_.low.x || at.x + radius > bounds_.high.x ||
        at.y - radius < bounds_.low.y || at.y + radius > bounds_.high.y) {
        return false;
    }
    if (radius <= margin) return cell_is_free(cell(column(at.x), row(at.y)));
    for (std::int32_t r = row(at.y - radius); r <= row(at.y + radius); ++r) {
        for (std::int32_t c = column(at.x - radius); c <= column(at.x + radius); ++c) {
            if (!cell_is_free(cell(c, r))) return false;
        }
    }
    return true;
}

bool WallGrid::sees(Vec from, Vec to) const {
    const Vec step = to - from;
    const auto [top, bottom] = std::minmax({from.y, to.y});
    for (std::int32_t r = row(top); r <= row(bottom); ++r) {
        // The part of the way within this row of cells, rounded outwards.
        Interval time;
        const Length low = bounds_.low.y + (r << shift);
        const Length row_top = r == 0 ? std::min(low, top) : low;
        const Length row_bottom =
            r == rows_ - 1 ? std::max(low + (1 << shift), bottom) : low + (1 << shift);
        if (!narrow(time, from.y, step.y, row_top, row_bottom)) continue;
        const Length enter = at_moment(from, step, static_cast<Moment>(time.enter)).x;
        const Length leave = at_moment(from, step, static_cast<Moment>(time.leave)).x;
        const auto [left, right] = std::minmax({enter, leave});
        for (std::int32_t c = column(left - unit); c <= column(right + unit); ++c) {
            for (const std::uint16_t wall : cell(c, r)) {
                if (meets_box(from, step, boxes_[wall]) != moment_never) return false;
            }
        }
    }
    return true;
}

WallGrid::Hit WallGrid::first_hit(Vec from, Vec step) const {
    Hit first;
    for (const std::uint16_t wall : cell(column(from.x), row(from.y))) {
        const Moment moment = meets_box(from, step, boxes_[wall]);
        if (moment < first.moment) first = {moment, wall};
    }
    return first;
}

}  // namespace muster::sim
