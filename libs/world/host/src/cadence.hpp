#pragma once

#include <algorithm>
#include <cstdint>

#include "muster/sim/input.hpp"

namespace muster::host {

/// In which of a period's ticks one session is written to. An input that is applied in a tick
/// whose snapshot is not this session's waits for its next one; clients send as often as they are
/// written to, so the tick after their inputs come stays the same for long. A session whose inputs
/// always wait, or are often a little late for its tick, is moved; less readily after each move,
/// for where inputs come in bursts no tick is the right one. Pure.
class Cadence {
  public:
    static constexpr std::uint8_t phases = 60;  ///< every period divides it
    explicit Cadence(std::uint8_t phase) : phase_(phase % phases) {}

    [[nodiscard]] bool has_turn(sim::Tick tick, sim::Tick period) const {
        return phase_ % period == tick % period;
    }

    /// After the snapshot of `tick`: the newest input came when `heard` was the newest tick known
    /// here, and this snapshot acknowledges it or does not. By how many ticks to move; 0 mostly.
    [[nodiscard]] sim::Tick observe(sim::Tick tick, sim::Tick heard, bool is_acknowledged,
                                    sim::Tick period) {
        if (!is_acknowledged) {
            // Came while the next tick was being computed, and is applied in the one after.
            if (tick > heard) lag_ = 2;
            waited_ = 0;
            late_ += late_weight;
            const sim::Tick later = (heard + lag_ + period * 2 - tick % period) % period;
            return late_ >= patience_ / 4 * late_weight ? later : 0;
        }
        late_ -= std::min(late_, 1U);
        if (++in_time_ >= patience_ * 64) {
            in_time_ = 0;
            lag_ = 1;  // clocks drift
        }
        // Only what never varies: to come a tick too late is worse than to wait for one.
        const auto lag = tick == heard + 1 ? 1 : lag_;
        const sim::Tick early = (heard + lag + period * 2 - tick % period) % period;
        waited_ = early == 0 || early != wish_ ? 0 : waited_ + 1;
        wish_ = early;
        return waited_ >= patience_ ? early : 0;
    }
    void move(sim::Tick by) {
        phase_ = static_cast<std::uint8_t>((phase_ + by) % phases);
        waited_ = late_ = in_time_ = 0;
        patience_ = std::min(patience_ * 2, patience_max);
    }

  private:
    static constexpr std::uint32_t patience_max = 4'096;
    static constexpr std::uint32_t late_weight = 10;  ///< one late in ten is too many
    std::uint8_t phase_;
    sim::Tick wish_ = 0;
    sim::Tick lag_ = 1;         ///< ticks from an input's coming to the one that applies it: 1 or 2
    std::uint32_t waited_ = 0;  ///< snapshots in a row for which inputs waited alike
    std::uint32_t late_ = 0;    ///< falls again with each that was in time
    std::uint32_t in_time_ = 0;  ///< since the last move
    std::uint32_t patience_ = 24;
};

}  // namespace muster::host
