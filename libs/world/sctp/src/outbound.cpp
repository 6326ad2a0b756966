#include "outbound.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "message.hpp"
#include "muster/base/assert.hpp"

namespace muster::sctp {
namespace {

constexpr std::size_t chunks_max = 8'192;           // under way
constexpr std::size_t smallest_message_share = 32;  // of the queue's bytes, so that tiny ones end
constexpr std::size_t skips_max = 64;               // streams in one FORWARD TSN

std::size_t fragment_bytes(const Options& options) {
    return (options.packet_bytes_max - common_header_bytes - data_header_bytes) & ~std::size_t{3};
}

}  // namespace

Outbound::Outbound(const Options& options, Statistics& statistics)
    : options_(options),
      statistics_(statistics),
      congestion_(options.packet_bytes_max - common_header_bytes),
      round_trip_(options),
      fragment_bytes_(fragment_bytes(options)),
      streams_(options.streams) {}

Outbound::~Outbound() {
    clear();
}

void Outbound::start(std::uint32_t initial_tsn, std::uint16_t streams, std::uint32_t peer_window,
                     bool peer_forwards) {
    started_ = true;
    next_tsn_ = initial_tsn;
    advanced_ = initial_tsn - 1;
    peer_window_ = peer_window;
    peer_forwards_ = peer_forwards;
    for (Queue* queue : {&reliable_, &limited_}) {
        Message* previous = nullptr;
        for (Message* message = queue->head; message != nullptr;) {
            Message* next = message->next;
            if (message->stream >= streams) {
                unlink(*queue, previous, message);
                finish_sending(message);
                free(message);
            } else {
                previous = message;
            }
            message = next;
        }
    }
    if (streams < streams_.size()) streams_.resize(streams);
}

Sent Outbound::send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> bytes,
                    const Reliability& reliability, Instant now) {
    MUSTER_ASSERT(!bytes.empty());
    if (stream >= streams_.size() || streams_[stream].closing) return Sent::closed;
    if (bytes.size() > options_.peer_message_bytes_max) return Sent::too_large;
    const bool limited = reliability.policy != Reliability::Policy::reliable;
    if (limited) {
        if (streams_[stream].limited_waiting >=
            std::max<std::size_t>(options_.unreliable_queue_messages_max, 1)) {
            drop_oldest(stream);
        }
    } else if (reliable_bytes_ + bytes.size() > options_.send_queue_bytes_max ||
               waiting_count_ >= options_.send_queue_bytes_max / smallest_message_share) {
        return Sent::full;
    }
    auto* message = new (take_block(sizeof(Message) + bytes.size()).release()) Message{
        .length = static_cast<std::uint32_t>(bytes.size()),
        .ppid = ppid,
        .limit = reliability.limit,
        .stream = stream,
        .policy = reliability.policy,
        .ordered = reliability.ordered,
    };
    if (reliability.policy == Reliability::Policy::lifetime) {
        message->expires = now + std::chrono::milliseconds(reliability.limit);
    }
    std::memcpy(message->payload(), bytes.data(), bytes.size());
    if (!limited) reliable_bytes_ += bytes.size();
    enqueue(limited ? limited_ : reliable_, message);
    return Sent::queued;
}

void Outbound::enqueue(Queue& queue, Message* message) {
    (queue.tail != nullptr ? queue.tail->next : queue.head) = message;
    queue.tail = message;
    ++waiting_count_;
    Stream& stream = streams_[message->stream];
    ++stream.pending;
    ++stream.waiting;
    if (message->limited()) ++stream.limited_waiting;
}

void Outbound::unlink(Queue& queue, Message* previous, Message* message) {
    (previous != nullptr ? previous->next : queue.head) = message->next;
    if (queue.tail == message) queue.tail = previous;
    message->next = nullptr;
    if (message->limited()) --streams_[message->stream].limited_waiting;
}

/// It waits no more: all of it was transmitted once, or it is given up.
void Outbound::finish_sending(Message* message) {
    --waiting_count_;
    --streams_[message->stream].waiting;
    if (begun_ == message) begun_ = nullptr;
}

