#include "fields.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "muster/base/assert.hpp"

namespace muster::bots {
namespace {

// A field is computed again at most this often, however often walls change or a flag moves.
constexpr sim::Tick refresh_after = 30;
// A near field that nobody used for this long may go.
constexpr sim::Tick forgotten_after = 300;
// How many places one search for a free one looks at.
constexpr std::size_t hand_steps = 16;
// What one attempt to begin a field costs of the budget: a queue of fields that nobody can have
// now must not be walked to its end in one tick.
constexpr std::uint32_t attempt_cost = 16;

}  // namespace

GoalId Fields::add(sim::Vec at, Extent extent) {
    MUSTER_ASSERT(goals_.size() < no_goal && slots_.empty());
    Goal goal;
    goal.at = at;
    goal.extent = extent;
    goals_.push_back(goal);
    return static_cast<GoalId>(goals_.size() - 1);
}

void Fields::finish() {
    std::size_t near = 0;
    for (const Goal& goal : goals_) {
        goal.extent == Extent::whole ? ++whole_slots_ : ++near;
    }
    const std::size_t near_cells = std::min<std::size_t>(
        grid_->size(), static_cast<std::size_t>(near_side) * static_cast<std::size_t>(near_side));
    slots_.resize(whole_slots_ + std::min(near, slots_max));
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        slots_[i].directions.resize(i < whole_slots_ ? grid_->size() : near_cells);
    }
    near_builder_ = FieldBuilder(*grid_, near_cells);
    whole_builder_ = FieldBuilder(*grid_, whole_slots_ > 0 ? grid_->size() : 0);
    near_queue_.ring.resize(goals_.size());
    whole_queue_.ring.resize(goals_.size());
    // The last one asked for is computed first: the first goals are there when places run out.
    for (std::size_t i = std::min(goals_.size(), slots_.size()); i-- > 0;) {
        ask(static_cast<GoalId>(i));
    }
    while (near_queue_.count + whole_queue_.count > 0) {
        std::uint32_t budget = std::numeric_limits<std::uint32_t>::max();
        run(near_queue_, near_builder_, budget);
        run(whole_queue_, whole_builder_, budget);
    }
}

void Fields::move(GoalId goal, sim::Vec at) {
    Goal& moving = goals_[goal];
    MUSTER_ASSERT(moving.extent == Extent::whole);
    if (grid_->at(moving.at) != grid_->at(at)) moving.moved = true;
    moving.at = at;
}

CellRect Fields::rect_of(const Goal& goal) const {
    if (goal.extent == Extent::whole) return {0, 0, grid_->columns(), grid_->rows()};
    const auto columns = static_cast<Cell>(grid_->columns());
    const Cell cell = grid_->at(goal.at);
    CellRect rect;
    rect.columns = std::min(near_side, grid_->columns());
    rect.rows = std::min(near_side, grid_->rows());
    rect.x = std::clamp(static_cast<int>(cell % columns) - near_side / 2, 0,
                        grid_->columns() - rect.columns);
    rect.y =
        std::clamp(static_cast<int>(cell / columns) - near_side / 2, 0, grid_->rows() - rect.rows);
    return rect;
}

bool Fields::covers(GoalId goal, sim::Vec from) const {
    const CellRect rect = rect_of(goals_[goal]);
    const Cell cell = grid_->at(from);
    const auto columns = static_cast<Cell>(grid_->columns());
    const int x = static_cast<int>(cell % columns) - rect.x;
    const int y = static_cast<int>(cell / columns) - rect.y;
    return x >= 0 && y >= 0 && x < rect.columns && y < rect.rows;
}

void Fields::ask(GoalId goal) {
    Goal& wanted = goals_[goal];
    if (wanted.queued) return;
    wanted.queued = true;
    Queue& queue = wanted.extent == Extent::whole ? whole_queue_ : near_queue_;
    const std::size_t all = queue.ring.size();
    // No field is worse than an old one.
    if (wanted.slot == no_slot) {
        queue.first = (queue.first + all - 1) % all;
        queue.ring[queue.first] = goal;
    } else {
        queue.ring[(queue.first + queue.count) % all] = goal;
    }
    ++queue.count;
}

