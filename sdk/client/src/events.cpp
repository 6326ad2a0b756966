#include "events.hpp"

#include <algorithm>

namespace muster::sdk {
namespace {

bool is_snapshot(const std::unique_ptr<Stored>& event) {
    return event->event.kind == MUSTER_CLIENT_EVENT_SNAPSHOT;
}

}  // namespace

void Events::put(std::unique_ptr<Stored> event) {
    {
        const std::scoped_lock lock(mutex_);
        const bool is_one = is_snapshot(event);
        if ((is_one && snapshots_ >= snapshots_max) || waiting_.size() >= most_) make_room(is_one);
        snapshots_ += is_one ? 1 : 0;
        waiting_.push_back(std::move(event));
    }
    came_.notify_one();
}

// A newer snapshot says all that an older one did; what else is told is told once.
void Events::make_room(bool for_snapshot) {
    const bool is_any = snapshots_ > 0 && (for_snapshot || waiting_.size() >= most_);
    const auto victim = is_any ? std::ranges::find_if(waiting_, is_snapshot) : waiting_.begin();
    snapshots_ -= is_snapshot(*victim) ? 1 : 0;
    waiting_.erase(victim);
    ++dropped_;
}

const muster_client_event* Events::take(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    taken_.reset();
    came_.wait_for(lock, wait, [this] { return !waiting_.empty(); });
    if (waiting_.empty()) return nullptr;
    taken_ = std::move(waiting_.front());
    waiting_.pop_front();
    snapshots_ -= is_snapshot(taken_) ? 1 : 0;
    return &taken_->event;
}

std::uint64_t Events::dropped() const {
    const std::scoped_lock lock(mutex_);
    return dropped_;
}

}  // namespace muster::sdk
