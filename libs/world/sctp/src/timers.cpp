#include <algorithm>
#include <cstring>

#include "impl.hpp"

namespace muster::sctp {
namespace {

constexpr std::size_t heartbeat_info_bytes = 16;  // the time, and our tag

}  // namespace

std::optional<Instant> Association::Impl::deadline() const {
    if (state == State::closed) return std::nullopt;
    const Instant first =
        std::min({control_timer, sack_timer, out.timer(), resets.timer, heartbeat_timer});
    if (first == Instant::max()) return std::nullopt;
    return first;
}

bool Association::Impl::count_error() {
    if (++errors <= options.retransmissions_max) return true;
    close(CloseReason::unreachable);
    return false;
}

void Association::Impl::handle_timeout(Instant now) {
    if (state == State::closed) return;
    if (control_timer <= now) handle_control_timeout(now);
    if (state == State::closed) return;
    bool work = false;
    if (sack_timer <= now) {
        sack_timer = Instant::max();
        work = true;
    }
    if (out.timer() <= now) {
        if (!count_error()) return;
        out.timed_out(now);
        work = true;
    }
    if (resets.timer <= now) {
        resets.timer = Instant::max();
        if (!resets.requested.empty()) {
            if (!count_error()) return;
            Draft draft(*this);
            write_reset(draft.writer, now);
            if (!draft.writer.empty()) emit(draft);
        }
    }
    if (heartbeat_timer <= now) {
        heartbeat_timer = now + options.heartbeat;
        if (state == State::established) {
            if (!count_error()) return;  // heard() and the answer take it back
            send_heartbeat(now);
        }
    }
    if (work && takes_data()) transmit(now);
}

void Association::Impl::start_control_timer(Instant now) {
    control_timer = now + control_timeout;
}

/// T1-init, T1-cookie and T2-shutdown.
void Association::Impl::handle_control_timeout(Instant now) {
    control_timer = Instant::max();
    if (++tries > options.retransmissions_max) {
        close(CloseReason::unreachable);
        return;
    }
    switch (state) {
        case State::cookie_wait:
            send_init();
            break;
        case State::cookie_echoed:
            send_cookie_echo();
            break;
        case State::shutdown_sent:
            send_shutdown(now);
            break;
        case State::shutdown_ack_sent:
            send_single(ChunkType::shutdown_ack, 0, {});
            break;
        default:
            return;
    }
    ++statistics.retransmitted;
    control_timeout = std::min<Instant>(control_timeout * 2, options.rto_max);
    start_control_timer(now);
}

void Association::Impl::send_heartbeat(Instant now) {
    std::array<std::byte, heartbeat_info_bytes> body{};
    const auto sent = static_cast<std::uint64_t>(now.count());
    store16(&body[0], parameter::heartbeat_info);
    store16(&body[2], heartbeat_info_bytes);
    store32(&body[4], static_cast<std::uint32_t>(sent >> 32));
    store32(&body[8], static_cast<std::uint32_t>(sent));
    store32(&body[12], secrets.tag);
    send_single(ChunkType::heartbeat, 0, body);
}

void Association::Impl::handle_heartbeat_ack(const Chunk& chunk, Instant now) {
    const auto body = chunk.body;
    if (body.size() != heartbeat_info_bytes || load32(&body[12]) != secrets.tag) return;
    const auto sent = std::uint64_t{load32(&body[4])} << 32 | load32(&body[8]);
    const Instant since(static_cast<Instant::rep>(sent));
    if (since < Instant{0} || since > now) return;
    errors = 0;
    if (now - since > options.rto_max) return;
    out.round_trip().measured(now - since);
    statistics.round_trip = out.round_trip().smoothed();
}

}  // namespace muster::sctp
