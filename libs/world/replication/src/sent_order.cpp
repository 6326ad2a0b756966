#include <algorithm>
#include <utility>

#include "viewer_state.hpp"

namespace muster::replication {

void SentOrder::grow() {
    std::vector<Entry> wider(std::max<std::size_t>(64, ring_.size() * 2));
    const auto count = end_ - first_;
    for (std::uint32_t n = 0; n < count; ++n) wider[n] = ring_[(first_ + n) & (ring_.size() - 1)];
    ring_ = std::move(wider);
    first_ = 0;
    end_ = count;
}

void Tombstones::add(sim::PlayerId id, sim::Tick now) {
    if (count_ == list_.size()) {
        std::shift_left(list_.begin(), list_.end(), 1);
        --count_;
    }
    list_[count_++] = {id, now, 0};
}

void Tombstones::remove(sim::PlayerId id) {
    const auto end = list_.begin() + static_cast<std::ptrdiff_t>(count_);
    count_ = static_cast<std::size_t>(
        std::remove_if(list_.begin(), end, [id](const One& one) { return one.id == id; }) -
        list_.begin());
}

void Tombstones::acknowledge(sim::Tick received) {
    const auto end = list_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto kept = std::remove_if(list_.begin(), end, [received](const One& one) {
        return one.carried_since != 0 && one.carried_since <= received;
    });
    count_ = static_cast<std::size_t>(kept - list_.begin());
}

void Tombstones::expire(sim::Tick now) {
    const auto end = list_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto kept = std::remove_if(
        list_.begin(), end, [now](const One& one) { return now - one.since >= forget_ticks; });
    count_ = static_cast<std::size_t>(kept - list_.begin());
}

std::span<const sim::PlayerId> Tombstones::carry(sim::Tick now, std::size_t limit) {
    const auto carried = std::min({count_, limit, carried_.size()});
    for (std::size_t n = 0; n < count_; ++n) {
        auto& one = list_[n];
        if (n >= carried) {
            one.carried_since = 0;
            continue;
        }
        carried_[n] = one.id;
        if (one.carried_since == 0) one.carried_since = now;
    }
    return std::span(carried_).first(carried);
}

}  // namespace muster::replication
