#include "link_sim.hpp"

#include <algorithm>

#include "chunks.hpp"
#include "muster/base/assert.hpp"

namespace muster::sctp::sim {
namespace {

Secrets secrets_of(std::uint32_t seed, bool wraps) {
    Random random(seed);
    Secrets secrets{.tag = static_cast<std::uint32_t>(random.next()) | 1,
                    .initial_tsn = static_cast<std::uint32_t>(random.next())};
    secrets.initial_tsn &= 0x7FFFFFFF;
    if (wraps && random.percent(50)) secrets.initial_tsn = 0xFFFFFFFF - secrets.initial_tsn % 64;
    for (auto& byte : secrets.cookie_key) byte = static_cast<std::byte>(random.next());
    return secrets;
}

std::byte filling(std::uint32_t number, std::size_t at) {
    return static_cast<std::byte>((number * 31 + at * 7 + (at >> 8)) & 255);
}

bool later(const auto& a, const auto& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
}

}  // namespace

OwnEnd::OwnEnd(std::uint32_t seed, const Options& given, bool wraps)
    : options(given), association(options, secrets_of(seed, wraps), *this) {}

void OwnEnd::on_packet(std::span<std::byte> packet) {
    MUSTER_ASSERT(packet.size() <= options.packet_bytes_max);
    const std::vector<std::byte> copy(packet.begin(), packet.end());
    // As DTLS does: the room around it is ours to write.
    std::fill(packet.data() - options.headroom, packet.data() + packet.size() + options.tailroom,
              std::byte{0xEE});
    if (wire) wire(copy);
}

void OwnEnd::on_message(std::uint16_t stream, std::uint32_t ppid,
                        std::span<const std::byte> message) {
    received.push_back({stream, ppid, {message.begin(), message.end()}});
}

void OwnEnd::on_streams_reset(std::span<const std::uint16_t> streams) {
    streams_reset.insert(streams_reset.end(), streams.begin(), streams.end());
}

void OwnEnd::on_closed(CloseReason reason) {
    MUSTER_ASSERT(!closed);
    closed = reason;
}

Link::Link(End& a, End& b, const Conditions& given, std::uint64_t seed)
    : conditions(given), random(seed), ends_{&a, &b} {
    a.wire = [this](std::span<const std::byte> packet) { carry(0, packet); };
    b.wire = [this](std::span<const std::byte> packet) { carry(1, packet); };
}

void Link::carry(int from, std::span<const std::byte> packet) {
    ++carried;
    last_from[from] = now;
    if (passes && !passes(from, packet)) return;
    const int copies = random.percent(conditions.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
        if (random.percent(conditions.loss)) continue;
        const auto jitter = static_cast<std::uint64_t>(conditions.jitter.count());
        const Instant extra(static_cast<Instant::rep>(random.below(jitter + 1)));
        flights_.push_back({now + conditions.delay + extra, order_++, 1 - from,
                            std::vector<std::byte>(packet.begin(), packet.end())});
        std::ranges::push_heap(flights_, later<Flight, Flight>);
    }
}

void Link::deliver() {
    std::ranges::pop_heap(flights_, later<Flight, Flight>);
    const Flight flight = std::move(flights_.back());
    flights_.pop_back();
    ends_[flight.to]->receive(flight.bytes, now);
}

void Link::run_for(Instant span, Instant tick) {
    const Instant end = now + span;
    next_tick_ = std::max(next_tick_, now);
    while (true) {
        Instant next = next_tick_;
        if (!flights_.empty()) next = std::min(next, flights_.front().at);
        std::optional<Instant> due[2];
        for (int i = 0; i < 2; ++i) {
            due[i] = ends_[i]->deadline();
            if (due[i]) next = std::min(next, *due[i]);
        }
        if (next > end) break;
        now = std::max(now, next);
        while (!flights_.empty() && flights_.front().at <= now) deliver();
        for (End* side : ends_) {
            const auto deadline = side->deadline();
            if (deadline && *deadline <= now) side->handle_timeout(now);
        }
        if (next_tick_ <= now) {
            if (on_tick) on_tick();
            for (End* side : ends_) side->flush(now);
            next_tick_ = now + tick;
        }
    }
    now = end;
}

bool Link::open() {
    for (int i = 0; i < 6'000; ++i) {
        if (ends_[0]->opened > 0 && ends_[1]->opened > 0) return true;
        run_for(Instant{20'000});
    }
    return false;
}

std::vector<std::byte> numbered(std::uint32_t number, std::size_t size) {
    std::vector<std::byte> bytes(std::max<std::size_t>(size, 4));
    store32(bytes.data(), number);
    for (std::size_t i = 4; i < bytes.size(); ++i) bytes[i] = filling(number, i);
    return bytes;
}

std::optional<std::uint32_t> number_of(std::span<const std::byte> message) {
    if (message.size() < 4) return std::nullopt;
    const std::uint32_t number = load32(message.data());
    for (std::size_t i = 4; i < message.size(); ++i) {
        if (message[i] != filling(number, i)) return std::nullopt;
    }
    return number;
}

}  // namespace muster::sctp::sim
