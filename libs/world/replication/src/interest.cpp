// Who is due in a snapshot: the nearest cells are looked into each time, the others in turn.
#include <algorithm>
#include <span>

#include "viewer_state.hpp"

namespace muster::replication {

namespace {

constexpr std::uint32_t far_every_max = 16;

// Bit n: whether a cell of number n (modulo 64) has its turn in this write, one in `every`.
std::uint64_t turns(std::uint32_t write, std::uint32_t every) {
    std::uint64_t bits = 0;
    for (auto n = (every - write % every) % every; n < 64; n += every)
        bits |= std::uint64_t{1} << n;
    return bits;
}

}  // namespace

void Viewer::Impl::send_due(Plan& plan) {
    if (plan.slots() == 0) return;
    // Where little can be sent, looking for more would be in vain. Decided for a whole round of
    // turns: a cell whose turn came in one rhythm but not in the other would be left out for long.
    if (writes % (far_every_max * 2) == 0) pressed = plan.slots() * 32 < known ? 2 : 1;
    const std::uint32_t far_every =
        std::clamp<std::uint32_t>(plan.budget.far_every, 1, far_every_max) * pressed;
    // The player's number staggers the cells of many viewers.
    const auto far_turns = turns(writes + player, far_every);
    const auto middle_turns = turns(writes + player, 2 * pressed);
    const auto nearest_turns = turns(writes + player, pressed);
    const auto& distances = plan.distances;
    const auto* starts = plan.parts.cell_start.data();
    for (const auto& step : plan.parts.around) {
        const float distance = distances.columns[step.column] + distances.rows[step.row];
        if (distance > plan.enter_squared) continue;
        const auto cell = static_cast<std::uint32_t>(distances.own + step.cell);
        if (starts[cell] == starts[cell + 1]) continue;
        const bool turn = (far_turns >> (cell & 63U) & 1U) != 0;
        const auto own_turns = distance * 16 < plan.enter_squared  ? nearest_turns
                               : distance * 4 < plan.enter_squared ? middle_turns
                                                                   : far_turns;
        if (turn || (own_turns >> (cell & 63U) & 1U) != 0) look_into(plan, cell, turn);
    }
    admit(plan);
    send_best(plan);
}

// Without branches on what is in the cell: they would be mispredicted more often than not.
void Viewer::Impl::look_into(Plan& plan, std::uint32_t cell, bool turn) {
    const auto& parts = plan.parts;
    const auto first = parts.cell_start[cell];
    const auto end = std::min<std::size_t>(parts.cell_start[cell + 1],
                                           first + Plan::candidates_max - 1 - plan.candidate_count);
    const auto from_x = static_cast<float>(at.x);
    const auto from_y = static_cast<float>(at.y);
    const float enter = plan.enter_squared;
    const float near = enter / 4, nearest = enter / 16;
    // By how near it is: how old it must be.
    const std::uint32_t due[] = {turn ? since : 255U, since, 0U};
    const std::uint32_t now = plan.stamp;
    // In locals: for all the compiler knows, what is stored could be where these are kept.
    const auto* stamps = sent.data();
    const auto* ids = parts.ids.data();
    const auto* xs = parts.x.data();
    const auto* ys = parts.y.data();
    auto* next = plan.candidates.data() + plan.candidate_count;
    std::uint32_t newcomers = 0;
    for (std::size_t n = first; n < end; ++n) {
        const std::uint32_t stamp = stamps[ids[n]];
        const float dx = xs[n] - from_x;
        const float dy = ys[n] - from_y;
        const float distance = dx * dx + dy * dy;
        const auto nearness = static_cast<std::uint32_t>(distance < near) +
                              static_cast<std::uint32_t>(distance < nearest);
        const std::uint32_t old = now - stamp + (now < stamp ? 255U : 0U);
        const bool is_new = stamp == 0;
        const auto urgency = std::min<std::uint32_t>(old << nearness, Plan::newcomer - 1U);
        const auto arrives =
            static_cast<std::uint32_t>(is_new) & static_cast<std::uint32_t>(distance <= enter);
        const auto is_due =
            static_cast<std::uint32_t>(!is_new) & static_cast<std::uint32_t>(old > due[nearness]);
        const auto level = is_new ? std::uint32_t{Plan::newcomer} : urgency;
        *next = level << 16U | static_cast<std::uint32_t>(n);
        newcomers += arrives;
        next += arrives | is_due;
    }
    plan.candidate_count = static_cast<std::size_t>(next - plan.candidates.data());
    plan.newcomers += newcomers;
}

// Newcomers are let in, the nearest cells' first, while there is room and they can be kept fresh.
// Who comes near takes a place even when there are none: somebody far will lose one.
void Viewer::Impl::admit(Plan& plan) {
    const auto places = plan.known_max > known ? plan.known_max - known : 0;
    waiting /= 2;  // only some cells are looked into each time
    if (plan.newcomers <= std::min<std::size_t>(plan.slots(), places)) return;
    // Who only finds this snapshot full comes with the next; a view that shrank for that would
    // leave out whoever stays at its edge.
    plan.refused = plan.newcomers > places;
    const auto near_places = places + plan.known_max / 4;
    const float near = plan.enter_squared / 4;
    std::size_t admitted = 0;
    for (std::size_t n = 0; n < plan.candidate_count; ++n) {
        if (plan.candidates[n] >> 16U != Plan::newcomer) continue;
        const auto index = plan.candidates[n] & 0xffffU;
        const bool fits = admitted < plan.slots() &&
                          (admitted < places || (admitted < near_places &&
                                                 plan.parts.distance_squared(index, at) < near));
        if (fits)
            ++admitted;
        else
            plan.candidates[n] = index;
    }
    const auto wished = std::min<std::size_t>(plan.newcomers, places);
    if (wished > admitted)
        waiting = std::max(waiting, static_cast<std::uint32_t>(wished - admitted));
}

// The most urgent until the budget is full. What is merely due stays below a softer limit, so that
// few in view cost little and a crowd gets what it needs.
void Viewer::Impl::send_best(Plan& plan) {
    std::array<std::uint16_t, Plan::levels> at_level{};
    const auto candidates = std::span(plan.candidates).first(plan.candidate_count);
    for (const auto candidate : candidates) ++at_level[candidate >> 16U];
    const auto soft_bytes = 400 + 2 * (std::max<std::size_t>(known, 32) - 32);
    const auto spent = snapshot_size({.own = plan.has_own,
                                      .entities = plan.entity_count,
                                      .shots = plan.shot_count,
                                      .effects = plan.effect_count,
                                      .gone = plan.gone_reserved});
    const std::size_t soft = soft_bytes > spent ? (soft_bytes - spent) / sizeof(EntityRecord) : 0;
    const auto wanted =
        std::min(plan.slots(), std::max<std::size_t>(soft, at_level[Plan::newcomer]));
    // Level 0 is of those who were refused.
    std::size_t level = Plan::levels, above = 0;
    while (level > 1 && above + at_level[level - 1] <= wanted) above += at_level[--level];
    std::size_t from_next = level > 1 ? wanted - above : 0;  // of the level that does not fit whole
    for (const auto candidate : candidates) {
        const std::size_t its = candidate >> 16U;
        if (its + 1 < level || its == 0) continue;
        if (its + 1 == level) {
            if (from_next == 0) continue;
            --from_next;
        }
        send(plan, static_cast<std::uint16_t>(candidate & 0xffffU));
    }
}

}  // namespace muster::replication
