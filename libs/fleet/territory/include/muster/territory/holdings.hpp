#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/territory/action.hpp"
#include "muster/territory/event.hpp"

namespace muster::territory {

/// What a world server may compute now. Not for two threads at once. Nothing here waits or fails:
/// what is stale changes nothing. Who computes must ask owns() right before each step, and let
/// nothing of a step out that took longer than the lease lasted.
class Holdings {
  public:
    struct Held {
        Grant grant{};
        Instant until{};  ///< own clock; at that instant it is over
    };
    struct Request {
        std::uint64_t number = 0;
        std::vector<Holding> holds{};
        std::vector<Holding> released{};
    };
    /// What an answer changed. `lost` also has what became part of another region by a split or a
    /// merge: its players are in the gained one.
    struct Change {
        std::vector<Grant> gained{};
        std::vector<Grant> lost{};
        bool is_stale = false;  ///< nothing was even looked at
    };

    /// `life`: see ServerCame. A process has one Holdings.
    explicit Holdings(std::uint64_t life) : life_(life) {}

    [[nodiscard]] std::uint64_t life() const { return life_; }

    /// Asks for renewal. `now` is taken before the request is sent. Of requests that
    /// were not answered the last `requests_max` are remembered.
    [[nodiscard]] Request ask(Instant now);
    [[nodiscard]] Change arrived(const Answer& answer, Instant now);
    void arrived(const Withdraw& withdraw);
    /// Gives a region up: it is not owned from here on, and never again with its epoch. What is
    /// returned is to be sent, and is in all requests until one is answered; none: it is not held.
    [[nodiscard]] std::optional<Holding> release(RegionId region);
    /// Drops what is over and says what that was. owns() does not depend on it.
    [[nodiscard]] std::vector<Grant> time_passed(Instant now);

    [[nodiscard]] std::optional<Epoch> owns(RegionId region, Instant now) const;
    /// Also what is over, until the next time_passed().
    [[nodiscard]] const std::map<RegionId, Held>& held() const { return held_; }

    static constexpr std::size_t requests_max = 64;

  private:
    struct Sent {
        std::uint64_t number = 0;
        Instant at{};
    };
    struct Released {
        Holding what{};
        std::uint64_t since = 0;  ///< the first request that says so
    };
    void take(const Grant& grant, Instant until, Instant now, Change& change);

    std::uint64_t life_;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_request_ = 0;
    std::uint64_t answered_number_ = 0;
    std::deque<Sent> sent_;
    std::map<RegionId, Held> held_;
    std::vector<Released> released_;
};

}  // namespace muster::territory
