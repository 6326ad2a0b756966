#include "impl.hpp"

/// The end in good order (RFC 9260, 9.2), and in none.
namespace muster::sctp {

void Association::Impl::shut_down(Instant now) {
    if (state < State::established) {
        if (state == State::cookie_echoed) send_abort(cause::user_abort, {});
        close(CloseReason::shut_down);
        return;
    }
    if (state != State::established) return;
    state = State::shutdown_pending;
    transmit(now);
    try_shutdown(now);
}

void Association::Impl::abort(std::string_view why) {
    if (state == State::closed) return;
    send_abort(cause::user_abort, why);
    close(CloseReason::closed_here);
}

/// Goes on when all that we had to send is acknowledged.
void Association::Impl::try_shutdown(Instant now) {
    if (!out.is_empty()) return;
    if (state == State::shutdown_pending) {
        state = State::shutdown_sent;
        send_shutdown(now);
    } else if (state == State::shutdown_received) {
        state = State::shutdown_ack_sent;
        send_single(ChunkType::shutdown_ack, 0, {});
    } else {
        return;
    }
    tries = 0;
    control_timeout = out.round_trip().timeout();
    start_control_timer(now);
}

void Association::Impl::send_shutdown(Instant) {
    std::array<std::byte, 4> body{};
    store32(body.data(), in.cumulative());
    send_single(ChunkType::shutdown, 0, body);
}

void Association::Impl::handle_shutdown(const Chunk& chunk, Instant now) {
    if (!takes_data() || chunk.body.size() < 4) return;
    heard(out.acknowledge(load32(chunk.body.data()), now), options.receive_window, now);
    if (state == State::shutdown_sent) {
        state = State::shutdown_ack_sent;
        send_single(ChunkType::shutdown_ack, 0, {});
        start_control_timer(now);
        return;
    }
    if (state == State::closed) return;
    state = State::shutdown_received;
    made_progress = true;  // so that try_shutdown() is asked
}

void Association::Impl::handle_shutdown_ack(Instant) {
    if (state < State::established) {
        send_single(ChunkType::shutdown_complete, tag_reflected, {}, secrets.tag);
        return;
    }
    if (state != State::shutdown_sent && state != State::shutdown_ack_sent) return;
    send_single(ChunkType::shutdown_complete, 0, {});
    close(CloseReason::shut_down);
}

}  // namespace muster::sctp
