#include "muster/bus/inbox.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace muster::bus {

Statistics Counters::read() const {
    return {.messages_out = messages_out.load(),
            .bytes_out = bytes_out.load(),
            .messages_in = messages_in.load(),
            .bytes_in = bytes_in.load(),
            .dropped_out = dropped_out.load(),
            .dropped_in = dropped_in.load()};
}

/// The thread's own share of it, so that a receiver may let go of its Inbox.
struct Inbox::State {
    Receiver receiver;
    QueueLimits limits;
    std::shared_ptr<Counters> counters;
    std::mutex mutex;
    std::condition_variable work;  ///< something waits, or it is closed
    std::condition_variable done;  ///< no call is going on
    std::deque<std::shared_ptr<const Message>> queue;
    std::size_t bytes = 0;  ///< of the queue
    bool calling = false;
    bool closed = false;

    void drop_oldest() {
        bytes -= queue.front()->bytes.size();
        queue.pop_front();
        ++counters->dropped_in;
    }
};

Inbox::Inbox(Receiver receiver, QueueLimits limits, std::shared_ptr<Counters> counters)
    : state_(std::make_shared<State>()) {
    state_->receiver = std::move(receiver);
    state_->limits = limits;
    state_->counters = std::move(counters);
    thread_ = std::thread([state = state_] { run(state); });
}

Inbox::~Inbox() {
    close();
    if (thread_.get_id() == std::this_thread::get_id()) {
        thread_.detach();  // the receiver let go of it; what it uses is in its State
    } else {
        thread_.join();
    }
}

void Inbox::push(std::shared_ptr<const Message> message) {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    if (state.closed) return;
    const std::size_t size = message->bytes.size();
    while (!state.queue.empty() && (state.queue.size() >= state.limits.messages ||
                                    state.bytes + size > state.limits.bytes)) {
        state.drop_oldest();
    }
    state.bytes += size;
    state.queue.push_back(std::move(message));
    // Last, so that whoever sees it counted sees what gave way for it counted, too.
    state.counters->bytes_in += size;
    ++state.counters->messages_in;
    state.work.notify_one();
}

void Inbox::close() {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    state.closed = true;
    state.queue.clear();
    state.bytes = 0;
    state.work.notify_one();
    if (thread_.get_id() == std::this_thread::get_id()) return;
    state.done.wait(lock, [&] { return !state.calling; });
}

bool Inbox::wait_idle(std::chrono::steady_clock::time_point end) {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    return state.done.wait_until(lock, end, [&] { return state.queue.empty() && !state.calling; });
}

void Inbox::run(const std::shared_ptr<State>& shared) {
    State& state = *shared;
    std::unique_lock lock(state.mutex);
    for (;;) {
        state.work.wait(lock, [&] { return state.closed || !state.queue.empty(); });
        if (state.closed) return;
        const auto message = std::move(state.queue.front());
        state.queue.pop_front();
        state.bytes -= message->bytes.size();
        state.calling = true;
        lock.unlock();
        state.receiver(message->subject, message->bytes);
        lock.lock();
        state.calling = false;
        state.done.notify_all();
    }
}

}  // namespace muster::bus
