#include <algorithm>
#include <cstring>

#include "impl.hpp"

/// INIT, INIT ACK, COOKIE ECHO and COOKIE ACK (RFC 9260, 5). One DTLS session carries one
/// association, so our tag and first TSN are the same in all of them: both sides may start, and it
/// does not matter whose cookie wins.
namespace muster::sctp {
namespace {

constexpr std::chrono::seconds cookie_lifetime{60};
constexpr std::size_t cookie_bytes_max = 1'024;  // of the peer's, which we keep

struct InitFrame {
    std::array<std::byte, 1'024> bytes{};
    std::size_t size = 0;
};

void add_parameter(InitFrame& frame, std::uint16_t type, std::span<const std::byte> body) {
    const std::size_t length = 4 + body.size();
    if (frame.size + padded(length) > frame.bytes.size()) return;
    store16(&frame.bytes[frame.size], type);
    store16(&frame.bytes[frame.size + 2], static_cast<std::uint16_t>(length));
    std::ranges::copy(body, frame.bytes.begin() + static_cast<std::ptrdiff_t>(frame.size + 4));
    frame.size += padded(length);
}

InitFrame init_frame(const Options& options, const Secrets& secrets) {
    InitFrame frame;
    store32(&frame.bytes[0], secrets.tag);
    store32(&frame.bytes[4], options.receive_window);
    store16(&frame.bytes[8], options.streams);
    store16(&frame.bytes[10], options.streams);
    store32(&frame.bytes[12], secrets.initial_tsn);
    frame.size = init_body_bytes;
    constexpr std::array extensions{static_cast<std::byte>(ChunkType::reconfig),
                                    static_cast<std::byte>(ChunkType::forward_tsn)};
    add_parameter(frame, parameter::forward_tsn_supported, {});
    add_parameter(frame, parameter::supported_extensions, extensions);
    if (options.zero_checksum) {
        constexpr std::array<std::byte, 4> dtls{{{}, {}, {}, std::byte{1}}};
        add_parameter(frame, parameter::zero_checksum, dtls);
    }
    return frame;
}

Peer peer_of(const InitChunk& init) {
    return {.tag = init.tag,
            .initial_tsn = init.initial_tsn,
            .window = init.window,
            .out_streams = init.out_streams,
            .in_streams = init.in_streams,
            .forward_tsn = init.forward_tsn,
            .reconfig = init.reconfig,
            .zero_checksum = init.zero_checksum};
}

/// A parameter that reports each of these, which are whole and padded.
void add_reports(InitFrame& frame, std::span<const std::byte> unrecognized) {
    ParameterReader reader(unrecognized);
    while (const auto parameter = reader.next()) {
        add_parameter(frame, parameter::unrecognized, parameter->whole);
    }
}

}  // namespace

void Association::Impl::connect(Instant now) {
    if (state != State::idle) return;
    state = State::cookie_wait;
    tries = 0;
    control_timeout = options.rto_initial;
    send_init();
    start_control_timer(now);
}

void Association::Impl::send_init() {
    const InitFrame frame = init_frame(options, secrets);
    send_single(ChunkType::init, 0, std::span(frame.bytes).first(frame.size), 0);
}

void Association::Impl::handle_init(const Chunk& chunk, const CommonHeader&, Instant now) {
    const auto init = read_init(chunk);
    if (!init) {
        ++statistics.packets_bad;
        return;
    }
    if (state == State::shutdown_ack_sent) {  // RFC 9260, 9.2
        send_single(ChunkType::shutdown_ack, 0, {});
        return;
    }
    if (state >= State::established && init->tag != peer.tag) {
        refuse_restart(init->tag);
        return;
    }
    const auto state_cookie =
        seal({.made = now, .own_tag = secrets.tag, .peer = peer_of(*init)}, secrets.cookie_key);
    InitFrame frame = init_frame(options, secrets);
    add_parameter(frame, parameter::state_cookie, state_cookie);
    add_reports(frame, std::span(init->unrecognized).first(init->unrecognized_bytes));
    send_single(ChunkType::init_ack, 0, std::span(frame.bytes).first(frame.size), init->tag);
}

/// The peer began anew within one DTLS session. What it knew is lost, so are its messages; it has
/// to make a new session.
void Association::Impl::refuse_restart(std::uint32_t tag) {
    std::array<std::byte, 4> body{};
    store16(&body[0], cause::restart_refused);
    store16(&body[2], 4);
    send_single(ChunkType::abort, 0, body, tag);
}

void Association::Impl::handle_init_ack(const Chunk& chunk, Instant now) {
    if (state != State::cookie_wait) return;  // RFC 9260, 5.2.3
    const auto init = read_init(chunk);
    if (!init || init->cookie.size() > cookie_bytes_max) {
        ++statistics.packets_bad;
        return;
    }
    peer = peer_of(*init);
    cookie.assign(init->cookie.begin(), init->cookie.end());
    complaint.clear();
    if (init->unrecognized_bytes > 0) {
        complaint.resize(4 + init->unrecognized_bytes);
        store16(&complaint[0], cause::unrecognized_parameters);
        store16(&complaint[2], static_cast<std::uint16_t>(complaint.size()));
        std::ranges::copy(std::span(init->unrecognized).first(init->unrecognized_bytes),
                          complaint.begin() + 4);
    }
    state = State::cookie_echoed;
    tries = 0;
    control_timeout = options.rto_initial;
    send_cookie_echo();
    start_control_timer(now);
}

void Association::Impl::send_cookie_echo() {
    Draft draft(*this);
    std::byte* at = draft.writer.add(ChunkType::cookie_echo, 0, cookie.size());
    if (at == nullptr) return;
    std::memcpy(at, cookie.data(), cookie.size());
    if (!complaint.empty()) {
        if (std::byte* error = draft.writer.add(ChunkType::error, 0, complaint.size())) {
            std::memcpy(error, complaint.data(), complaint.size());
        }
    }
    emit(draft, true);
}

void Association::Impl::handle_cookie_echo(const Chunk& chunk, Instant now) {
    const auto sealed = unseal(chunk.body, secrets.cookie_key);
    if (!sealed || sealed->own_tag != secrets.tag) {
        ++statistics.packets_bad;
        return;
    }
    if (state >= State::established) {
        // Ours was lost (RFC 9260, 5.2.4 D), or an old one came late.
        if (sealed->peer.tag == peer.tag) (void)reply(ChunkType::cookie_ack, 0, 0);
        return;
    }
    const Instant age = now - sealed->made;
    if (age > cookie_lifetime) {
        std::array<std::byte, 8> body{};
        store16(&body[0], cause::stale_cookie);
        store16(&body[2], 8);
        store32(&body[4], static_cast<std::uint32_t>(std::min<Instant::rep>(
                              (age - Instant(cookie_lifetime)).count(), 0xFFFFFFFF)));
        send_single(ChunkType::error, 0, body, sealed->peer.tag);
        return;
    }
    open(sealed->peer, now);
    (void)reply(ChunkType::cookie_ack, 0, 0);
}

void Association::Impl::handle_cookie_ack(Instant now) {
    if (state == State::cookie_echoed) open(peer, now);
}

void Association::Impl::open(const Peer& with, Instant now) {
    peer = with;
    state = State::established;
    cookie = std::vector<std::byte>();
    complaint = std::vector<std::byte>();
    control_timer = Instant::max();
    tries = errors = 0;
    in.start(peer.initial_tsn, std::min(peer.out_streams, options.streams));
    out.start(secrets.initial_tsn, std::min(peer.in_streams, options.streams), peer.window,
              peer.forward_tsn);
    resets.next_request = secrets.initial_tsn;
    resets.expected = peer.initial_tsn;
    if (options.heartbeat.count() > 0) heartbeat_timer = now + options.heartbeat;
    made_progress = true;  // what was sent before may go out
    listener.on_open();
}

void Association::Impl::handle_error(const Chunk& chunk, Instant now) {
    if (state != State::cookie_echoed) return;
    ParameterReader causes(chunk.body);
    while (const auto why = causes.next()) {
        if (why->type != cause::stale_cookie) continue;
        // Our COOKIE ECHO was too slow: once more from the start (RFC 9260, 5.2.6).
        state = State::cookie_wait;
        cookie = std::vector<std::byte>();
        send_init();
        start_control_timer(now);
        return;
    }
}

}  // namespace muster::sctp