void Outbound::free(Message* message) {
    --streams_[message->stream].pending;
    if (!message->limited()) reliable_bytes_ -= message->length;
    const Block block(reinterpret_cast<std::byte*>(message));
}

void Outbound::release(Message* message) {
    if (--message->chunks == 0 && message != begun_) free(message);
}

void Outbound::clear() {
    for (Queue* queue : {&reliable_, &limited_}) {
        while (queue->head != nullptr) {
            Message* message = queue->head;
            unlink(*queue, nullptr, message);
            finish_sending(message);
            free(message);
        }
    }
    if (begun_ != nullptr) {
        Message* message = begun_;
        finish_sending(message);
        if (message->chunks == 0) free(message);
    }
    for (; !chunks_.empty(); chunks_.pop_front()) release(chunks_.front().message);
    in_flight_ = to_retransmit_ = gap_acknowledged_ = 0;
    forward_due_ = fast_due_ = measuring_ = false;
    timer_ = Instant::max();
}

void Outbound::drop_oldest(std::uint16_t stream) {
    Message* previous = nullptr;
    for (Message* message = limited_.head; message != nullptr; message = message->next) {
        if (message->stream == stream) {
            unlink(limited_, previous, message);
            finish_sending(message);
            free(message);
            ++statistics_.dropped_stale;
            return;
        }
        previous = message;
    }
}

void Outbound::expire(Instant now) {
    Message* previous = nullptr;
    for (Message* message = limited_.head; message != nullptr;) {
        Message* next = message->next;
        if (message->late(now)) {
            unlink(limited_, previous, message);
            finish_sending(message);
            free(message);
            ++statistics_.dropped_stale;
        } else {
            previous = message;
        }
        message = next;
    }
    if (begun_ != nullptr && peer_forwards_ && begun_->late(now)) {
        abandon(begun_);
        advance_point();
    }
}

void Outbound::reopen_stream(std::uint16_t stream, bool from_start) {
    if (stream >= streams_.size()) return;
    streams_[stream].closing = false;
    if (from_start) streams_[stream].ssn = 0;
}

Outbound::Message* Outbound::choose() const {
    if (begun_ != nullptr) return begun_;
    if (limited_.head == nullptr) return reliable_.head;
    if (reliable_.head == nullptr) return limited_.head;
    return limited_turn_ ? limited_.head : reliable_.head;
}

bool Outbound::window_open(std::size_t bytes) const {
    if (in_flight_ >= congestion_.bytes() || chunks_.size() >= chunks_max) return false;
    // One chunk may go into a closed window, to hear when it opens (RFC 9260, 6.1 A).
    return bytes <= peer_window_ || in_flight_ == 0;
}

bool Outbound::has_work() const {
    if (!started_) return false;
    if (forward_due_) return true;
    if (to_retransmit_ > 0) return fast_due_ || in_flight_ < congestion_.bytes();
    const Message* message = choose();
    return message != nullptr &&
           window_open(std::min<std::size_t>(message->length - message->sent, fragment_bytes_));
}

void Outbound::fill(PacketWriter& packet, Instant now) {
    if (!started_) return;
    if (chunks_.empty() && now - last_sent_ > round_trip_.timeout()) congestion_.idled();
    if (to_retransmit_ > 0) add_retransmissions(packet, now);
    if (to_retransmit_ > 0) return;
    while (add_new(packet, now)) {
    }
}

void Outbound::write_chunk(std::byte* at, const Chunk& chunk, std::uint32_t tsn) const {
    Message& message = *chunk.message;
    store32(at, tsn);
    store16(at + 4, message.stream);
    store16(at + 6, message.ssn);
    store32(at + 8, message.ppid);
    std::memcpy(at + 12, message.payload() + chunk.offset, chunk.length);
}