void Fields::renew(GoalId goal) {
    Goal& wanted = goals_[goal];
    if (wanted.queued) return;
    Slot& slot = slots_[wanted.slot];
    if (!slot.stale && !wanted.moved) {
        if (!grid_->changed_since(slot.version, slot.rect)) {
            slot.version = grid_->version();
            return;
        }
        slot.stale = true;
    }
    if (tick_ - slot.built_at >= refresh_after) ask(goal);
}

Fields::SlotId Fields::find_slot(Extent extent) {
    if (extent == Extent::whole) {
        for (std::size_t i = 0; i < whole_slots_; ++i) {
            if (slots_[i].goal == no_goal) return static_cast<SlotId>(i);
        }
        return no_slot;
    }
    // A clock's hand instead of an exact order of use: no list to keep on every use.
    const std::size_t near_slots = slots_.size() - whole_slots_;
    for (std::size_t step = 0; step < std::min(hand_steps, near_slots); ++step) {
        const std::size_t i = whole_slots_ + hand_;
        hand_ = (hand_ + 1) % near_slots;
        const GoalId owner = slots_[i].goal;
        if (owner == no_goal) return static_cast<SlotId>(i);
        if (goals_[owner].queued || tick_ - goals_[owner].used_at < forgotten_after) continue;
        goals_[owner].slot = no_slot;
        slots_[i].goal = no_goal;
        return static_cast<SlotId>(i);
    }
    return no_slot;
}

bool Fields::begin(Queue& queue, FieldBuilder& builder) {
    const GoalId id = queue.ring[queue.first];
    queue.first = (queue.first + 1) % queue.ring.size();
    --queue.count;
    Goal& goal = goals_[id];
    const Cell cell = grid_->open_near(goal.at);
    const SlotId slot = goal.slot != no_slot ? goal.slot : find_slot(goal.extent);
    if (slot == no_slot || cell == no_cell) {
        goal.queued = false;
        return false;
    }
    const CellRect rect = rect_of(goal);
    const auto columns = static_cast<Cell>(grid_->columns());
    const int x = static_cast<int>(cell % columns) - rect.x;
    const int y = static_cast<int>(cell / columns) - rect.y;
    if (x < 0 || y < 0 || x >= rect.columns || y >= rect.rows) {
        goal.queued = false;
        return false;
    }
    slots_[slot].goal = id;  // reserved; it belongs to the goal once it is complete
    goal.moved = false;
    queue.building = id;
    queue.into = slot;
    queue.version = grid_->version();
    builder.start(cell, rect);
    return true;
}

void Fields::run(Queue& queue, FieldBuilder& builder, std::uint32_t& budget) {
    while (budget > 0) {
        if (!builder.busy()) {
            if (queue.count == 0) return;
            if (!begin(queue, builder)) {
                budget -= std::min(budget, attempt_cost);
                continue;
            }
        }
        if (!builder.work(budget)) continue;
        Goal& goal = goals_[queue.building];
        Slot& slot = slots_[queue.into];
        std::swap(slot.directions, builder.directions());
        slot.rect = rect_of(goal);
        slot.version = queue.version;
        slot.stale = false;
        slot.built_at = tick_;
        goal.slot = queue.into;
        goal.queued = false;
    }
}

void Fields::work(sim::Tick tick, std::uint32_t budget) {
    tick_ = tick;
    // Half for each kind, so that neither waits for the other; what one leaves the other may use.
    std::uint32_t whole = budget / 2;
    run(whole_queue_, whole_builder_, whole);
    std::uint32_t rest = budget - budget / 2 + whole;
    run(near_queue_, near_builder_, rest);
    run(whole_queue_, whole_builder_, rest);
}

}  // namespace muster::bots
