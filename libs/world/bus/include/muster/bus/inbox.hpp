#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "muster/bus/bus.hpp"

/// The receiving end of a subscription, for those who implement a Bus.
namespace muster::bus {

struct Message {
    std::string subject;
    std::vector<std::byte> bytes;
};

/// What a Bus has counted; any thread.
struct Counters {
    std::atomic<std::uint64_t> messages_out{0}, bytes_out{0}, messages_in{0}, bytes_in{0};
    std::atomic<std::uint64_t> dropped_out{0}, dropped_in{0};
    [[nodiscard]] Statistics read() const;
};

/// A bounded queue and the thread that calls the receiver. Any thread.
class Inbox {
  public:
    Inbox(Receiver receiver, QueueLimits limits, std::shared_ptr<Counters> counters);
    ~Inbox();
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    /// Never waits for the receiver: the oldest give way. Does nothing once it is closed. Counts.
    void push(std::shared_ptr<const Message> message);
    /// When it returns the receiver is not called again, and no call is going on but the one that
    /// closes it, if it is one. What waits is forgotten. Safe to repeat.
    void close();
    /// Whether nothing waited and no call was going on before `end` came.
    [[nodiscard]] bool wait_idle(std::chrono::steady_clock::time_point end);

  private:
    struct State;
    static void run(const std::shared_ptr<State>& state);
    std::shared_ptr<State> state_;
    std::thread thread_;
};

}  // namespace muster::bus
