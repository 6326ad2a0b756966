#pragma once

#include <cstdint>
#include <optional>

#include "histogram.hpp"
#include "muster/host/world_server.hpp"

namespace muster::host {

/// What sessions get at a level of overload.
struct Service {
    Overload overload = Overload::none;
    std::uint8_t snapshot_rate = 30;
    std::uint8_t far_every = 3;
    bool operator==(const Service&) const = default;
};

/// Decides how much everybody gets, by the load: first what is far comes less often, then snapshots
/// do (60, 30, 20, 15, 10), one step at a time, and back with hysteresis. Pure.
class OverloadControl {
  public:
    explicit OverloadControl(std::uint8_t snapshot_rate);

    /// `load`: of the thread that has the most to do, 1 is all that it can. To be called about
    /// twice a second. The new service when it changes.
    [[nodiscard]] std::optional<Service> update(Instant now, double load);
    [[nodiscard]] const Service& service() const { return service_; }

    static constexpr double high = 0.8;
    static constexpr double low = 0.5;
    /// Nothing is left: what waits then grows with every tick, so a step is taken at once.
    static constexpr double full = 0.98;
    static constexpr std::chrono::seconds high_for{2};
    /// At first. Who has to step down again soon after a step up waits twice as long next time.
    static constexpr std::chrono::milliseconds low_for{2'000};
    static constexpr std::chrono::seconds low_for_max{32};
    static constexpr std::chrono::seconds soon{10};
    static constexpr std::chrono::milliseconds full_for{900};  ///< since the step before

  private:
    std::uint8_t rate_;
    unsigned level_ = 0;
    Service service_;
    Instant low_for_now_ = low_for;
    std::optional<Instant> stepped_at_, recovered_at_;
    std::optional<Instant> high_since_;
    std::optional<Instant> low_since_;
};

}  // namespace muster::host
