#include "overload.hpp"

#include <algorithm>
#include <array>

namespace muster::host {
namespace {

constexpr std::array<std::uint8_t, 5> rates{60, 30, 20, 15, 10};

// How many rates below this one there are.
unsigned lower_rates(std::uint8_t rate) {
    return static_cast<unsigned>(
        std::ranges::count_if(rates, [rate](const std::uint8_t other) { return other < rate; }));
}

Service service_at(unsigned level, std::uint8_t rate) {
    Service out{.overload = Overload::none, .snapshot_rate = rate, .far_every = 3};
    if (level == 0) return out;
    out.overload = level == 1 ? Overload::far_thinned : Overload::rate_lowered;
    out.far_every = 6;
    for (const std::uint8_t lower : rates) {
        if (level == 1) break;
        if (lower >= rate) continue;
        out.snapshot_rate = lower;
        --level;
    }
    return out;
}

}  // namespace

OverloadControl::OverloadControl(std::uint8_t snapshot_rate)
    : rate_(snapshot_rate), service_(service_at(0, snapshot_rate)) {}

std::optional<Service> OverloadControl::update(Instant now, double load) {
    const auto since = [now](std::optional<Instant>& begin, bool is) {
        if (!is) begin.reset();
        if (is && !begin) begin = now;
        return is ? now - *begin : Instant(-1);
    };
    const Instant high_time = since(high_since_, load > high);
    const Instant low_time = since(low_since_, load < low);
    unsigned wanted = level_;
    const bool is_full = load >= full && (!stepped_at_ || now - *stepped_at_ >= full_for);
    if ((is_full || high_time >= high_for) && level_ < 1 + lower_rates(rate_)) wanted = level_ + 1;
    if (low_time >= low_for_now_ && level_ > 0) wanted = level_ - 1;
    if (wanted == level_) return std::nullopt;
    if (wanted < level_) {
        recovered_at_ = now;
    } else if (recovered_at_) {
        const bool is_soon = now - *recovered_at_ < soon;
        low_for_now_ = is_soon ? std::min<Instant>(low_for_now_ * 2, low_for_max) : low_for;
        recovered_at_.reset();
    }
    level_ = wanted;
    stepped_at_ = now;
    // What the step does must show before another one is taken.
    high_since_.reset();
    low_since_.reset();
    service_ = service_at(level_, rate_);
    return service_;
}

}  // namespace muster::host
