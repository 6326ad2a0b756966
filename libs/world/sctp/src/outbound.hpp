#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "chunks.hpp"
#include "congestion.hpp"
#include "muster/sctp/association.hpp"
#include "pool.hpp"
#include "ring.hpp"

namespace muster::sctp {

/// The sending half: messages that wait, chunks that are under way, and giving up on those whose
/// reliability is limited.
///
/// Two queues wait: reliable messages, and those with limited reliability. They take turns message
/// by message, so that a long list does not hold up the state of the world, nor the other way.
class Outbound {
  public:
    Outbound(const Options& options, Statistics& statistics);
    ~Outbound();
    Outbound(const Outbound&) = delete;
    Outbound& operator=(const Outbound&) = delete;

    /// The handshake is done; messages on streams that the peer does not have are dropped.
    void start(std::uint32_t initial_tsn, std::uint16_t streams, std::uint32_t peer_window,
               bool peer_forwards);
    Sent send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message,
              const Reliability& reliability, Instant now);
    /// Drops all that waits or is under way.
    void clear();

    // --- what is to go out ---
    /// Adds chunks while the windows and the packet have room.
    void fill(PacketWriter& packet, Instant now);
    /// Adds a FORWARD TSN when one is due; false: it is due, but there is no room.
    bool write_forward(PacketWriter& packet, Instant now);
    /// There is something that fill() or write_forward() would send now.
    [[nodiscard]] bool has_work() const;
    /// At the start of each burst: drops what is too old.
    void expire(Instant now);

    // --- what came ---
    enum class Heard : std::uint8_t { nothing, stale, progress, violation };
    Heard acknowledge(const SackChunk& sack, Instant now);
    /// SHUTDOWN carries a cumulative TSN, too.
    Heard acknowledge(std::uint32_t cumulative, Instant now);

    // --- T3-rtx ---
    [[nodiscard]] bool timer_runs() const { return timer_ != Instant::max(); }
    [[nodiscard]] Instant timer() const { return timer_; }
    void timed_out(Instant now);

    // --- streams ---
    void close_stream(std::uint16_t stream) { streams_[stream].closing = true; }
    void reopen_stream(std::uint16_t stream, bool from_start);
    [[nodiscard]] std::uint16_t stream_count() const {
        return static_cast<std::uint16_t>(streams_.size());
    }
    /// Nothing of the stream waits for its first transmission.
    [[nodiscard]] bool drained(std::uint16_t stream) const { return streams_[stream].waiting == 0; }
    [[nodiscard]] std::uint32_t last_assigned_tsn() const { return next_tsn_ - 1; }

    [[nodiscard]] bool is_empty() const {
        return chunks_.empty() && reliable_.head == nullptr && limited_.head == nullptr;
    }
    [[nodiscard]] std::size_t reliable_bytes() const { return reliable_bytes_; }
    [[nodiscard]] std::size_t messages_pending(std::uint16_t stream) const {
        return stream < streams_.size() ? streams_[stream].pending : 0;
    }
    [[nodiscard]] std::size_t messages_waiting(std::uint16_t stream) const {
        return stream < streams_.size() ? streams_[stream].waiting : 0;
    }
    [[nodiscard]] RoundTrip& round_trip() { return round_trip_; }

  private:
    struct Message;
    struct Queue {
        Message* head = nullptr;
        Message* tail = nullptr;
    };
    enum class State : std::uint8_t { in_flight, acknowledged, to_retransmit, abandoned };
    struct Chunk {
        Message* message = nullptr;
        std::uint32_t offset = 0;
        std::uint16_t length = 0;
        std::uint8_t flags = 0;
        State state = State::in_flight;
        std::uint16_t retransmits = 0;
        std::uint8_t misses = 0;
        bool fast = false;  ///< was retransmitted fast once; then only by time
    };
    struct Stream {
        std::uint32_t pending = 0;  ///< messages that wait or are not acknowledged
        std::uint16_t ssn = 0;
        std::uint32_t waiting = 0;          ///< messages not wholly transmitted once
        std::uint32_t limited_waiting = 0;  ///< of them, those not begun
        bool closing = false;
    };

    [[nodiscard]] std::uint32_t first_tsn() const {
        return next_tsn_ - static_cast<std::uint32_t>(chunks_.size());
    }
    void enqueue(Queue& queue, Message* message);
    void unlink(Queue& queue, Message* previous, Message* message);
    void free(Message* message);
    void release(Message* message);
    void drop_oldest(std::uint16_t stream);
    [[nodiscard]] Message* choose() const;
    void finish_sending(Message* message);
    bool add_new(PacketWriter& packet, Instant now);
    void add_retransmissions(PacketWriter& packet, Instant now);
    void write_chunk(std::byte* at, const Chunk& chunk, std::uint32_t tsn) const;
    [[nodiscard]] bool window_open(std::size_t bytes) const;

    struct Acked {
        std::size_t bytes = 0;
        std::uint32_t highest = 0;  ///< newly acknowledged TSN
        bool any = false;
        bool cumulative = false;
    };
    void pop_acknowledged(std::uint32_t cumulative, Acked& acked, Instant now);
    void mark_acknowledged(std::size_t index, Acked& acked, Instant now);
    void apply_blocks(const SackChunk& sack, Acked& acked, Instant now);
    void count_misses(const Acked& acked, Instant now);
    void after_acknowledgement(const Acked& acked, bool was_full, Instant now);
    void lose(std::size_t index, Instant now);
    [[nodiscard]] bool gives_up(const Chunk& chunk, Instant now) const;
    void abandon(Message* message);
    void advance_point();
    [[nodiscard]] bool forward_would_harm(std::size_t index) const;

    const Options& options_;
    Statistics& statistics_;
    CongestionWindow congestion_;
    RoundTrip round_trip_;
    std::size_t fragment_bytes_;
    Queue reliable_, limited_;
    Message* begun_ = nullptr;  ///< some of its fragments are transmitted, others wait
    bool limited_turn_ = true;
    bool started_ = false, peer_forwards_ = false;
    bool forward_due_ = false, fast_due_ = false;
    std::vector<Stream> streams_;
    std::size_t reliable_bytes_ = 0, waiting_count_ = 0;

    Ring<Chunk> chunks_;  ///< by TSN, the first is the lowest not acknowledged
    std::uint32_t next_tsn_ = 0;
    std::uint32_t advanced_ = 0;                            ///< RFC 3758's Advanced.Peer.Ack.Point
    std::size_t in_flight_ = 0;                             ///< bytes
    std::size_t to_retransmit_ = 0, gap_acknowledged_ = 0;  ///< chunks
    std::size_t peer_window_ = 0;                           ///< what is left of it
    Instant timer_ = Instant::max();
    Instant last_sent_{0};
    bool measuring_ = false;
    std::uint32_t measured_tsn_ = 0;
    Instant measured_since_{0};
};

}  // namespace muster::sctp
