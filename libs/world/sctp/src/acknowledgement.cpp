#include <algorithm>

#include "message.hpp"
#include "outbound.hpp"

/// What a SACK does to the chunks under way, and what is lost or given up.
namespace muster::sctp {
namespace {

constexpr std::uint8_t misses_max = 3;  // RFC 9260, 7.2.4

}  // namespace

Outbound::Heard Outbound::acknowledge(std::uint32_t cumulative, Instant now) {
    const auto window =
        static_cast<std::uint32_t>(std::min<std::size_t>(peer_window_ + in_flight_, 0xFFFFFFFF));
    return acknowledge(SackChunk{.cumulative = cumulative, .window = window, .blocks = {}}, now);
}

Outbound::Heard Outbound::acknowledge(const SackChunk& sack, Instant now) {
    if (!started_ || before(sack.cumulative, first_tsn() - 1)) return Heard::stale;
    if (!before(sack.cumulative, next_tsn_)) return Heard::violation;
    const bool was_full = in_flight_ + fragment_bytes_ > congestion_.bytes();
    Acked acked;
    pop_acknowledged(sack.cumulative, acked, now);
    if (!sack.blocks.empty() || gap_acknowledged_ > 0) {
        apply_blocks(sack, acked, now);
        count_misses(acked, now);
    }
    peer_window_ = sack.window > in_flight_ ? sack.window - in_flight_ : 0;
    after_acknowledgement(acked, was_full, now);
    return acked.any || acked.cumulative ? Heard::progress : Heard::nothing;
}

void Outbound::pop_acknowledged(std::uint32_t cumulative, Acked& acked, Instant now) {
    while (!chunks_.empty() && !before(cumulative, first_tsn())) {
        mark_acknowledged(0, acked, now);
        if (chunks_.front().state == State::acknowledged) --gap_acknowledged_;
        release(chunks_.front().message);
        chunks_.pop_front();
        acked.cumulative = true;
    }
}

void Outbound::mark_acknowledged(std::size_t index, Acked& acked, Instant now) {
    Chunk& chunk = chunks_[index];
    if (chunk.state == State::in_flight) {
        in_flight_ -= chunk.length;
    } else if (chunk.state == State::to_retransmit) {
        --to_retransmit_;
    } else {
        return;
    }
    chunk.state = State::acknowledged;
    ++gap_acknowledged_;
    acked.bytes += chunk.length;
    acked.highest = first_tsn() + static_cast<std::uint32_t>(index);
    acked.any = true;
    if (measuring_ && measured_tsn_ == acked.highest) {
        measuring_ = false;
        if (chunk.retransmits == 0) round_trip_.measured(now - measured_since_);
        statistics_.round_trip = round_trip_.smoothed();
    }
}

/// Chunks that an earlier SACK had and this one has not are under way again: the peer may take
/// back what is after a gap (RFC 9260, 6.2.1 D iii).
void Outbound::apply_blocks(const SackChunk& sack, Acked& acked, Instant now) {
    std::size_t done = 0;
    const auto take_back_until = [&](std::size_t end) {
        for (; done < end && gap_acknowledged_ > 0; ++done) {
            if (chunks_[done].state != State::acknowledged) continue;
            chunks_[done].state = State::in_flight;
            chunks_[done].misses = 0;
            in_flight_ += chunks_[done].length;
            --gap_acknowledged_;
        }
        done = end;
    };
    for (std::size_t i = 0; i < sack.block_count(); ++i) {
        const std::size_t start = sack.start(i), end = sack.end(i);
        // Blocks that overlap, go back or acknowledge what was never sent end the list.
        if (start <= done || end < start || end > chunks_.size()) break;
        take_back_until(start - 1);
        for (; done < end; ++done) mark_acknowledged(done, acked, now);
    }
    take_back_until(chunks_.size());
}

void Outbound::count_misses(const Acked& acked, Instant now) {
    if (!acked.any) return;
    bool lost = false;
    bool lost_first = false;
    const std::uint32_t first = first_tsn();
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        if (!before(first + static_cast<std::uint32_t>(i), acked.highest)) break;
        Chunk& chunk = chunks_[i];
        if (chunk.state != State::in_flight || chunk.fast) continue;
        if (++chunk.misses < misses_max) continue;
        chunk.fast = true;
        lost = true;
        lost_first |= i == 0;
        lose(i, now);
    }
    // RFC 9260, 7.2.4 (4): the first one outstanding begins anew, whether it is sent again or
    // skipped; otherwise each loss of a flow that is never retransmitted would end in a timeout.
    if (lost_first) timer_ = now + round_trip_.timeout();
    if (lost && congestion_.enter_recovery(next_tsn_ - 1)) fast_due_ = true;
}

