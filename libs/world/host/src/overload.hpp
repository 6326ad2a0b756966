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

    /// `load`: the busiest thread's share of its time, 1 is all of it. To be called about twice a
    /// second. The new service when it changes.
    [[nodiscard]] std::optional<Service> update(Instant now, double load);
    [[nodiscard]] const Service& service() const { return service_; }

    static constexpr double high = 0.8;
    static constexpr double low = 0.5;
    static constexpr std::chrono::seconds high_for{2};
    static constexpr std::chrono::seconds low_for{5};

  private:
    std::uint8_t rate_;
    unsigned level_ = 0;
    Service service_;
    std::optional<Instant> high_since_;
    std::optional<Instant> low_since_;
};

}  // namespace muster::host
