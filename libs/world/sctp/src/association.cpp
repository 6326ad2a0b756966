#include "muster/sctp/association.hpp"

#include <algorithm>
#include <cstring>

#include "impl.hpp"
#include "muster/base/assert.hpp"

namespace muster::sctp {
namespace {

constexpr std::uint8_t reply_packets_max = 4;    // to one packet
constexpr std::uint8_t packets_per_sack = 2;     // RFC 9260, 6.2
constexpr std::size_t reported_bytes_max = 128;  // of what we do not know

/// A packet that has one of these is never answered when it belongs to nothing (RFC 9260, 8.4).
bool silences(ChunkType type) {
    return type == ChunkType::abort || type == ChunkType::shutdown_complete ||
           type == ChunkType::cookie_ack || type == ChunkType::error || type == ChunkType::init_ack;
}

}  // namespace

std::string_view name_of(CloseReason reason) {
    switch (reason) {
        case CloseReason::shut_down:
            return "shut_down";
        case CloseReason::aborted:
            return "aborted";
        case CloseReason::unreachable:
            return "unreachable";
        case CloseReason::violated:
            return "violated";
        case CloseReason::closed_here:
            return "closed_here";
    }
    return "unknown";
}

Association::Impl::Impl(const Options& given, const Secrets& with, Listener& to)
    : options(given),
      secrets(with),
      listener(to),
      in(options.receive_window, options.message_bytes_max, listener, statistics),
      out(options, statistics) {
    MUSTER_ASSERT(secrets.tag != 0);
    MUSTER_ASSERT(options.packet_bytes_max >= 256 && options.packet_bytes_max <= 65'535);
    MUSTER_ASSERT(options.streams > 0);
}

Association::Impl::Draft::Draft(const Impl& impl, std::uint32_t tag)
    : block(take_block(impl.options.headroom + impl.options.packet_bytes_max +
                       impl.options.tailroom)),
      writer({block.get() + impl.options.headroom, impl.options.packet_bytes_max},
             impl.options.local_port, impl.options.peer_port, tag) {}

bool Association::Impl::takes_data() const {
    return state == State::established || state == State::shutdown_pending ||
           state == State::shutdown_sent || state == State::shutdown_received;
}

bool Association::Impl::sends_data() const {
    return state == State::established || state == State::shutdown_pending ||
           state == State::shutdown_received;
}

void Association::Impl::emit(Draft& draft, bool checksum_required) {
    const bool zero = !checksum_required && options.zero_checksum && peer.zero_checksum &&
                      state >= State::established;
    const auto packet = draft.writer.finish(zero);
    ++statistics.packets_sent;
    statistics.bytes_sent += packet.size();
    listener.on_packet(packet);
}

void Association::Impl::send_single(ChunkType type, std::uint8_t flags,
                                    std::span<const std::byte> body,
                                    std::optional<std::uint32_t> tag) {
    Draft draft(*this, tag.value_or(peer.tag));
    std::byte* at = draft.writer.add(type, flags, body.size());
    if (at == nullptr) return;
    if (!body.empty()) std::memcpy(at, body.data(), body.size());
    emit(draft, tag.has_value() || type == ChunkType::cookie_echo);
}

std::byte* Association::Impl::reply(ChunkType type, std::uint8_t flags, std::size_t body_bytes) {
    if (peer.tag == 0) return nullptr;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (!replies) {
            if (reply_packets >= reply_packets_max) return nullptr;
            ++reply_packets;
            replies.emplace(*this);
        }
        if (std::byte* at = replies->writer.add(type, flags, body_bytes)) return at;
        if (replies->writer.empty()) return nullptr;
        emit(*replies);
        replies.reset();
    }
    return nullptr;
}

void Association::Impl::send_replies() {
    if (replies && !replies->writer.empty() && state != State::closed) emit(*replies);
    replies.reset();
    reply_packets = 0;
}

void Association::Impl::close(CloseReason reason) {
    if (state == State::closed) return;
    state = State::closed;
    out.clear();
    control_timer = sack_timer = heartbeat_timer = resets.timer = Instant::max();
    cookie = std::vector<std::byte>();
    listener.on_closed(reason);
}

void Association::Impl::send_abort(std::uint16_t why, std::string_view text) {
    if (peer.tag == 0) return;
    std::array<std::byte, 128> body{};
    const std::size_t length = std::min(text.size(), body.size() - 4);
    store16(&body[0], why);
    store16(&body[2], static_cast<std::uint16_t>(4 + length));
    std::ranges::copy(std::as_bytes(std::span(text.data(), length)), body.begin() + 4);
    send_single(ChunkType::abort, 0, std::span(body).first(4 + length));
}

void Association::Impl::violated(std::string_view what) {
    if (state == State::closed) return;
    send_abort(cause::protocol_violation, what);
    close(CloseReason::violated);
}

void Association::Impl::receive(std::span<const std::byte> packet, Instant now) {
    const auto header = read_header(packet);
    if (!header || header->source != options.peer_port ||
        header->destination != options.local_port) {
        ++statistics.packets_bad;
        return;
    }
    const auto chunks = packet.subspan(common_header_bytes);
    const auto first = static_cast<ChunkType>(chunks[0]);
    const bool unchecked =
        header->checksum == 0 && options.zero_checksum && first != ChunkType::init;
    if (!unchecked && !checksum_is_right(packet)) {
        ++statistics.packets_bad;
        return;
    }
    if (state == State::closed) {
        out_of_the_blue(*header, chunks);
        return;
    }
    const bool reflected = (std::to_integer<unsigned>(chunks[1]) & tag_reflected) != 0 &&
                           (first == ChunkType::abort || first == ChunkType::shutdown_complete);
    const std::uint32_t wanted =
        first == ChunkType::init ? 0 : (reflected ? peer.tag : secrets.tag);
    if (header->tag != wanted || (reflected && peer.tag == 0)) {
        ++statistics.packets_bad;
        return;
    }
    ++statistics.packets_received;
    statistics.bytes_received += packet.size();
    ChunkReader reader(chunks);
    bool has_data = false;
    while (const auto chunk = reader.next()) {
        has_data |= chunk->type == ChunkType::data || chunk->type == ChunkType::forward_tsn;
        if (!handle(*chunk, *header, now)) break;
        if (state == State::closed) break;
    }
    if (reader.malformed()) ++statistics.packets_bad;
    if (has_data && takes_data()) {
        ++unanswered;
        sack_now |= unanswered >= packets_per_sack || in.has_gaps();
        if (sack_timer == Instant::max()) sack_timer = now + options.sack_delay;
    }
    after_packet(now);
}

void Association::Impl::after_packet(Instant now) {
    send_replies();
    if (state == State::closed) return;
    if (!resets.deferred.empty()) perform_deferred();
    if (sack_now || (made_progress && out.has_work())) transmit(now);
    if (made_progress) try_shutdown(now);
    made_progress = false;
}

/// RFC 9260, 8.4: the association is over, and the peer may not know.
void Association::Impl::out_of_the_blue(const CommonHeader& header,
                                        std::span<const std::byte> chunks) {
    ++statistics.packets_bad;
    ChunkReader reader(chunks);
    bool answers_shutdown = false;
    while (const auto chunk = reader.next()) {
        if (silences(chunk->type)) return;
        if (chunk->type == ChunkType::init) {
            if (const auto init = read_init(*chunk))
                send_single(ChunkType::abort, 0, {}, init->tag);
            return;
        }
        answers_shutdown |= chunk->type == ChunkType::shutdown_ack;
    }
    send_single(answers_shutdown ? ChunkType::shutdown_complete : ChunkType::abort, tag_reflected,
                {}, header.tag);
}

bool Association::Impl::handle(const Chunk& chunk, const CommonHeader& header, Instant now) {
    switch (chunk.type) {
        case ChunkType::data:
            return handle_data(chunk, now);
        case ChunkType::sack:
            if (const auto sack = read_sack(chunk); sack && takes_data()) {
                heard(out.acknowledge(*sack, now), sack->window, now);
            }
            return true;
        case ChunkType::forward_tsn:
            handle_forward(chunk);
            return true;
        case ChunkType::init:
            handle_init(chunk, header, now);
            return false;  // it must be alone
        case ChunkType::init_ack:
            handle_init_ack(chunk, now);
            return false;
        case ChunkType::cookie_echo:
            handle_cookie_echo(chunk, now);
            return state >= State::established;
        case ChunkType::cookie_ack:
            handle_cookie_ack(now);
            return true;
        case ChunkType::heartbeat:
            if (std::byte* at = reply(ChunkType::heartbeat_ack, 0, chunk.body.size());
                at != nullptr && !chunk.body.empty()) {
                std::memcpy(at, chunk.body.data(), chunk.body.size());
            }
            return true;
        case ChunkType::heartbeat_ack:
            handle_heartbeat_ack(chunk, now);
            return true;
        case ChunkType::abort:
            close(CloseReason::aborted);
            return false;
        case ChunkType::shutdown:
            handle_shutdown(chunk, now);
            return true;
        case ChunkType::shutdown_ack:
            handle_shutdown_ack(now);
            return false;
        case ChunkType::shutdown_complete:
            if (state == State::shutdown_ack_sent) close(CloseReason::shut_down);
            return false;
        case ChunkType::error:
            handle_error(chunk, now);
            return true;
        case ChunkType::reconfig:
            if (takes_data()) handle_reconfig(chunk, now);
            return true;
    }
    return handle_unknown(chunk);
}

/// The two high bits say what to do with what one does not know (RFC 9260, 3.2).
bool Association::Impl::handle_unknown(const Chunk& chunk) {
    const auto type = static_cast<unsigned>(chunk.type);
    if ((type & 0x40) != 0 && peer.tag != 0) {
        const auto shown = chunk.whole.first(std::min(chunk.whole.size(), reported_bytes_max));
        if (std::byte* at = reply(ChunkType::error, 0, 4 + shown.size())) {
            store16(at, cause::unrecognized_chunk);
            store16(at + 2, static_cast<std::uint16_t>(4 + shown.size()));
            std::memcpy(at + 4, shown.data(), shown.size());
        }
    }
    return (type & 0x80) != 0;
}

bool Association::Impl::handle_data(const Chunk& chunk, Instant) {
    const auto data = read_data(chunk);
    if (!data || !takes_data()) return data.has_value();
    if (data->payload.empty()) {
        send_abort(cause::no_user_data, {});
        close(CloseReason::violated);
        return false;
    }
    if (!resets.deferred.empty() && is_deferred(*data)) return true;
    if ((data->flags & data_flags::immediate) != 0) sack_now = true;
    switch (in.data(*data)) {
        case Inbound::Took::taken:
            return true;
        case Inbound::Took::duplicate:
        case Inbound::Took::no_room:
            sack_now = true;
            return true;
        case Inbound::Took::no_stream:
            if (std::byte* at = reply(ChunkType::error, 0, 8)) {
                store16(at, cause::invalid_stream);
                store16(at + 2, 8);
                store16(at + 4, data->stream);
                store16(at + 6, 0);
            }
            return true;
        case Inbound::Took::violation:
            violated("fragments that make no message");
            return false;
    }
    return true;
}

void Association::Impl::handle_forward(const Chunk& chunk) {
    if (!takes_data() || chunk.body.size() < 4) return;
    sack_now = true;
    in.forward(load32(chunk.body.data()), chunk.body.subspan(4));
}

void Association::Impl::heard(Outbound::Heard result, std::uint32_t window, Instant) {
    switch (result) {
        case Outbound::Heard::violation:
            violated("a TSN that was never sent is acknowledged");
            return;
        case Outbound::Heard::progress:
            made_progress = true;
            errors = 0;
            return;
        case Outbound::Heard::nothing:
            made_progress = true;                               // the window may have opened
            if (window < options.packet_bytes_max) errors = 0;  // it lives, but has no room
            return;
        case Outbound::Heard::stale:
            return;
    }
}

void Association::Impl::transmit(Instant now) {
    out.expire(now);
    for (std::uint8_t burst = 0; burst < options.burst_max; ++burst) {
        const bool sack = unanswered > 0 || sack_now;
        const bool work = sends_data() && (out.has_work() || can_request_reset());
        if (!sack && !work) return;
        Draft draft(*this);
        if (sack && in.write_sack(draft.writer)) {
            unanswered = 0;
            sack_now = false;
            sack_timer = Instant::max();
        }
        if (work) {
            if (can_request_reset()) write_reset(draft.writer, now);
            if (out.write_forward(draft.writer, now)) out.fill(draft.writer, now);
        }
        if (draft.writer.empty()) return;
        emit(draft);
    }
}

// --- the public door ---

Association::Association(const Options& options, const Secrets& secrets, Listener& listener)
    : impl_(std::make_unique<Impl>(options, secrets, listener)) {}
Association::~Association() = default;

void Association::connect(Instant now) {
    impl_->connect(now);
}
void Association::receive(std::span<const std::byte> packet, Instant now) {
    impl_->receive(packet, now);
}
Sent Association::send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message,
                       const Reliability& reliability, Instant now) {
    if (impl_->state > State::established) return Sent::closed;
    return impl_->out.send(stream, ppid, message, reliability, now);
}
void Association::flush(Instant now) {
    if (!impl_->takes_data()) return;
    impl_->transmit(now);
    impl_->try_shutdown(now);
}
std::optional<Instant> Association::deadline() const {
    return impl_->deadline();
}
void Association::handle_timeout(Instant now) {
    impl_->handle_timeout(now);
}
void Association::reset_streams(std::span<const std::uint16_t> streams, Instant now) {
    impl_->reset_streams(streams, now);
}
void Association::shut_down(Instant now) {
    impl_->shut_down(now);
}
void Association::abort(std::string_view why, Instant) {
    impl_->abort(why);
}
bool Association::is_open() const {
    return impl_->state == State::established;
}
bool Association::is_closed() const {
    return impl_->state == State::closed;
}
std::size_t Association::reliable_bytes_pending() const {
    return impl_->out.reliable_bytes();
}
std::size_t Association::messages_pending(std::uint16_t stream) const {
    return impl_->out.messages_pending(stream);
}
std::size_t Association::messages_waiting(std::uint16_t stream) const {
    return impl_->out.messages_waiting(stream);
}
const Statistics& Association::statistics() const {
    return impl_->statistics;
}

}  // namespace muster::sctp
