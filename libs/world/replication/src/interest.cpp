// Who is due in a snapshot: near cells are looked into each time, far ones in turn.
#include <algorithm>

#include "viewer_state.hpp"

namespace muster::replication {

void Viewer::Impl::send_due(Plan& plan) {
    if (plan.slots() == 0) return;
    const auto& grid = plan.parts.grid;
    const auto column = grid.column_of(at.x);
    const auto row = grid.row_of(at.y);
    const auto near_squared = plan.enter_squared / 4;
    const auto every = std::max<std::uint32_t>(plan.budget.far_every, 1);
    plan.at_level.fill(0);
    for (const auto& step : plan.parts.around) {
        const auto x = column + step.column;
        const auto y = row + step.row;
        if (x < 0 || y < 0 || x >= grid.columns || y >= grid.rows) continue;
        const auto cell = static_cast<std::uint32_t>(y * grid.columns + x);
        if (plan.parts.cell_start[cell] == plan.parts.cell_start[cell + 1]) continue;
        const auto distance = grid.distance_squared(at, x, y);
        if (distance > plan.enter_squared) continue;
        const bool near = distance < near_squared;
        // Its own number staggers the cells of one viewer, the player's those of many.
        const bool turn = (cell + writes + player) % every == 0;
        if (near || turn) look_into(plan, cell, near, turn);
    }
    send_best(plan);
}

void Viewer::Impl::look_into(Plan& plan, std::uint32_t cell, bool near, bool turn) {
    const auto* spot = plan.parts.spots.data() + plan.parts.cell_start[cell];
    const auto* end = plan.parts.spots.data() + plan.parts.cell_start[cell + 1];
    auto index = static_cast<std::uint16_t>(plan.parts.cell_start[cell]);
    const auto near_squared = plan.enter_squared / 4;
    const auto nearest_squared = plan.enter_squared / 16;
    constexpr auto top = static_cast<std::uint8_t>(Plan::levels - 1);
    for (; spot != end; ++spot, ++index) {
        const auto stamp = sent[spot->id];
        const auto distance = sim::distance_squared({spot->x, spot->y}, at);
        std::uint32_t level = top;
        if (stamp == 0) {
            if (distance > plan.enter_squared || spot->id == player) continue;
            // Who comes near takes a place even when there are none: somebody far will lose one.
            const auto places =
                distance < near_squared ? plan.known_max + plan.known_max / 4 : plan.known_max;
            if (known + plan.newcomers >= places) {
                ++plan.refused;
                continue;
            }
            if (plan.newcomers >= plan.slots()) continue;
            ++plan.newcomers;
        } else {
            const auto old = age(stamp, plan.stamp);
            if (old == 0) continue;
            if (distance < nearest_squared)
                level = 8 * old;
            else if (distance < near_squared && old > since)
                level = 4 * old;
            else if (distance >= near_squared && (turn || !near) && old > since)
                level = 2 * old;
            else
                continue;
            level = std::min<std::uint32_t>(level / 2, top - 1);
        }
        if (plan.candidate_count == Plan::candidates_max) return;
        plan.candidates[plan.candidate_count++] = {index, static_cast<std::uint8_t>(level)};
        ++plan.at_level[level];
    }
}

// The most urgent until the budget is full. What is merely due stays below a softer limit, so that
// few in view cost little and a crowd gets what it needs.
void Viewer::Impl::send_best(Plan& plan) {
    const auto soft_bytes = 400 + 2 * (std::max<std::size_t>(known, 32) - 32);
    const auto spent = snapshot_size({.own = plan.has_own,
                                      .entities = plan.entity_count,
                                      .shots = plan.shot_count,
                                      .effects = plan.effect_count,
                                      .gone = plan.gone_reserved});
    const auto soft = soft_bytes > spent ? (soft_bytes - spent) / sizeof(EntityRecord) : 0;
    const auto wanted = std::min(plan.slots(), std::max(soft, plan.newcomers));
    std::size_t level = Plan::levels, above = 0;
    while (level > 0 && above + plan.at_level[level - 1] <= wanted) above += plan.at_level[--level];
    std::size_t from_next = wanted - above;  // of the level that does not fit whole
    for (std::size_t n = 0; n < plan.candidate_count; ++n) {
        const auto candidate = plan.candidates[n];
        if (candidate.level + 1U < level) continue;
        if (candidate.level + 1U == level) {
            if (from_next == 0) continue;
            --from_next;
        }
        send(plan, candidate.index);
    }
}

}  // namespace muster::replication
