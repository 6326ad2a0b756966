#pragma once

#include <algorithm>
#include <cstdint>

#include "muster/sim/input.hpp"

namespace muster::host {

/// In which of a period's ticks one session is written to. An input that is applied in a tick
/// whose snapshot is not this session's waits for its next one; clients send as often as they are
/// written to, so the tick after their inputs come stays the same for long. A session whose inputs
/// have waited in the same way for some time is moved there, and less readily after each move:
/// where inputs come in bursts no tick is the right one. Pure.
class Cadence {
  public:
    static constexpr std::uint8_t phases = 60;  ///< every period divides it
    explicit Cadence(std::uint8_t phase) : phase_(phase % phases) {}

    [[nodiscard]] bool has_turn(sim::Tick tick, sim::Tick period) const {
        return phase_ % period == tick % period;
    }
    [[nodiscard]] std::uint8_t phase() const { return phase_; }

    /// After the snapshot of `tick`: the newest input came when `heard` was the newest tick known
    /// here, and this snapshot acknowledges it or does not. By how many ticks to move; 0 mostly.
    [[nodiscard]] sim::Tick observe(sim::Tick tick, sim::Tick heard, bool is_acknowledged,
                                    sim::Tick period) {
        // It is applied in the tick after that, or, when that was being computed, in the next.
        const sim::Tick applied = heard + (is_acknowledged || tick <= heard ? 1U : 2U);
        const sim::Tick move = (applied + period * 2 - tick % period) % period;
        if (move != wish_) {
            wish_ = move;
            votes_ = 0;
        }
        return move != 0 && ++votes_ >= votes_needed_ ? move : 0;
    }
    void move(sim::Tick by) {
        phase_ = static_cast<std::uint8_t>((phase_ + by) % phases);
        wish_ = votes_ = 0;
        votes_needed_ = std::min<std::uint32_t>(votes_needed_ * 2, votes_needed_max);
    }

  private:
    static constexpr std::uint32_t votes_needed_max = 1'024;
    std::uint8_t phase_;
    sim::Tick wish_ = 0;
    std::uint32_t votes_ = 0;
    std::uint32_t votes_needed_ = 12;
};

}  // namespace muster::host
