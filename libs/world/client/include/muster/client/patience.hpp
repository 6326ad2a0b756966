#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "muster/rtc/endpoint.hpp"

namespace muster::client {

using rtc::Instant;

/// How long a server may say nothing before it counts as gone. Whoever resumes costs a server far
/// more than one that plays; one that is late because it has too much to do has more of it by
/// everybody who takes it for dead. So what was seen of its lateness makes for patience: it said
/// that it shows its world less often; it fell silent and spoke again by itself; it was left for
/// its silence, and the same one answered, which doubles the wait for a minute. Datagrams without a
/// message speak for it, too, up to `longest`. A server that was quick until it died has none of
/// these to its credit and is left after `shortest`. The page's
/// sdk/typescript/src/net/patience.ts is the same.
class Patience {
  public:
    static constexpr Instant shortest = std::chrono::milliseconds(1'500);
    static constexpr Instant longest = std::chrono::seconds(5);

    /// Of a Welcome or a Notice: snapshots a second; 0 says nothing.
    void told(std::uint8_t snapshot_rate) {
        if (snapshot_rate > 0) interval_ = Instant(std::chrono::seconds(1)) / snapshot_rate;
    }
    /// Whom one talks to from `now` on: the fingerprint of the answer. What was seen of another one
    /// counts no more.
    void begin(std::string_view server, Instant now);
    void message(Instant now);
    void datagram(Instant now) { datagram_at_ = now; }
    /// It is left for its silence.
    void left() { is_left_ = true; }

    /// Of somebody who has heard a message already.
    [[nodiscard]] bool is_over(Instant now) const {
        const auto quiet = now - message_at_;
        return quiet > longest || (quiet > limit(now) && now - datagram_at_ > limit(now));
    }
    [[nodiscard]] Instant limit(Instant now) const;
    /// How often it was left in vain lately: 0 to 2.
    [[nodiscard]] std::uint32_t strikes(Instant now) const {
        return now - strike_at_ < strike_kept ? strikes_ : 0;
    }

  private:
    static constexpr Instant gap_kept = std::chrono::seconds(15);
    static constexpr Instant strike_kept = std::chrono::minutes(1);
    static constexpr std::uint32_t strikes_max = 2;
    static constexpr int intervals = 20;
    static constexpr int gaps = 2;

    std::string server_;
    Instant interval_{0};
    Instant message_at_{0}, datagram_at_{0};
    Instant gap_{0}, gap_at_{0};
    Instant strike_at_{0};
    std::uint32_t strikes_ = 0;
    bool is_left_ = false;
    bool has_spoken_ = false;
};

/// Who made a description: the fingerprint of its certificate, as it is written there.
[[nodiscard]] std::string_view fingerprint_of(std::string_view sdp);

}  // namespace muster::client
