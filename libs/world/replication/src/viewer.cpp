#include "muster/replication/viewer.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "muster/base/assert.hpp"
#include "muster/protocol/protocol.hpp"
#include "viewer_state.hpp"

namespace muster::replication {

Viewer::Viewer(sim::PlayerId player, std::uint8_t generation) : impl_(std::make_unique<Impl>()) {
    impl_->player = player;
    impl_->generation = generation;
}
Viewer::~Viewer() = default;
Viewer::Viewer(Viewer&&) noexcept = default;
Viewer& Viewer::operator=(Viewer&&) noexcept = default;

void Viewer::acknowledge(sim::Tick newest, std::uint32_t /*received*/) {
    // What was never sent cannot have come.
    if (newest <= impl_->last) impl_->tombstones.acknowledge(newest);
}

std::span<const std::byte> Viewer::write(const Frame& frame, const Budget& budget) {
    Impl& viewer = *impl_;
    Impl::Plan plan(frame, budget);
    viewer.begin(plan.parts, plan);
    viewer.take_leavers(plan);
    viewer.choose_moments(plan);
    viewer.send_oldest(plan);
    viewer.send_urgent(plan);
    viewer.send_due(plan);
    viewer.adapt_view(plan);
    viewer.compose(plan);
    return viewer.out;
}

std::size_t Viewer::take_strangers(const Frame& frame, std::span<sim::PlayerId> out) {
    Impl& viewer = *impl_;
    std::size_t count = 0;
    while (count < out.size() && !viewer.strangers.empty()) {
        const auto id = viewer.strangers.back();
        viewer.strangers.pop_back();
        const auto& players = frame.parts().players;
        if (id >= viewer.sent.size() || viewer.sent[id] == 0 || id >= players.size()) continue;
        const auto met = static_cast<std::uint16_t>(0x100U | players[id].generation);
        if (std::exchange(viewer.met[id], met) != met) out[count++] = id;
    }
    return count;
}

void Viewer::forget_stranger(sim::PlayerId id) {
    if (id >= impl_->met.size()) return;
    impl_->met[id] = 0;
    if (impl_->sent[id] != 0) impl_->strangers.push_back(id);
}

std::size_t Viewer::visible() const {
    return impl_->known;
}
sim::Tick Viewer::stalest() const {
    return impl_->stalest;
}
std::uint32_t Viewer::acknowledged() const {
    return impl_->acknowledged;
}

void Viewer::Impl::begin(const Frame::Parts& parts, Plan& plan) {
    const auto places = parts.players.size();
    if (sent.size() < places) {
        sent.resize(places);
        met.resize(places);
        if (order.empty())
            order.reserve(std::clamp<std::size_t>(std::bit_ceil(places * 4), 64, 1'024));
    }
    // Hundreds of other viewers were written to since: it is in no near cache any more.
    for (std::size_t n = 0; n < sent.size(); n += 64) __builtin_prefetch(sent.data() + n, 1);
    if (view == 0) view = parts.options.view;
    const auto passed = parts.tick - last;
    if (last == 0 || parts.tick < last || passed >= forget_ticks) {
        forget_all();
        since = since_before = 2;
    } else {
        since_before = since;
        since = std::max(passed, sim::Tick{1});
    }
    last = parts.tick;
    ++writes;
    plan.stamp = static_cast<std::uint8_t>(parts.tick % 255 + 1);

    if (player < places) {
        sent[player] = plan.stamp;  // never due, nor new: oneself is not among the others
        const auto& self = parts.players[player];
        if (self.present && self.generation == generation) {
            at = self.at;
            plan.has_own = true;
            plan.own = self_of(parts.tick, self);
            plan.acknowledged = acknowledged = self.acknowledged;
        }
    }
    plan.distances = parts.distances_from(at);
    const auto enter = static_cast<float>(view);
    plan.enter_squared = enter * enter;
    plan.leave_squared = plan.enter_squared * (1.15F * 1.15F);
    plan.bytes = std::clamp<std::size_t>(plan.budget.bytes, 120, protocol::state_bytes_max);

    // Duty and limits, in bytes: head, lists and three moments are there whatever comes.
    const auto head = snapshot_size({.own = plan.has_own, .entities = 1, .shots = 1, .effects = 1});
    const auto rest = plan.bytes > head + 16 + sizeof(EntityRecord) ? plan.bytes - head - 16
                                                                    : sizeof(EntityRecord);
    plan.known_max = std::max<std::size_t>(rest / sizeof(EntityRecord) * refresh_ticks / since, 8);
    plan.duty = (known * since + refresh_ticks - 1) / refresh_ticks;
    plan.entity_limit = entities_max;
}

void Viewer::Impl::take_leavers(Plan& plan) {
    tombstones.expire(plan.parts.tick);
    const auto& vanished = plan.parts.vanished;
    for (std::size_t n = vanished.size(); n-- > 0;) {
        if (vanished[n].tick + since <= plan.parts.tick) break;
        const auto id = vanished[n].id;
        if (sent[id] != 0 && id != player) leave(id, plan.parts.tick);
    }
    plan.gone_reserved = std::min(tombstones.size(), gone_max);
}

// Takes from the front what must go lest it become stale; drops what is no longer in view.
void Viewer::Impl::send_oldest(Plan& plan) {
    const auto fixed = snapshot_size({.own = plan.has_own,
                                      .entities = 1,
                                      .shots = plan.shot_count,
                                      .effects = plan.effect_count,
                                      .gone = plan.gone_reserved}) -
                       sizeof(EntityRecord);
    plan.entity_limit = plan.bytes > fixed
                            ? std::min((plan.bytes - fixed) / sizeof(EntityRecord), entities_max)
                            : 0;
    // Two are left for newcomers, lest who stands near by be kept out by who is far; a quarter
    // while more of them wait, for to come late is worse than to be a little less fresh.
    if (plan.entity_limit > 4) {
        const auto for_newcomers = std::clamp<std::size_t>(waiting, 2, plan.entity_limit / 4 + 1);
        plan.duty = std::min(plan.duty, plan.entity_limit - for_newcomers);
    }
    stalest = 0;
    while (!order.empty()) {
        const auto entry = order.front();
        if (sent[entry.id] != entry.stamp) {
            order.pop();
            continue;
        }
        if (entry.stamp == plan.stamp) break;
        const auto index = plan.parts.place[entry.id];
        bool stays = index != nowhere;
        if (stays) stays = plan.parts.distance_squared(index, at) <= plan.leave_squared;
        if (!stays) {
            leave(entry.id, plan.parts.tick);
            order.pop();
            continue;
        }
        stalest = age(entry.stamp, plan.stamp);
        if (plan.duty == 0 || plan.slots() == 0) break;
        order.pop();
        --plan.duty;
        send(plan, index);
        stalest = 0;
    }
}

void Viewer::Impl::send_urgent(Plan& plan) {
    const auto now = plan.parts.tick;
    const auto urge = [&](sim::PlayerId id) {
        if (id >= plan.parts.place.size() || plan.slots() == 0 || id == player) return;
        const auto index = plan.parts.place[id];
        if (index == nowhere || sent[id] == 0 || sent[id] == plan.stamp) return;
        if (plan.parts.distance_squared(index, at) <= plan.leave_squared) send(plan, index);
    };
    for (const auto& attacker : attackers)
        if (attacker.until > now) urge(attacker.id);
    for (const auto id : plan.parts.carriers) urge(id);
}

void Viewer::Impl::adapt_view(const Plan& plan) {
    const auto full = plan.parts.options.view;
    if (plan.refused || known > plan.known_max)
        view = std::max(view - view / 64, full / 4);
    else if (known < plan.known_max)
        view = std::min(view + view / 128 + 1, full);
}

void Viewer::Impl::compose(Plan& plan) {
    SnapshotCounts counts{.own = plan.has_own,
                          .entities = plan.entity_count,
                          .shots = plan.shot_count,
                          .effects = plan.effect_count};
    counts.gone = 2;  // they are padded to pairs
    const auto used = snapshot_size(counts) - 2 * sizeof(sim::PlayerId);
    const auto room = plan.bytes > used ? (plan.bytes - used) / sizeof(sim::PlayerId) : 0;
    const auto gone = tombstones.carry(plan.parts.tick, std::min(room & ~std::size_t{1}, gone_max));
    counts.gone = gone.size();
    out.reserve(plan.bytes);
    out.resize(snapshot_size(counts));
    MUSTER_ASSERT(out.size() <= std::max<std::size_t>(plan.bytes, 120));
    const auto size = write_snapshot({.tick = plan.parts.tick,
                                      .acknowledged = plan.acknowledged,
                                      .own = plan.has_own ? &plan.own : nullptr,
                                      .records = plan.parts.records,
                                      .entities = std::span(plan.entities).first(plan.entity_count),
                                      .shots = std::span(plan.shots).first(plan.shot_count),
                                      .effects = std::span(plan.effects).first(plan.effect_count),
                                      .gone = gone},
                                     out);
    MUSTER_ASSERT(size == out.size());
}

void Viewer::Impl::send(Plan& plan, std::uint16_t index) {
    const auto id = plan.parts.ids[index];
    plan.entities[plan.entity_count++] = index;
    if (sent[id] == 0) enter(plan, id);
    sent[id] = plan.stamp;
    order.push({id, plan.stamp});
}

void Viewer::Impl::enter(const Plan& plan, sim::PlayerId id) {
    ++known;
    tombstones.remove(id);
    if (met[id] != (0x100U | plan.parts.players[id].generation)) strangers.push_back(id);
}

void Viewer::Impl::leave(sim::PlayerId id, sim::Tick now) {
    sent[id] = 0;
    --known;
    tombstones.add(id, now);
}

// After a pause in which the client forgot everything.
void Viewer::Impl::forget_all() {
    std::ranges::fill(sent, std::uint8_t{0});
    order.clear();
    tombstones.clear();
    strangers.clear();
    known = 0;
}

}  // namespace muster::replication
