#pragma once

#include <cstdint>
#include <vector>

#include "flow_field.hpp"
#include "grid.hpp"
#include "muster/sim/fixed.hpp"

namespace muster::bots {

using GoalId = std::uint16_t;
inline constexpr GoalId no_goal = 0xffff;

/// The flow fields of all goals of a map, shared by all bots.
///
/// Two kinds, so that memory and work stay bounded on the largest map: `whole` fields cover the
/// map and are for the few goals that everybody goes to (bases, flags, lanes). `near` fields cover
/// 64 x 64 cells around their goal (at least 1,024 units to each side) and are for the many goals
/// that are only chosen when close (pickups, posts, regions). They are kept in `slots_max` places;
/// when there are more goals, those are computed when somebody asks, in the place of one that
/// nobody used for 5 s. On the classic map every field covers everything.
///
/// A field whose walls changed, or whose flag moved, goes on serving while its successor is
/// computed, at most every half second.
class Fields {
  public:
    enum class Extent : std::uint8_t { near, whole };
    static constexpr int near_side = 64;
    static constexpr std::size_t slots_max = 2048;  ///< 8 MiB, on a map that has so many goals

    explicit Fields(const Grid& grid)
        : grid_(&grid), near_builder_(grid, 0), whole_builder_(grid, 0) {}

    /// Only before finish().
    GoalId add(sim::Vec at, Extent extent);
    /// Allocates what will ever be needed, and computes as many fields as have a place: 35 ns a
    /// cell, so 0.5 s on the largest map, once.
    void finish();

    /// A goal that walks: its field follows, a little behind. `whole` ones only.
    void move(GoalId goal, sim::Vec at);
    [[nodiscard]] sim::Vec position(GoalId goal) const { return goals_[goal].at; }
    [[nodiscard]] bool covers(GoalId goal, sim::Vec from) const;
    [[nodiscard]] std::size_t goals() const { return goals_.size(); }

    /// A Way, field_arrived, or field_unknown: not computed yet, too far for a `near` field, or
    /// there is no way.
    [[nodiscard]] std::uint8_t toward(GoalId goal, Cell from) {
        Goal& wanted = goals_[goal];
        wanted.used_at = tick_;
        if (wanted.slot == no_slot) {
            ask(goal);
            return field_unknown;
        }
        const Slot& slot = slots_[wanted.slot];
        if (slot.version != grid_->version() || wanted.moved) renew(goal);
        const auto columns = static_cast<Cell>(grid_->columns());
        const int x = static_cast<int>(from % columns) - slot.rect.x;
        const int y = static_cast<int>(from / columns) - slot.rect.y;
        if (x < 0 || y < 0 || x >= slot.rect.columns || y >= slot.rect.rows) return field_unknown;
        return slot.directions[static_cast<std::size_t>(y * slot.rect.columns + x)];
    }

    /// Once a tick: computes on, at most `budget` cells. Does not allocate.
    void work(sim::Tick tick, std::uint32_t budget);

  private:
    using SlotId = std::uint16_t;
    static constexpr SlotId no_slot = 0xffff;
    struct Goal {
        sim::Vec at;
        Extent extent = Extent::near;
        bool queued = false;
        bool moved = false;
        SlotId slot = no_slot;
        sim::Tick used_at = 0;
    };
    struct Slot {
        GoalId goal = no_goal;
        std::uint32_t version = 0;  // the grid's, that its walls are those of
        bool stale = false;         // a wall in it changed since
        sim::Tick built_at = 0;
        CellRect rect;
        std::vector<std::uint8_t> directions;
    };
    // Goals that wait for a builder, each at most once.
    struct Queue {
        std::vector<GoalId> ring;
        std::size_t first = 0;
        std::size_t count = 0;
        GoalId building = no_goal;
        std::uint32_t version = 0;
        SlotId into = no_slot;
    };

    void ask(GoalId goal);
    void renew(GoalId goal);
    void run(Queue& queue, FieldBuilder& builder, std::uint32_t& budget);
    bool begin(Queue& queue, FieldBuilder& builder);
    [[nodiscard]] SlotId find_slot(Extent extent);
    [[nodiscard]] CellRect rect_of(const Goal& goal) const;

    const Grid* grid_;
    std::vector<Goal> goals_;
    std::vector<Slot> slots_;  // the whole ones first
    std::size_t whole_slots_ = 0;
    std::size_t hand_ = 0;
    Queue near_queue_;
    Queue whole_queue_;
    FieldBuilder near_builder_;
    FieldBuilder whole_builder_;
    sim::Tick tick_ = 0;
};

}  // namespace muster::bots
