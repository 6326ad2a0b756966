#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "fields.hpp"
#include "grid.hpp"
#include "muster/sim/map.hpp"

namespace muster::bots {

using RegionId = std::uint16_t;

/// The places of a map that bots go to, as goals of the fields, and where things are seen to
/// happen. Regions are squares of 400 units or more, at most 2,048 (and a few more at the edges),
/// that tile the map.
class Atlas {
  public:
    /// Adds its goals to `fields` and finishes them. Leaves out places that nobody can walk to
    /// from the first spawn while all walls stand; pickups stay, a wall around one may fall.
    Atlas(const sim::Map& map, const Grid& grid, Fields& fields);

    [[nodiscard]] GoalId base(sim::Team team) const { return bases_[index(team)]; }
    /// Where a team's flag lies or walks; moved by whoever follows the world's flags.
    [[nodiscard]] GoalId flag(sim::Team team) const { return flags_[index(team)]; }
    /// Ways across the middle: top, centre, bottom.
    [[nodiscard]] std::span<const GoalId> lanes() const { return lanes_; }
    /// Where defenders stand, around a base.
    [[nodiscard]] std::span<const GoalId> posts(sim::Team team) const {
        return posts_[index(team)];
    }

    [[nodiscard]] RegionId region_of(sim::Vec v) const;
    /// Its waypoint, or no_goal.
    [[nodiscard]] GoalId waypoint(RegionId region) const { return waypoints_[region]; }
    /// The region so many to the right and down, or itself at the edge.
    [[nodiscard]] RegionId beside(RegionId region, int right, int down) const;
    [[nodiscard]] std::size_t regions() const { return waypoints_.size(); }

    /// Pickups (indices of the map's) of a region.
    [[nodiscard]] std::span<const std::uint16_t> pickups_in(RegionId region) const {
        return std::span(pickups_).subspan(pickup_begin_[region],
                                           pickup_begin_[region + 1U] - pickup_begin_[region]);
    }
    [[nodiscard]] GoalId pickup(std::uint16_t index) const {
        return static_cast<GoalId>(first_pickup_ + index);
    }

    /// An enemy was met there: others come to fight. Halves every 128 ticks.
    void warm(sim::Vec at);
    void cool();
    [[nodiscard]] std::uint16_t heat(RegionId region) const { return heat_[region]; }

  private:
    static std::size_t index(sim::Team team) { return team == sim::Team::blue ? 1 : 0; }

    sim::Box bounds_;
    sim::Length region_side_;
    int region_columns_ = 1;
    int region_rows_ = 1;
    std::array<GoalId, 2> bases_{};
    std::array<GoalId, 2> flags_{};
    std::vector<GoalId> lanes_;
    std::array<std::vector<GoalId>, 2> posts_;
    std::vector<GoalId> waypoints_;
    std::vector<std::uint32_t> pickup_begin_;
    std::vector<std::uint16_t> pickups_;
    std::uint32_t first_pickup_ = 0;
    std::vector<std::uint16_t> heat_;
};

}  // namespace muster::bots
