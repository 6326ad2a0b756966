#include "relay.hpp"

#include <algorithm>

namespace muster::load {

Relay::Relay(const Weather& weather, std::uint64_t seed, std::size_t datagrams_max)
    : weather_(weather), dice_(seed), datagrams_max_(datagrams_max) {}

void Relay::put(std::uint64_t flow, Way way, std::span<const std::byte> datagram, Instant now) {
    // Both numbers are always drawn, so that another loss leaves the delays as they were.
    const double fate = dice_.unit();
    const double spread = dice_.between(-1, 1);
    if (fate < weather_.loss) {
        ++counts_.lost;
        return;
    }
    if (queue_.size() >= datagrams_max_) {
        ++counts_.overflowed;
        return;
    }
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(buffers_.size()));
        buffers_.emplace_back();
    }
    const auto buffer = free_.back();
    free_.pop_back();
    buffers_[buffer].assign(datagram.begin(), datagram.end());
    const Instant jitter(
        static_cast<Instant::rep>(spread * static_cast<double>(weather_.jitter.count())));
    const auto delay = std::max(Instant{0}, weather_.delay + jitter);
    queue_.push({now + delay, order_++, flow, buffer, way});
}

void Relay::take(Instant now, const Each& each) {
    while (!queue_.empty() && queue_.top().due <= now) {
        const Entry entry = queue_.top();
        queue_.pop();
        ++counts_.passed;
        // Out of the pool while it is used: `each` may put(), and the pool may move.
        auto bytes = std::move(buffers_[entry.buffer]);
        each(entry.flow, entry.way, bytes);
        buffers_[entry.buffer] = std::move(bytes);
        free_.push_back(entry.buffer);
    }
}

std::optional<Instant> Relay::deadline() const {
    if (queue_.empty()) return std::nullopt;
    return queue_.top().due;
}

}  // namespace muster::load
