#include "inbound.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace muster::sctp {
namespace {

bool bit(const auto& bits, std::uint32_t tsn) {
    return (bits[tsn / 64 % bits.size()] >> (tsn % 64) & 1) != 0;
}
void flip(auto& bits, std::uint32_t tsn) {
    bits[tsn / 64 % bits.size()] ^= std::uint64_t{1} << (tsn % 64);
}

}  // namespace

void Inbound::start(std::uint32_t initial_tsn, std::uint16_t streams) {
    cumulative_ = initial_tsn - 1;
    next_ssn_.assign(streams, 0);
}

bool Inbound::came(std::uint32_t tsn) const {
    if (!before(cumulative_, tsn)) return true;
    return early_ > 0 && tsn - cumulative_ <= tsn_window && bit(*bits_, tsn);
}

void Inbound::mark(std::uint32_t tsn) {
    if (tsn == cumulative_ + 1) {
        ++cumulative_;
        if (early_ > 0) advance();
        return;
    }
    if (!bits_) bits_ = std::make_unique<Bits>();
    if (early_ == 0 || before(highest_, tsn)) highest_ = tsn;
    flip(*bits_, tsn);
    ++early_;
}

void Inbound::advance() {
    while (early_ > 0 && bit(*bits_, cumulative_ + 1)) {
        ++cumulative_;
        flip(*bits_, cumulative_);
        --early_;
    }
}

Inbound::Took Inbound::data(const DataChunk& chunk) {
    if (came(chunk.tsn)) {
        ++statistics_.duplicates;
        if (duplicate_count_ < duplicates_max) duplicates_[duplicate_count_++] = chunk.tsn;
        return Took::duplicate;
    }
    if (chunk.tsn - cumulative_ > tsn_window) return Took::no_room;
    if (chunk.stream >= next_ssn_.size()) {
        mark(chunk.tsn);
        return Took::no_stream;
    }
    if (!chunk.begins() || !chunk.ends()) return hold(chunk);
    if (chunk.unordered()) {
        mark(chunk.tsn);
        deliver(chunk.stream, chunk.ppid, chunk.payload);
        return Took::taken;
    }
    std::uint16_t& next = next_ssn_[chunk.stream];
    if (chunk.ssn == next) {
        mark(chunk.tsn);
        ++next;
        deliver(chunk.stream, chunk.ppid, chunk.payload);
        if (!held_.empty()) {
            deliver_ready(chunk.stream);
            sweep();
        }
        return Took::taken;
    }
    if (before16(chunk.ssn, next)) {  // skipped by a FORWARD TSN
        mark(chunk.tsn);
        return Took::taken;
    }
    return hold(chunk);
}

std::size_t Inbound::find(std::uint32_t tsn) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(held_, tsn, before, &Held::tsn) -
                                    held_.begin());
}

bool Inbound::belongs(const Held& earlier, const Held& later) const {
    return earlier.tsn + 1 == later.tsn && !earlier.ends() && !later.begins();
}

Inbound::Run Inbound::run_around(std::size_t index) const {
    Run run{.first = index, .last = index, .bytes = held_[index].length};
    while (run.first > 0 && belongs(held_[run.first - 1], held_[run.first])) {
        run.bytes += held_[--run.first].length;
    }
    while (run.last + 1 < held_.size() && belongs(held_[run.last], held_[run.last + 1])) {
        run.bytes += held_[++run.last].length;
    }
    run.whole = held_[run.first].begins() && held_[run.last].ends();
    return run;
}

