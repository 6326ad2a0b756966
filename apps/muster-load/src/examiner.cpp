#include "examiner.hpp"

#include <algorithm>

namespace muster::load {
namespace {

constexpr std::uint16_t generation_bits = 0xf000;  // of EntityRecord::look

std::int64_t distance_squared(const EntityRecord& a, const EntityRecord& b) {
    const std::int64_t dx = std::int64_t{a.x} - b.x;
    const std::int64_t dy = std::int64_t{a.y} - b.y;
    return dx * dx + dy * dy;
}

bool is_same_player(const EntityRecord& a, const EntityRecord& b) {
    return a.id == b.id && ((a.look ^ b.look) & generation_bits) == 0;
}

}  // namespace

Truth::Truth(sim::Tick tick, std::vector<EntityRecord> records)
    : tick_(tick), records_(std::move(records)) {
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const auto id = records_[i].id;
        if (id >= place_.size()) place_.resize(std::size_t{id} + 1);
        place_[id] = static_cast<std::uint16_t>(i + 1);
    }
}

const EntityRecord* Truth::find(sim::PlayerId id) const {
    if (id >= place_.size() || place_[id] == 0) return nullptr;
    return &records_[place_[id] - std::size_t{1}];
}

Verdict& Verdict::operator+=(const Verdict& other) {
    clients += other.clients;
    records += other.records;
    records_wrong += other.records_wrong;
    in_view += other.in_view;
    in_view_unknown += other.in_view_unknown;
    in_view_stale += other.in_view_stale;
    return *this;
}

Examiner::Examiner(const Options& options, Verdict& verdict, Histogram& ages)
    : options_(options), verdict_(verdict), ages_(ages), newest_(0x10000) {}

void Examiner::examine(const Memory& memory, sim::PlayerId self, const Truth* before,
                       const Truth& now) {
    ++verdict_.clients;
    compare_records(memory, now);
    if (before != nullptr) compare_view(memory, self, *before, now);
}

void Examiner::compare_records(const Memory& memory, const Truth& now) {
    for (const auto& snapshot : memory.snapshots()) {
        if (snapshot.tick != now.tick()) continue;
        for (const auto& record : snapshot.records) {
            const auto* real = now.find(record.id);
            ++verdict_.records;
            if (real == nullptr || *real != record) ++verdict_.records_wrong;
        }
    }
}

void Examiner::compare_view(const Memory& memory, sim::PlayerId self, const Truth& before,
                            const Truth& now) {
    const auto* here = now.find(self);
    const auto* was_here = before.find(self);
    if (here == nullptr || was_here == nullptr || !is_same_player(*here, *was_here)) return;
    for (const auto& snapshot : memory.snapshots()) {
        if (snapshot.tick > now.tick()) continue;
        for (const auto& record : snapshot.records) {
            newest_[record.id] = std::max(newest_[record.id], snapshot.tick);
        }
    }
    const std::int64_t view = options_.view_steps * options_.view_steps;
    near_.clear();
    std::size_t in_view = 0;
    for (const auto& entity : now.records()) {
        const auto distance = distance_squared(entity, *here);
        if (entity.id == self || distance > view) continue;
        ++in_view;
        const auto* was = before.find(entity.id);
        if (was == nullptr || !is_same_player(entity, *was)) continue;
        if (distance_squared(*was, *was_here) <= view) near_.push_back({distance, entity.id});
    }
    if (in_view > options_.nearest_max) {
        std::ranges::sort(near_, {}, &Near::distance_squared);
        near_.resize(std::min(near_.size(), options_.nearest_max));
    }
    for (const auto& one : near_) {
        ++verdict_.in_view;
        const sim::Tick seen = newest_[one.id];
        if (seen == 0) {
            ++verdict_.in_view_unknown;
            continue;
        }
        const sim::Tick age = now.tick() - seen;
        ages_.add(std::uint64_t{age} * 1'000 / sim::tick_rate);
        if (age > options_.age_max) ++verdict_.in_view_stale;
    }
    for (const auto& snapshot : memory.snapshots()) {
        for (const auto& record : snapshot.records) newest_[record.id] = 0;
    }
}

}  // namespace muster::load