bool Outbound::add_new(PacketWriter& packet, Instant now) {
    Message* message = choose();
    if (message == nullptr) return false;
    const std::size_t length =
        std::min<std::size_t>(message->length - message->sent, fragment_bytes_);
    if (!window_open(length)) return false;
    std::uint8_t flags = message->ordered ? 0 : data_flags::unordered;
    if (message->sent == 0) flags |= data_flags::begin;
    if (message->sent + length == message->length) flags |= data_flags::end;
    std::byte* at =
        packet.add(ChunkType::data, flags, data_header_bytes - chunk_header_bytes + length);
    if (at == nullptr) return false;
    if (begun_ == nullptr) {
        unlink(message->limited() ? limited_ : reliable_, nullptr, message);
        limited_turn_ = !message->limited();
        if (message->ordered) message->ssn = streams_[message->stream].ssn++;
        begun_ = message;
    }
    const Chunk& chunk = chunks_.push_back({.message = message,
                                            .offset = message->sent,
                                            .length = static_cast<std::uint16_t>(length),
                                            .flags = flags});
    const std::uint32_t tsn = next_tsn_++;
    write_chunk(at, chunk, tsn);
    message->sent += static_cast<std::uint32_t>(length);
    ++message->chunks;
    in_flight_ += length;
    peer_window_ -= std::min(peer_window_, length);
    last_sent_ = now;
    if (timer_ == Instant::max()) timer_ = now + round_trip_.timeout();
    if (!measuring_) {
        measuring_ = true;
        measured_tsn_ = tsn;
        measured_since_ = now;
    }
    if (message->sent == message->length) {
        finish_sending(message);
        ++statistics_.messages_sent;
    }
    return true;
}

void Outbound::add_retransmissions(PacketWriter& packet, Instant now) {
    bool added = false;
    for (std::size_t i = 0; i < chunks_.size() && to_retransmit_ > 0; ++i) {
        if (chunks_[i].state != State::to_retransmit) continue;
        if (peer_forwards_ && chunks_[i].message->late(now)) {
            abandon(chunks_[i].message);
            advance_point();
            continue;
        }
        if (!fast_due_ && in_flight_ >= congestion_.bytes()) break;
        Chunk& chunk = chunks_[i];
        std::byte* at = packet.add(ChunkType::data, chunk.flags,
                                   data_header_bytes - chunk_header_bytes + chunk.length);
        if (at == nullptr) break;
        const std::uint32_t tsn = first_tsn() + static_cast<std::uint32_t>(i);
        write_chunk(at, chunk, tsn);
        chunk.state = State::in_flight;
        ++chunk.retransmits;
        --to_retransmit_;
        in_flight_ += chunk.length;
        peer_window_ -= std::min<std::size_t>(peer_window_, chunk.length);
        last_sent_ = now;
        if (measured_tsn_ == tsn) measuring_ = false;  // Karn: it would be ambiguous
        if (i == 0 || timer_ == Instant::max()) timer_ = now + round_trip_.timeout();
        ++statistics_.retransmitted;
        added = true;
    }
    if (added) fast_due_ = false;
}

bool Outbound::write_forward(PacketWriter& packet, Instant now) {
    if (!forward_due_) return true;
    struct Skip {
        std::uint16_t stream, ssn;
    };
    std::array<Skip, skips_max> skips;
    std::size_t count = 0;
    const std::size_t fit = std::min(skips_max, (packet.room() - 8) / 4);
    if (packet.room() < 8 + 4) return false;
    std::uint32_t cumulative = first_tsn() - 1;
    for (std::size_t i = 0; cumulative != advanced_; ++i, ++cumulative) {
        const Message& message = *chunks_[i].message;
        if (!message.ordered) continue;
        const auto end = skips.begin() + static_cast<std::ptrdiff_t>(count);
        const auto found = std::ranges::find(skips.begin(), end, message.stream, &Skip::stream);
        if (found == end && count == fit) break;
        *found = {.stream = message.stream, .ssn = message.ssn};
        if (found == end) ++count;
    }
    std::byte* at = packet.add(ChunkType::forward_tsn, 0, 4 + count * 4);
    store32(at, cumulative);
    for (std::size_t i = 0; i < count; ++i) {
        store16(at + 4 + i * 4, skips[i].stream);
        store16(at + 6 + i * 4, skips[i].ssn);
    }
    forward_due_ = false;
    if (timer_ == Instant::max()) timer_ = now + round_trip_.timeout();
    return true;
}

}  // namespace muster::sctp