Inbound::Took Inbound::hold(const DataChunk& chunk) {
    const bool expected = chunk.tsn == cumulative_ + 1;
    const std::size_t cost = chunk.payload.size() + held_overhead;
    if (held_bytes_ + cost > receive_window_) {
        // The one that everything waits for is let in, or the window would never open again.
        if (!expected) return Took::no_room;
        if (held_bytes_ > receive_window_ + 2 * message_bytes_max_) return Took::violation;
    }
    const std::size_t at = find(chunk.tsn);
    const auto fits = [&](const Held& other, bool both_inside) {
        return !both_inside ||
               (other.stream == chunk.stream && other.unordered() == chunk.unordered() &&
                (chunk.unordered() || other.ssn == chunk.ssn));
    };
    if (at > 0 && held_[at - 1].tsn + 1 == chunk.tsn) {
        const Held& earlier = held_[at - 1];
        if (earlier.ends() != chunk.begins() || !fits(earlier, !earlier.ends())) {
            return Took::violation;
        }
    } else if (!chunk.begins() && came(chunk.tsn - 1)) {
        mark(chunk.tsn);  // its beginning was skipped: it can never be whole
        drop_hopeless();
        sweep();
        return Took::taken;
    }
    if (at < held_.size() && held_[at].tsn == chunk.tsn + 1) {
        const Held& later = held_[at];
        if (later.begins() != chunk.ends() || !fits(later, !later.begins())) {
            return Took::violation;
        }
    }
    Held held{.tsn = chunk.tsn,
              .ppid = chunk.ppid,
              .stream = chunk.stream,
              .ssn = chunk.ssn,
              .flags = chunk.flags,
              .length = static_cast<std::uint32_t>(chunk.payload.size()),
              .payload = take_block(chunk.payload.size())};
    std::memcpy(held.payload.get(), chunk.payload.data(), chunk.payload.size());
    held_.insert(held_.begin() + static_cast<std::ptrdiff_t>(at), std::move(held));
    held_bytes_ += cost;
    mark(chunk.tsn);
    const Run run = run_around(at);
    if (run.bytes > message_bytes_max_) return Took::violation;
    if (!run.whole) return Took::taken;
    const std::uint16_t next = next_ssn_[chunk.stream];
    if (chunk.unordered()) {
        deliver(run);
    } else if (chunk.ssn == next) {
        ++next_ssn_[chunk.stream];
        deliver(run);
        deliver_ready(chunk.stream);
    } else if (before16(chunk.ssn, next)) {
        drop(run);
    }
    sweep();
    return Took::taken;
}

void Inbound::deliver(std::uint16_t stream, std::uint32_t ppid,
                      std::span<const std::byte> message) {
    if (message.size() > message_bytes_max_) return;
    ++statistics_.messages_received;
    listener_.on_message(stream, ppid, message);
}

void Inbound::deliver(const Run& run) {
    const Held& first = held_[run.first];
    if (run.first == run.last) {
        deliver(first.stream, first.ppid, {first.payload.get(), first.length});
    } else {
        const Block whole = take_block(run.bytes);
        std::size_t at = 0;
        for (std::size_t i = run.first; i <= run.last; ++i) {
            std::memcpy(whole.get() + at, held_[i].payload.get(), held_[i].length);
            at += held_[i].length;
        }
        deliver(first.stream, first.ppid, {whole.get(), run.bytes});
    }
    drop(run);
}

void Inbound::drop(Held& held) {
    held_bytes_ -= held.length + held_overhead;
    held.payload = nullptr;
    unswept_ = true;
}

void Inbound::drop(const Run& run) {
    for (std::size_t i = run.first; i <= run.last; ++i) drop(held_[i]);
}

void Inbound::sweep() {
    if (!unswept_) return;
    unswept_ = false;
    std::erase_if(held_, [](const Held& held) { return !held.payload; });
    if (held_.empty() && held_.capacity() > 16) held_ = std::vector<Held>();
}

/// Delivers what is next in order. Senders count SSNs up with TSNs, so one pass finds them all;
/// for others it is tried again from the start.
void Inbound::deliver_ready(std::uint16_t stream) {
    bool progress = true;
    while (progress) {
        progress = false;
        for (std::size_t i = 0; i < held_.size(); ++i) {
            const Held& held = held_[i];
            if (!held.payload || held.stream != stream || held.unordered() || !held.begins() ||
                held.ssn != next_ssn_[stream]) {
                continue;
            }
            const Run run = run_around(i);
            if (!run.whole) continue;
            ++next_ssn_[stream];
            deliver(run);
            i = run.last;
            progress = true;
        }
    }
}

void Inbound::forward(std::uint32_t cumulative, std::span<const std::byte> skips) {
    if (!before(cumulative_, cumulative)) return;
    if (early_ > 0) {
        if (!before(cumulative, highest_)) {
            bits_->fill(0);
            early_ = 0;
        } else {
            for (std::uint32_t tsn = cumulative_ + 1; tsn != cumulative + 1; ++tsn) {
                if (!bit(*bits_, tsn)) continue;
                flip(*bits_, tsn);
                --early_;
            }
        }
    }
    cumulative_ = cumulative;
    advance();
    for (std::size_t i = 0; i + 4 <= skips.size(); i += 4) {
        const std::uint16_t stream = load16(&skips[i]);
        if (stream < next_ssn_.size()) skip(stream, load16(&skips[i + 2]));
    }
    drop_hopeless();
    sweep();
}

