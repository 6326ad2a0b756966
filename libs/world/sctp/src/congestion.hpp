#pragma once

#include <cstddef>
#include <cstdint>

#include "muster/sctp/association.hpp"

namespace muster::sctp {

/// The congestion window of RFC 9260, 7.2, with two deviations. It starts at 10 packets, as TCP
/// does (RFC 6928) and as the stacks of the browsers do. And it is gentler with flows that never
/// fill it: a snapshot every 33 ms has so few packets under way that the RFC's floors (four packets
/// after a loss, one after a timeout) would stop it for a round trip at each loss. So a loss leaves
/// eight packets at least, and a timeout four, but for a timeout after a timeout, which leaves one:
/// a path that carries nothing is backed off from as the RFC says.
class CongestionWindow {
  public:
    explicit CongestionWindow(std::size_t packet_payload);

    [[nodiscard]] std::size_t bytes() const { return window_; }
    [[nodiscard]] bool recovering() const { return recovering_; }
    /// The cumulative TSN went on; `was_full`: the window was used up before.
    void acknowledged(std::size_t bytes, bool was_full, bool nothing_left);
    /// Something is to be retransmitted fast; false when a recovery is under way already.
    bool enter_recovery(std::uint32_t highest_outstanding);
    void leave_recovery(std::uint32_t cumulative);
    void timed_out();
    /// Nothing was sent for a retransmission timeout: what the window says is old.
    void idled();

  private:
    void halve();

    std::size_t payload_, window_, threshold_;
    std::size_t partial_ = 0;
    std::uint32_t exit_ = 0;
    bool recovering_ = false;
    bool timed_out_ = false;  ///< and nothing was acknowledged since
};

/// The retransmission timeout of RFC 9260, 6.3.1.
class RoundTrip {
  public:
    explicit RoundTrip(const Options& options)
        : timeout_(options.rto_initial), min_(options.rto_min), max_(options.rto_max) {}

    [[nodiscard]] Instant timeout() const { return timeout_; }
    [[nodiscard]] Instant smoothed() const { return smoothed_; }
    void measured(Instant sample);
    void back_off();

  private:
    Instant timeout_, min_, max_;
    Instant smoothed_{0}, variation_{0};
};

}  // namespace muster::sctp
