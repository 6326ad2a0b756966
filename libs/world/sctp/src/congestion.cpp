#include "congestion.hpp"

#include <algorithm>

#include "chunks.hpp"

namespace muster::sctp {
namespace {

constexpr std::size_t initial_packets = 10;
constexpr std::size_t halved_packets_min = 8;
constexpr std::size_t timed_out_packets = 4;
constexpr std::size_t window_max = std::size_t{2} << 20;

}  // namespace

CongestionWindow::CongestionWindow(std::size_t packet_payload)
    : payload_(packet_payload), window_(initial_packets * packet_payload), threshold_(window_max) {}

void CongestionWindow::acknowledged(std::size_t bytes, bool was_full, bool nothing_left) {
    timed_out_ = false;
    if (recovering_) return;
    if (window_ <= threshold_) {  // slow start
        if (was_full) window_ = std::min(window_ + std::min(bytes, payload_), window_max);
        return;
    }
    partial_ += bytes;
    if (partial_ >= window_ && was_full) {
        partial_ -= window_;
        window_ = std::min(window_ + payload_, window_max);
    }
    partial_ = nothing_left ? 0 : std::min(partial_, window_);
}

void CongestionWindow::halve() {
    threshold_ = std::max(window_ / 2, halved_packets_min * payload_);
    partial_ = 0;
}

bool CongestionWindow::enter_recovery(std::uint32_t highest_outstanding) {
    if (recovering_) return false;
    halve();
    window_ = threshold_;
    exit_ = highest_outstanding;
    recovering_ = true;
    return true;
}

void CongestionWindow::leave_recovery(std::uint32_t cumulative) {
    if (recovering_ && !before(cumulative, exit_)) recovering_ = false;
}

void CongestionWindow::timed_out() {
    halve();
    window_ = timed_out_ ? payload_ : std::min(window_, timed_out_packets * payload_);
    timed_out_ = true;
    recovering_ = false;
}

void CongestionWindow::idled() {
    window_ = std::min(window_, std::max(window_ / 2, initial_packets * payload_));
}

void RoundTrip::measured(Instant sample) {
    sample = std::max(sample, Instant{0});
    if (smoothed_ == Instant{0}) {
        smoothed_ = std::max(sample, Instant{1});
        variation_ = sample / 2;
    } else {
        const Instant off = smoothed_ > sample ? smoothed_ - sample : sample - smoothed_;
        variation_ = (variation_ * 3 + off) / 4;
        smoothed_ = std::max((smoothed_ * 7 + sample) / 8, Instant{1});
    }
    timeout_ = std::clamp(smoothed_ + variation_ * 4, min_, max_);
}

void RoundTrip::back_off() {
    timeout_ = std::min(timeout_ * 2, max_);
}

}  // namespace muster::sctp