/// The peer gave up messages of the stream up to `ssn`; those that are whole are still good.
void Inbound::skip(std::uint16_t stream, std::uint16_t ssn) {
    if (before16(ssn, next_ssn_[stream])) return;
    for (std::size_t i = 0; i < held_.size(); ++i) {
        const Held& held = held_[i];
        if (!held.payload || held.stream != stream || held.unordered() || !held.begins() ||
            before16(ssn, held.ssn) || before16(held.ssn, next_ssn_[stream])) {
            continue;
        }
        const Run run = run_around(i);
        if (run.whole) {
            next_ssn_[stream] = static_cast<std::uint16_t>(held.ssn + 1);
            deliver(run);
        }
        i = run.last;
    }
    if (!before16(ssn, next_ssn_[stream])) next_ssn_[stream] = static_cast<std::uint16_t>(ssn + 1);
    deliver_ready(stream);
}

/// Drops fragments whose neighbour was skipped, and messages whose turn has passed.
void Inbound::drop_hopeless() {
    sweep();
    for (std::size_t i = 0; i < held_.size();) {
        const Run run = run_around(i);
        const Held &first = held_[run.first], &last = held_[run.last];
        const bool headless = !first.begins() && !before(cumulative_, first.tsn - 1);
        const bool endless = !last.ends() && !before(cumulative_, last.tsn + 1);
        const bool late = !first.unordered() && before16(first.ssn, next_ssn_[first.stream]);
        if (headless || endless || late) drop(run);
        i = run.last + 1;
    }
}

void Inbound::reset_streams(std::span<const std::uint16_t> streams) {
    const auto reset = [&](std::uint16_t stream) {
        next_ssn_[stream] = 0;
        for (Held& held : held_) {
            if (held.payload && held.stream == stream && !held.unordered()) drop(held);
        }
    };
    for (const std::uint16_t stream : streams) {
        if (stream < next_ssn_.size()) reset(stream);
    }
    if (streams.empty()) {
        for (std::size_t i = 0; i < next_ssn_.size(); ++i) reset(static_cast<std::uint16_t>(i));
    }
    sweep();
}

std::size_t Inbound::gap_blocks(std::span<std::byte> into) const {
    std::size_t used = 0;
    std::uint32_t tsn = cumulative_ + 2;  // the next one is missing
    const std::uint32_t end = highest_ + 1;
    while (before(tsn, end) && used + 4 <= into.size()) {
        const std::uint64_t word = (*bits_)[tsn / 64 % bits_->size()] >> (tsn % 64);
        if (word == 0) {
            tsn += 64 - tsn % 64;
            continue;
        }
        tsn += static_cast<std::uint32_t>(std::countr_zero(word));
        if (!before(tsn, end)) break;  // a bit of the window's other end
        const std::uint32_t start = tsn;
        while (before(tsn, end) && bit(*bits_, tsn)) ++tsn;
        store16(&into[used], static_cast<std::uint16_t>(start - cumulative_));
        store16(&into[used + 2], static_cast<std::uint16_t>(tsn - 1 - cumulative_));
        used += 4;
    }
    return used;
}

bool Inbound::write_sack(PacketWriter& packet) {
    constexpr std::size_t fixed = 12;
    if (packet.room() < chunk_header_bytes + fixed) return false;
    std::array<std::byte, 256> blocks;
    std::size_t space = packet.room() - chunk_header_bytes - fixed;
    const std::size_t used =
        early_ > 0 ? gap_blocks(std::span(blocks).first(std::min(space, blocks.size()))) : 0;
    space -= used;
    const std::size_t duplicates = std::min<std::size_t>(duplicate_count_, space / 4);
    std::byte* at = packet.add(ChunkType::sack, 0, fixed + used + duplicates * 4);
    store32(at, cumulative_);
    store32(at + 4, window());
    store16(at + 8, static_cast<std::uint16_t>(used / 4));
    store16(at + 10, static_cast<std::uint16_t>(duplicates));
    std::memcpy(at + fixed, blocks.data(), used);
    for (std::size_t i = 0; i < duplicates; ++i) {
        store32(at + fixed + used + i * 4, duplicates_[i]);
    }
    duplicate_count_ = 0;
    return true;
}

}  // namespace muster::sctp
