#include "atlas.hpp"

#include <algorithm>
#include <limits>

#include "flow_field.hpp"

namespace muster::bots {
namespace {

using sim::Length;
using sim::unit;
using sim::Vec;

constexpr Length region_side_min = 400 * unit;
constexpr std::size_t regions_max = 2048;

Length region_side_for(const sim::Box& bounds) {
    const std::int64_t width = bounds.high.x - bounds.low.x;
    const std::int64_t height = bounds.high.y - bounds.low.y;
    const std::uint32_t side =
        sim::square_root(static_cast<std::uint64_t>(width * height) / regions_max);
    return std::max(region_side_min, static_cast<Length>(side));
}

// What can be reached from one spawn while all walls stand.
class Reachable {
  public:
    Reachable(const sim::Map& map, const Grid& grid) : grid_(&grid), builder_(grid, grid.size()) {
        const Cell from =
            grid.open_near(map.spawns.empty() ? map.flag_bases[0] : map.spawns.front().at);
        if (from == no_cell) return;
        builder_.start(from, {0, 0, grid.columns(), grid.rows()});
        std::uint32_t budget = std::numeric_limits<std::uint32_t>::max();
        known_ = builder_.work(budget);
    }
    // The nearest open cell's centre, when it is within reach.
    bool settle(Vec& at) {
        const Cell cell = grid_->open_near(at);
        if (cell == no_cell || !known_ || builder_.directions()[cell] == field_unknown) {
            return false;
        }
        at = grid_->centre(cell);
        return true;
    }

  private:
    const Grid* grid_;
    FieldBuilder builder_;
    bool known_ = false;
};

}  // namespace

Atlas::Atlas(const sim::Map& map, const Grid& grid, Fields& fields)
    : bounds_(map.bounds), region_side_(region_side_for(map.bounds)) {
    Reachable reachable(map, grid);
    const Length width = bounds_.high.x - bounds_.low.x;
    const Length height = bounds_.high.y - bounds_.low.y;
    using Extent = Fields::Extent;
    for (std::size_t team = 0; team < 2; ++team) {
        bases_[team] = fields.add(map.flag_bases[team], Extent::whole);
        flags_[team] = fields.add(map.flag_bases[team], Extent::whole);
        for (int post = 0; post < 8; ++post) {
            const sim::Direction way = sim::direction_of(static_cast<sim::Angle>(post * 8192));
            const Length radius = (post % 2 == 0 ? 90 : 160) * unit;
            Vec at{map.flag_bases[team].x +
                       static_cast<Length>(std::int64_t{radius} * way.cos / 32'768),
                   map.flag_bases[team].y +
                       static_cast<Length>(std::int64_t{radius} * way.sin / 32'768)};
            if (reachable.settle(at)) posts_[team].push_back(fields.add(at, Extent::near));
        }
    }
    for (const int sixths : {1, 3, 5}) {
        Vec at{bounds_.low.x + width / 2, bounds_.low.y + height / 6 * sixths};
        if (reachable.settle(at)) lanes_.push_back(fields.add(at, Extent::whole));
    }

    region_columns_ = std::max(1, (width + region_side_ / 2) / region_side_);
    region_rows_ = std::max(1, (height + region_side_ / 2) / region_side_);
    const auto regions = static_cast<std::size_t>(region_columns_ * region_rows_);
    for (std::size_t region = 0; region < regions; ++region) {
        const auto column = static_cast<int>(region) % region_columns_;
        const auto row = static_cast<int>(region) / region_columns_;
        Vec at{bounds_.low.x + column * region_side_ + region_side_ / 2,
               bounds_.low.y + row * region_side_ + region_side_ / 2};
        waypoints_.push_back(reachable.settle(at) ? fields.add(at, Extent::near) : no_goal);
    }
    heat_.assign(regions, 0);

    first_pickup_ = static_cast<std::uint32_t>(fields.goals());
    pickup_begin_.assign(regions + 1, 0);
    for (const auto& pickup : map.pickups) {
        fields.add(pickup.at, Extent::near);
        ++pickup_begin_[region_of(pickup.at) + 1U];
    }
    for (std::size_t i = 0; i < regions; ++i) pickup_begin_[i + 1] += pickup_begin_[i];
    std::vector<std::uint32_t> next(pickup_begin_.begin(), pickup_begin_.end() - 1);
    pickups_.resize(map.pickups.size());
    for (std::size_t i = 0; i < map.pickups.size(); ++i) {
        pickups_[next[region_of(map.pickups[i].at)]++] = static_cast<std::uint16_t>(i);
    }
    fields.finish();
}

RegionId Atlas::region_of(Vec v) const {
    const int column = std::clamp((v.x - bounds_.low.x) / region_side_, 0, region_columns_ - 1);
    const int row = std::clamp((v.y - bounds_.low.y) / region_side_, 0, region_rows_ - 1);
    return static_cast<RegionId>(row * region_columns_ + column);
}

RegionId Atlas::beside(RegionId region, int right, int down) const {
    const int column = std::clamp(region % region_columns_ + right, 0, region_columns_ - 1);
    const int row = std::clamp(region / region_columns_ + down, 0, region_rows_ - 1);
    return static_cast<RegionId>(row * region_columns_ + column);
}

void Atlas::warm(Vec at) {
    std::uint16_t& heat = heat_[region_of(at)];
    if (heat < 60'000) heat = static_cast<std::uint16_t>(heat + 16);
}

void Atlas::cool() {
    for (std::uint16_t& heat : heat_) heat /= 2;
}

}  // namespace muster::bots
