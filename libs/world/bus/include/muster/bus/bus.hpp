#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

/// How the servers of one world talk to each other. A port: in one process (in_process.hpp), or
/// over NATS between hosts (bus_nats).
///
/// A subject is tokens of [A-Za-z0-9_-] joined by dots, at most 200 bytes: "world.w1.strip.3.4". A
/// subscription's pattern may have `*` in the place of a whole token.
///
/// A message reaches each matching subscription at most once. Those of one publisher on one subject
/// keep their order while both sides stay connected. Nothing says whether somebody listened; what
/// must arrive is numbered and repeated by who sends it.
namespace muster::bus {

inline constexpr std::size_t subject_bytes_max = 200;
inline constexpr std::size_t message_bytes_max = 1 << 20;
inline constexpr std::size_t subscriptions_max = 256;  ///< of one Bus; each has a thread

/// Called on a thread of the subscription's own, one call at a time; must not throw. What it is
/// given is valid until it returns. It may publish, subscribe, and end its own subscription.
using Receiver = std::function<void(std::string_view subject, std::span<const std::byte> bytes)>;

/// What waits for a receiver that is slow. At either limit the oldest give way: messages are state,
/// and only the newest counts. One message always fits, however large.
struct QueueLimits {
    std::size_t messages = 1'024;
    std::size_t bytes = 8 << 20;
};

/// Ends its subscription when it is destroyed: then the receiver is not called again, and a call
/// that is going on has ended (unless it is that call which ends it). So do not hold a lock that
/// the receiver takes. May outlive its Bus, and is silent then. One thread at a time.
class [[nodiscard]] Subscription {
  public:
    Subscription() = default;
    /// For those who implement a Bus: what ends it, called once.
    explicit Subscription(std::move_only_function<void()> end) : end_(std::move(end)) {}
    ~Subscription() { reset(); }
    Subscription(Subscription&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
    Subscription& operator=(Subscription&& other) noexcept {
        if (this != &other) {
            reset();
            end_ = std::exchange(other.end_, nullptr);
        }
        return *this;
    }
    void reset() {
        if (auto end = std::exchange(end_, nullptr)) end();
    }

  private:
    std::move_only_function<void()> end_;
};

struct Health {
    bool connected = false;
    std::string peer;    ///< whom it is connected to, without credentials; empty when it is not
    std::string reason;  ///< why it is not connected, without secrets; empty when it is
    std::uint64_t reconnects = 0;  ///< how often the connection came back
};

struct Statistics {
    std::uint64_t messages_out = 0, bytes_out = 0;  ///< that publish() accepted
    std::uint64_t messages_in = 0, bytes_in = 0;    ///< that came, once for each subscription
    std::uint64_t dropped_out = 0;  ///< of messages_out: not sent, as the connection was slow or
                                    ///< broke
    std::uint64_t dropped_in = 0;   ///< that came, but gave way in a receiver's queue, or are
                                    ///< nothing that publish() would have accepted
};

/// Any thread may call any function. Destroying it ends its subscriptions: no receiver runs
/// afterwards. It must not be destroyed by one of its receivers.
class Bus {
  public:
    virtual ~Bus() = default;
    /// Copies the bytes and returns at once, never waiting for the network or for a receiver.
    /// `invalid_argument` (field "subject"), `too_large` ("bytes", over 1 MiB), `unavailable` while
    /// it is disconnected.
    virtual Result<void> publish(std::string_view subject, std::span<const std::byte> bytes) = 0;
    /// Also while it is disconnected: subscriptions are there again when the connection is.
    /// `invalid_argument` ("subject", "receiver", "limits.messages", "limits.bytes"), `exhausted`
    /// beyond 256.
    virtual Result<Subscription> subscribe(std::string_view pattern, Receiver receiver,
                                           QueueLimits limits = {}) = 0;
    /// Blocks until the other side has what was published and subscribed before; waits for a
    /// connection when there is none. At most as long as `limit`, then `timeout`, or `unavailable`
    /// if it is disconnected. Not for a tick.
    virtual Result<void> flush(milliseconds limit) = 0;
    [[nodiscard]] virtual Health health() const = 0;
    [[nodiscard]] virtual Statistics statistics() const = 0;
};

/// For those who implement it: what publish() and subscribe() refuse.
[[nodiscard]] Result<void> check_publish(std::string_view subject, std::size_t bytes);
[[nodiscard]] Result<void> check_subscribe(std::string_view pattern, const Receiver& receiver,
                                           const QueueLimits& limits);
/// Both must have passed their checks.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view subject);

}  // namespace muster::bus