void Outbound::after_acknowledgement(const Acked& acked, bool was_full, Instant now) {
    if (acked.cumulative) {
        congestion_.acknowledged(acked.bytes, was_full, chunks_.empty());
        congestion_.leave_recovery(first_tsn() - 1);
        timer_ = now + round_trip_.timeout();
    }
    if (chunks_.empty()) {
        timer_ = Instant::max();
        advanced_ = next_tsn_ - 1;
        forward_due_ = fast_due_ = false;
        return;
    }
    advance_point();
}

/// One transmission of the chunk is taken for lost.
void Outbound::lose(std::size_t index, Instant now) {
    Chunk& chunk = chunks_[index];
    if (gives_up(chunk, now)) {
        abandon(chunk.message);
        return;
    }
    in_flight_ -= chunk.length;
    peer_window_ += chunk.length;
    chunk.state = State::to_retransmit;
    ++to_retransmit_;
}

bool Outbound::gives_up(const Chunk& chunk, Instant now) const {
    if (!peer_forwards_) return false;
    const Message& message = *chunk.message;
    switch (message.policy) {
        case Reliability::Policy::reliable:
            return false;
        case Reliability::Policy::retransmissions:
            return chunk.retransmits >= message.limit;
        case Reliability::Policy::lifetime:
            return message.late(now);
    }
    return false;
}

/// Gives up the whole message, never a part of it: a FORWARD TSN that ends within a message leaves
/// fragments at the peer that belong to nothing. If some of it has no TSN yet, one more is spent
/// for its end, so that the next message does not seem to follow an unfinished one.
void Outbound::abandon(Message* message) {
    if (message->abandoned) return;
    message->abandoned = true;
    ++statistics_.abandoned;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        Chunk& chunk = chunks_[i];
        if (chunk.message != message) continue;
        if (chunk.state == State::in_flight) in_flight_ -= chunk.length;
        if (chunk.state == State::to_retransmit) --to_retransmit_;
        if (chunk.state == State::acknowledged) --gap_acknowledged_;
        chunk.state = State::abandoned;
    }
    if (message != begun_) return;
    chunks_.push_back({.message = message, .offset = message->sent, .state = State::abandoned});
    ++next_tsn_;
    ++message->chunks;
    finish_sending(message);
}

void Outbound::advance_point() {
    const std::uint32_t cumulative = first_tsn() - 1;
    if (before(advanced_, cumulative)) advanced_ = cumulative;
    std::size_t index = advanced_ - cumulative;
    while (index < chunks_.size() && chunks_[index].state == State::abandoned) ++index;
    advanced_ = cumulative + static_cast<std::uint32_t>(index);
    forward_due_ = index > 0 && !forward_would_harm(index);
}

/// usrsctp (0.9.5, and so the peers that are made of it) aborts when a FORWARD TSN ends right
/// before an unordered message of one chunk that it does not have, while it holds fragments of
/// later unordered messages of the same stream: it takes the chunk for a fragment of what was
/// skipped. That chunk goes first, then; it is delivered without the FORWARD TSN, too.
bool Outbound::forward_would_harm(std::size_t index) const {
    constexpr std::uint8_t fragment_bits = data_flags::begin | data_flags::end;
    constexpr std::uint8_t alone = fragment_bits | data_flags::unordered;
    if (index >= chunks_.size() || chunks_[index].flags != alone) return false;
    if (chunks_[index].state == State::acknowledged) return false;
    const std::uint16_t stream = chunks_[index].message->stream;
    for (std::size_t i = index + 1; i < chunks_.size(); ++i) {
        const Chunk& chunk = chunks_[i];
        if (chunk.message->stream == stream && (chunk.flags & fragment_bits) != fragment_bits &&
            !chunk.message->ordered) {
            return true;
        }
    }
    return false;
}

void Outbound::timed_out(Instant now) {
    congestion_.timed_out();
    round_trip_.back_off();
    measuring_ = false;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        chunks_[i].misses = 0;
        chunks_[i].fast = false;
        if (chunks_[i].state == State::in_flight) lose(i, now);
    }
    advance_point();
    timer_ = chunks_.empty() ? Instant::max() : now + round_trip_.timeout();
}

}  // namespace muster::sctp
