#include "spread_inbox.hpp"

#include <algorithm>
#include <utility>

#include "worker.hpp"

namespace muster::host {
namespace {

constexpr std::chrono::seconds again_in{1};

}  // namespace

SpreadInbox::SpreadInbox(std::shared_ptr<bus::Bus> bus, std::function<void(std::string)> log)
    : bus_(std::move(bus)), log_(std::move(log)) {}

SpreadInbox::~SpreadInbox() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    subscriptions_.clear();  // before what their receivers use
}

Result<void> SpreadInbox::start(const std::string& thread_name) {
    auto thread = start_thread(thread_name, std::nullopt, [this] { run(); });
    if (!thread) return std::unexpected(thread.error());
    thread_ = std::move(*thread);
    return {};
}

void SpreadInbox::listen(std::vector<std::string> subjects) {
    {
        const std::lock_guard lock(mutex_);
        wanted_ = std::move(subjects);
        is_new_ = true;
    }
    changed_.notify_one();
}

void SpreadInbox::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || is_new_; });
        if (stopping_) return;
        is_new_ = false;
        const std::vector<std::string> wanted = wanted_;
        lock.unlock();
        bool is_done = true;
        for (const std::string& subject : wanted) {
            if (subscriptions_.contains(subject)) continue;
            auto subscribed = bus_->subscribe(
                subject,
                [this](std::string_view, std::span<const std::byte> bytes) { push(bytes); });
            if (subscribed) {
                subscriptions_.emplace(subject, std::move(*subscribed));
                continue;
            }
            is_done = false;
            log_("cannot listen to " + subject + ": " + subscribed.error().message);
        }
        std::erase_if(subscriptions_, [&wanted](const auto& one) {
            return std::ranges::find(wanted, one.first) == wanted.end();
        });
        lock.lock();
        if (is_done || is_new_ || stopping_) continue;
        is_new_ =
            !changed_.wait_for(lock, again_in, [this] { return stopping_ || is_new_; }) || is_new_;
    }
}

void SpreadInbox::push(std::span<const std::byte> bytes) {
    Message message(bytes.begin(), bytes.end());
    const std::lock_guard lock(inbox_mutex_);
    while (!messages_.empty() &&
           (messages_.size() >= messages_max || bytes_ + message.size() > bytes_max)) {
        bytes_ -= messages_.front().size();
        messages_.pop_front();
        ++dropped_;
    }
    bytes_ += message.size();
    messages_.push_back(std::move(message));
}

void SpreadInbox::take(std::deque<Message>& out) {
    out.clear();
    const std::lock_guard lock(inbox_mutex_);
    out.swap(messages_);
    bytes_ = 0;
}

std::uint64_t SpreadInbox::dropped() const {
    const std::lock_guard lock(inbox_mutex_);
    return dropped_;
}

}  // namespace muster::host
