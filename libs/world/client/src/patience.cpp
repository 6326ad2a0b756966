#include "muster/client/patience.hpp"

#include <utility>

namespace muster::client {

void Patience::begin(std::string_view server, Instant now) {
    if (server != server_) {
        interval_ = gap_ = Instant(0);
        strikes_ = 0;
    } else if (is_left_) {
        strikes_ = std::min(strikes_max, strikes(now) + 1);
        strike_at_ = now;
    }
    server_ = server;
    is_left_ = has_spoken_ = false;
    message_at_ = datagram_at_ = now;
}

void Patience::message(Instant now) {
    const auto quiet = now - message_at_;
    message_at_ = datagram_at_ = now;
    // Before the first one, hands were shaken.
    if (!std::exchange(has_spoken_, true)) return;
    if (quiet < gap_ && now - gap_at_ < gap_kept) return;
    gap_ = quiet;
    gap_at_ = now;
}

Instant Patience::limit(Instant now) const {
    const auto gap = now - gap_at_ < gap_kept ? gap_ : Instant(0);
    return std::min(longest,
                    std::max({shortest * (1 << strikes(now)), interval_ * intervals, gap * gaps}));
}

std::string_view fingerprint_of(std::string_view sdp) {
    constexpr std::string_view name = "a=fingerprint:";
    const auto at = sdp.find(name);
    if (at == std::string_view::npos) return {};
    const auto rest = sdp.substr(at + name.size());
    return rest.substr(0, rest.find_first_of("\r\n"));
}

}  // namespace muster::client
