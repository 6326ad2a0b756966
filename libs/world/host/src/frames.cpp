#include "frames.hpp"

#include <utility>

#include "muster/base/assert.hpp"

namespace muster::host {

struct FrameSlot {
    explicit FrameSlot(replication::Frame made) : frame(std::move(made)) {}
    replication::Frame frame;
    std::atomic<int> readers{0};
};

FramePool::FramePool(const sim::World& world, const replication::FrameOptions& options,
                     std::size_t readers) {
    for (std::size_t i = 0; i < readers + 2; ++i) {
        slots_.push_back(std::make_unique<FrameSlot>(replication::Frame(world, options)));
    }
}

FramePool::~FramePool() = default;

// A reader first says that it reads, then looks whether the frame is still the newest. The writer
// never takes the newest, and of the others only one without readers. All in one order (seq_cst):
// whoever says so too late for the writer to see it also sees that the frame is not the newest any
// more, and lets go.
void FramePool::publish(const sim::World& world) {
    const int before = newest_.load();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (static_cast<int>(i) == before || slots_[i]->readers.load() != 0) continue;
        const replication::Frame* last =
            before < 0 ? nullptr : &slots_[static_cast<std::size_t>(before)]->frame;
        slots_[i]->frame.build(world, last);
        newest_.store(static_cast<int>(i));
        published_.fetch_add(1, std::memory_order_release);
        return;
    }
    MUSTER_ASSERT(false && "more readers than the pool was made for");
}

const replication::Frame& FramePool::newest() const {
    const int index = newest_.load();
    MUSTER_ASSERT(index >= 0);
    return slots_[static_cast<std::size_t>(index)]->frame;
}

FramePool::Held FramePool::hold() {
    Held out;
    for (int index = newest_.load(); index >= 0; index = newest_.load()) {
        FrameSlot& slot = *slots_[static_cast<std::size_t>(index)];
        slot.readers.fetch_add(1);
        if (newest_.load() == index) {
            out.slot_ = &slot;
            break;
        }
        slot.readers.fetch_sub(1);
    }
    return out;
}

FramePool::Held::~Held() {
    if (slot_ != nullptr) slot_->readers.fetch_sub(1);
}

const replication::Frame& FramePool::Held::operator*() const {
    return slot_->frame;
}

}  // namespace muster::host
