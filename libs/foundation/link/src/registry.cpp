#include "registry.hpp"

#include <vector>

#include "muster/base/assert.hpp"

namespace muster::link {

void Registry::add(const std::shared_ptr<Live>& call) {
    bool closed = false;
    {
        const std::scoped_lock lock(mutex_);
        calls_.emplace(call.get(), call);
        ++count_;
        closed = closed_;
    }
    if (closed) call->abandon();
}

std::shared_ptr<Live> Registry::release(const Live* call) {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(call);
    MUSTER_ASSERT(found != calls_.end());
    std::shared_ptr<Live> held = std::move(found->second);
    calls_.erase(found);
    return held;
}

void Registry::forget() {
    const std::scoped_lock lock(mutex_);
    MUSTER_ASSERT(count_ > 0);
    if (--count_ == 0) changed_.notify_all();
}

void Registry::abandon_all() {
    std::vector<std::shared_ptr<Live>> calls;
    {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        calls.reserve(calls_.size());
        for (const auto& [key, call] : calls_) calls.push_back(call);
    }
    for (const auto& call : calls) call->abandon();
}

void Registry::wait_empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ == 0; });
}

}  // namespace muster::link
