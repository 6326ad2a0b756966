#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "muster/bus/bus.hpp"

namespace muster::host {

/// What comes over the bus for a world, until its next tick. To subscribe and to end a subscription
/// start and wait for threads, and so are done by a thread of this one's own.
class SpreadInbox {
  public:
    static constexpr std::size_t messages_max = 8'192;
    static constexpr std::size_t bytes_max = std::size_t{32} << 20U;
    using Message = std::vector<std::byte>;

    /// `log` from any thread.
    SpreadInbox(std::shared_ptr<bus::Bus> bus, std::function<void(std::string)> log);
    ~SpreadInbox();
    SpreadInbox(const SpreadInbox&) = delete;
    SpreadInbox& operator=(const SpreadInbox&) = delete;

    [[nodiscard]] Result<void> start(const std::string& thread_name);
    /// Which subjects to hear, and no others, soon. Does not wait.
    void listen(std::vector<std::string> subjects);
    /// All that has come, oldest first; what was in `out` is gone.
    void take(std::deque<Message>& out);
    /// Any thread. Beyond the limits the oldest give way: state is said again, and letters are
    /// repeated.
    void push(std::span<const std::byte> bytes);
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    void run();

    const std::shared_ptr<bus::Bus> bus_;
    const std::function<void(std::string)> log_;

    mutable std::mutex inbox_mutex_;
    std::deque<Message> messages_;  // guarded by inbox_mutex_, as are the next two
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> wanted_;  // guarded by mutex_, as are the next two
    bool is_new_ = false;
    bool stopping_ = false;
    std::map<std::string, bus::Subscription> subscriptions_;  // the thread's, then the destructor's
    std::thread thread_;
};

}  // namespace muster::host
