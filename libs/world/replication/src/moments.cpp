// Which shots and effects a viewer is told of: its own first, then the nearest.
#include <algorithm>

#include "viewer_state.hpp"

namespace muster::replication {

void Viewer::Impl::choose_moments(Plan& plan) {
    const auto& parts = plan.parts;
    if (parts.moments.empty()) return;
    // Never at the cost of keeping fresh what is in view; half of what there is where few are in
    // view, a quarter in a crowd, an eighth while somebody waits to be shown at all.
    const auto fixed = snapshot_size({.own = plan.has_own,
                                      .entities = 2 + plan.duty,
                                      .shots = 1,
                                      .effects = 1,
                                      .gone = plan.gone_reserved}) -
                       2 * 16;
    if (plan.bytes < fixed + 16) return;
    auto share = std::clamp(plan.bytes - std::min(plan.bytes, sizeof(EntityRecord) * known),
                            plan.bytes / 4, plan.bytes / 2);
    if (waiting > 0) share = plan.bytes / 8;
    plan.moment_limit = std::min(
        {(plan.bytes - fixed - 4) / sizeof(ShotRecord), share / sizeof(ShotRecord), moments_max});
    choose_personal(plan);
    const auto window = since + since_before;
    const auto enter_squared = static_cast<std::int64_t>(plan.enter_squared);
    for (const auto& step : parts.around) {
        if (plan.distances.columns[step.column] + plan.distances.rows[step.row] >
            plan.enter_squared)
            continue;
        const auto cell = static_cast<std::uint32_t>(plan.distances.own + step.cell);
        const auto* entry = parts.moment_order.data() + parts.moment_start[cell];
        const auto* end = parts.moment_order.data() + parts.moment_start[cell + 1];
        for (; entry != end; ++entry) {
            const auto& moment = parts.moments[*entry & ~passes_here];
            if (parts.tick - moment.tick >= window) break;
            if (moment.player == player || moment.other == player) continue;
            const auto distance = sim::distance_squared(moment.at, at);
            // A shot from beyond the view is shown where it comes in.
            if ((distance > enter_squared) != ((*entry & passes_here) != 0)) continue;
            choose_moment(plan, *entry & ~passes_here);
        }
        if (plan.shot_count + plan.effect_count >= plan.moment_limit) break;
    }
    for (std::size_t n = 0; n < plan.repeat_count; ++n) {
        if (plan.shot_count + plan.effect_count >= plan.moment_limit) break;
        const auto& moment = parts.moments[plan.repeats[n]];
        auto& shot = plan.shots[plan.shot_count++] = moment.shot;
        shot.ago = static_cast<std::uint8_t>(shot.ago + parts.tick - moment.tick);
    }
}

void Viewer::Impl::choose_personal(Plan& plan) {
    const auto& parts = plan.parts;
    if (player >= parts.personal_first.size()) return;
    const auto window = since + since_before;
    for (auto node = parts.personal_first[player]; node != no_moment;
         node = parts.personal_next[node]) {
        const auto& moment = parts.moments[node / 2];
        if (parts.tick - moment.tick >= window) break;
        if (moment.other == player && moment.player < sent.size() && !moment.is_shot) {
            auto& oldest = *std::ranges::min_element(attackers, {}, [&](const Attacker& one) {
                return one.id == moment.player ? 0 : one.until;
            });
            oldest = {moment.player, moment.tick + sim::tick_rate};
        }
        choose_moment(plan, node / 2);
    }
}

// New ones at once; a shot of the snapshot before is said again if room is left.
void Viewer::Impl::choose_moment(Plan& plan, std::uint32_t index) {
    const auto& moment = plan.parts.moments[index];
    const auto ago = plan.parts.tick - moment.tick;
    if (ago >= since) {
        if (!moment.is_shot) return;
        const auto repeats = std::span(plan.repeats).first(plan.repeat_count);
        if (plan.repeat_count < moments_max && std::ranges::find(repeats, index) == repeats.end())
            plan.repeats[plan.repeat_count++] = index;
        return;
    }
    if (plan.shot_count + plan.effect_count >= plan.moment_limit) return;
    if (moment.is_shot) {
        const auto shots = std::span(plan.shots).first(plan.shot_count);
        if (std::ranges::find(shots, moment.shot.id, &ShotRecord::id) != shots.end()) return;
        auto& shot = plan.shots[plan.shot_count++] = moment.shot;
        shot.ago = static_cast<std::uint8_t>(shot.ago + ago);
    } else {
        auto& effect = plan.effects[plan.effect_count++] = moment.effect;
        effect.ago = static_cast<std::uint8_t>(ago);
    }
}

}  // namespace muster::replication
