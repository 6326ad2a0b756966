#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <vector>

#include "dice.hpp"

namespace muster::load {

using Instant = std::chrono::microseconds;

/// What happens to a datagram on its way, each way.
struct Weather {
    double loss = 0;  ///< share of datagrams
    Instant delay{0};
    Instant jitter{0};  ///< the delay is delay +- jitter, evenly; so datagrams overtake each other
    [[nodiscard]] bool is_calm() const {
        return loss <= 0 && delay.count() == 0 && jitter.count() == 0;
    }
};

/// A bad network between players and a world, sans-I/O: loses, delays and thereby reorders
/// datagrams by its seed alone. One thread.
class Relay {
  public:
    enum class Way : std::uint8_t { up, down };
    /// Over `datagrams_max` under way at once, a further one is dropped and counted.
    Relay(const Weather& weather, std::uint64_t seed, std::size_t datagrams_max);

    /// `flow` is the caller's: take() gives it back.
    void put(std::uint64_t flow, Way way, std::span<const std::byte> datagram, Instant now);
    using Each = std::function<void(std::uint64_t flow, Way way, std::span<std::byte> datagram)>;
    /// Calls for each datagram that is due by `now`, in the order in which they are; `each` may
    /// put().
    void take(Instant now, const Each& each);
    [[nodiscard]] std::optional<Instant> deadline() const;

    struct Counts {
        std::uint64_t passed = 0, lost = 0, overflowed = 0;
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }
    [[nodiscard]] std::size_t under_way() const { return queue_.size(); }

  private:
    struct Entry {
        Instant due;
        std::uint64_t order;  ///< what is due at once stays in its order
        std::uint64_t flow;
        std::uint32_t buffer;
        Way way;
        bool operator<(const Entry& other) const {  // the queue's top is its greatest
            return due != other.due ? due > other.due : order > other.order;
        }
    };
    Weather weather_;
    Dice dice_;
    std::size_t datagrams_max_;
    std::priority_queue<Entry> queue_;
    std::vector<std::vector<std::byte>> buffers_;
    std::vector<std::uint32_t> free_;
    std::uint64_t order_ = 0;
    Counts counts_;
};

}  // namespace muster::load
