#include <algorithm>

#include "impl.hpp"

/// Closing of streams (RFC 6525), as data channels do it: each side resets its outgoing streams.
namespace muster::sctp {
namespace {

enum Result : std::uint32_t {
    nothing_to_do = 0,
    performed = 1,
    denied = 2,
    wrong_ssn = 3,
    already_in_progress = 4,
    bad_sequence = 5,
    in_progress = 6,
};

constexpr std::size_t streams_per_request_max = 256;
constexpr std::size_t deferred_max = 4;
constexpr std::size_t request_fixed_bytes = 16;  // with the parameter's header

bool has(const std::vector<std::uint16_t>& streams, std::uint16_t stream) {
    return std::ranges::find(streams, stream) != streams.end();
}

std::vector<std::uint16_t> streams_in(std::span<const std::byte> list) {
    std::vector<std::uint16_t> streams;
    streams.reserve(list.size() / 2);
    for (std::size_t i = 0; i + 2 <= list.size(); i += 2) streams.push_back(load16(&list[i]));
    return streams;
}

}  // namespace

void Association::Impl::reset_streams(std::span<const std::uint16_t> streams, Instant) {
    if (state > State::established) return;
    for (const std::uint16_t stream : streams) want_reset(stream);
}

void Association::Impl::want_reset(std::uint16_t stream) {
    if (stream >= out.stream_count() || has(resets.wanted, stream) ||
        has(resets.requested, stream)) {
        return;
    }
    out.close_stream(stream);
    resets.wanted.push_back(stream);
}

bool Association::Impl::can_request_reset() const {
    if (state != State::established || resets.wanted.empty() || !resets.requested.empty()) {
        return false;
    }
    return std::ranges::any_of(resets.wanted, [&](std::uint16_t stream) {
        return stream >= out.stream_count() || out.drained(stream);
    });
}

/// One request is under way at a time; what was sent on a stream goes before its request.
void Association::Impl::write_reset(PacketWriter& packet, Instant now) {
    if (resets.requested.empty()) {
        std::erase_if(resets.wanted, [&](std::uint16_t stream) {
            if (!peer.reconfig) out.reopen_stream(stream, false);  // it cannot be told
            if (!peer.reconfig || stream >= out.stream_count()) return true;
            if (!out.drained(stream) || resets.requested.size() >= streams_per_request_max) {
                return false;
            }
            resets.requested.push_back(stream);
            return true;
        });
        if (resets.requested.empty()) return;
        resets.last_tsn = out.last_assigned_tsn();
    }
    const std::size_t length = request_fixed_bytes + resets.requested.size() * 2;
    resets.timer = now + out.round_trip().timeout();
    std::byte* at = packet.add(ChunkType::reconfig, 0, padded(length));
    if (at == nullptr) return;  // the timer tries again
    store16(at, parameter::outgoing_reset);
    store16(at + 2, static_cast<std::uint16_t>(length));
    store32(at + 4, resets.next_request);
    store32(at + 8, resets.expected - 1);
    store32(at + 12, resets.last_tsn);
    for (std::size_t i = 0; i < resets.requested.size(); ++i) {
        store16(at + request_fixed_bytes + i * 2, resets.requested[i]);
    }
    if (padded(length) != length) store16(at + length, 0);
}

void Association::Impl::handle_reconfig(const Chunk& chunk, Instant now) {
    ParameterReader parameters(chunk.body);
    while (const auto parameter = parameters.next()) {
        if (state == State::closed) return;
        const auto body = parameter->body;
        if (parameter->type == parameter::reconfig_response) {
            handle_reset_response(body, now);
            continue;
        }
        if (parameter->type < parameter::outgoing_reset ||
            parameter->type > parameter::add_incoming || body.size() < 4) {
            continue;
        }
        const std::uint32_t sequence = load32(body.data());
        if (sequence == resets.expected - 1 || sequence == resets.expected - 2) {
            // Our answer was lost; it is the same again.
            answer_reset(sequence, resets.results[resets.expected - 1 - sequence]);
            continue;
        }
        if (sequence != resets.expected) {
            answer_reset(sequence, bad_sequence);
            continue;
        }
        std::uint32_t result = denied;
        if (parameter->type == parameter::outgoing_reset) {
            result = handle_outgoing_reset(body);
        } else if (parameter->type == parameter::incoming_reset) {
            const auto streams = streams_in(body.subspan(4));
            for (const std::uint16_t stream : streams) want_reset(stream);
            result = streams.empty() ? denied : performed;
            made_progress = true;
        }
        resets.results = {result, resets.results[0]};
        ++resets.expected;
        answer_reset(sequence, result);
    }
}

/// A request that overtook its data is answered at once and done when the data came: not every
/// sender asks again after "in progress".
std::uint32_t Association::Impl::handle_outgoing_reset(std::span<const std::byte> body) {
    if (body.size() < 12) return denied;
    const std::uint32_t last_tsn = load32(&body[8]);
    auto streams = streams_in(body.subspan(12));
    for (const std::uint16_t stream : streams) {
        if (stream >= in.stream_count()) return wrong_ssn;
    }
    if (before(in.cumulative(), last_tsn)) {
        if (resets.deferred.size() >= deferred_max) return already_in_progress;
        resets.deferred.push_back({.last_tsn = last_tsn, .streams = std::move(streams)});
        return performed;
    }
    perform_reset(streams);
    return performed;
}

void Association::Impl::perform_reset(std::span<const std::uint16_t> streams) {
    in.reset_streams(streams);
    if (!streams.empty()) {
        listener.on_streams_reset(streams);
        return;
    }
    std::vector<std::uint16_t> all(in.stream_count());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
    listener.on_streams_reset(all);
}

void Association::Impl::perform_deferred() {
    for (std::size_t i = 0; i < resets.deferred.size();) {
        if (before(in.cumulative(), resets.deferred[i].last_tsn)) {
            ++i;
            continue;
        }
        const auto streams = std::move(resets.deferred[i].streams);
        resets.deferred.erase(resets.deferred.begin() + static_cast<std::ptrdiff_t>(i));
        perform_reset(streams);
    }
}

/// It was sent after the reset that has not happened here yet: as if lost.
bool Association::Impl::is_deferred(const DataChunk& chunk) const {
    return std::ranges::any_of(resets.deferred, [&](const Resets::Deferred& reset) {
        return before(reset.last_tsn, chunk.tsn) &&
               (reset.streams.empty() || has(reset.streams, chunk.stream));
    });
}

void Association::Impl::answer_reset(std::uint32_t sequence, std::uint32_t result) {
    std::byte* at = reply(ChunkType::reconfig, 0, 12);
    if (at == nullptr) return;
    store16(at, parameter::reconfig_response);
    store16(at + 2, 12);
    store32(at + 4, sequence);
    store32(at + 8, result);
}

void Association::Impl::handle_reset_response(std::span<const std::byte> body, Instant now) {
    if (body.size() < 8 || resets.requested.empty() || load32(&body[0]) != resets.next_request) {
        return;
    }
    errors = 0;
    ++resets.next_request;
    const std::uint32_t result = load32(&body[4]);
    if (result == in_progress) {
        // Asked again later, as a new request: the answer to this one is given.
        resets.timer = now + out.round_trip().timeout();
        return;
    }
    for (const std::uint16_t stream : resets.requested) {
        out.reopen_stream(stream, result == performed || result == nothing_to_do);
    }
    resets.requested.clear();
    resets.timer = Instant::max();
    made_progress = true;  // the next request may go out
}

}  // namespace muster::sctp
