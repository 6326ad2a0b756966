#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "chunks.hpp"
#include "muster/sctp/association.hpp"
#include "pool.hpp"

namespace muster::sctp {

/// The receiving half: which TSNs came, messages put together again and in order.
///
/// What can be delivered at once is delivered from the packet's bytes, without a copy. The rest is
/// held, sorted by TSN, and counts against the receive window with what it costs us, so that many
/// small fragments cannot take more memory than few large ones.
class Inbound {
  public:
    /// TSNs after the cumulative one that are kept track of; later ones are as if lost.
    static constexpr std::uint32_t tsn_window = 2'048;
    static constexpr std::size_t held_overhead = 128;  ///< bytes that a held chunk counts more
    static constexpr std::size_t duplicates_max = 8;   ///< reported in one SACK

    enum class Took : std::uint8_t {
        taken,
        duplicate,
        no_room,    ///< out of the window; the peer will send it again
        no_stream,  ///< acknowledged and thrown away
        violation,  ///< fragments that make no message, a message over the limit
    };

    Inbound(std::uint32_t receive_window, std::size_t message_bytes_max, Listener& listener,
            Statistics& statistics)
        : receive_window_(receive_window),
          message_bytes_max_(message_bytes_max),
          listener_(listener),
          statistics_(statistics) {}

    void start(std::uint32_t initial_tsn, std::uint16_t streams);
    Took data(const DataChunk& chunk);
    /// FORWARD TSN; `skips` are pairs of stream and SSN, 4 bytes each.
    void forward(std::uint32_t cumulative, std::span<const std::byte> skips);
    /// The peer starts these streams (none: all) anew once everything up to `last_tsn` came.
    void reset_streams(std::span<const std::uint16_t> streams);

    [[nodiscard]] std::uint32_t cumulative() const { return cumulative_; }
    [[nodiscard]] std::uint16_t stream_count() const {
        return static_cast<std::uint16_t>(next_ssn_.size());
    }
    [[nodiscard]] bool has_gaps() const { return early_ > 0; }
    [[nodiscard]] std::uint32_t window() const {
        return held_bytes_ >= receive_window_
                   ? 0
                   : static_cast<std::uint32_t>(receive_window_ - held_bytes_);
    }
    /// Writes a SACK chunk's body into the packet, as many gap blocks as fit; false: no room.
    bool write_sack(PacketWriter& packet);

  private:
    struct Held {
        std::uint32_t tsn = 0, ppid = 0;
        std::uint16_t stream = 0, ssn = 0;
        std::uint8_t flags = 0;
        std::uint32_t length = 0;
        Block payload;  ///< null: delivered or dropped, to be swept

        [[nodiscard]] bool begins() const { return (flags & data_flags::begin) != 0; }
        [[nodiscard]] bool ends() const { return (flags & data_flags::end) != 0; }
        [[nodiscard]] bool unordered() const { return (flags & data_flags::unordered) != 0; }
    };
    struct Run {
        std::size_t first = 0, last = 0;  ///< of held_, both included
        std::size_t bytes = 0;
        bool whole = false;
    };

    [[nodiscard]] bool came(std::uint32_t tsn) const;
    void mark(std::uint32_t tsn);
    void advance();
    Took hold(const DataChunk& chunk);
    [[nodiscard]] bool belongs(const Held& earlier, const Held& later) const;
    [[nodiscard]] Run run_around(std::size_t index) const;
    [[nodiscard]] std::size_t find(std::uint32_t tsn) const;
    void deliver(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message);
    void deliver(const Run& run);
    void drop(Held& held);
    void drop(const Run& run);
    void deliver_ready(std::uint16_t stream);
    void skip(std::uint16_t stream, std::uint16_t ssn);
    void drop_hopeless();
    void sweep();
    std::size_t gap_blocks(std::span<std::byte> into) const;

    std::uint32_t receive_window_;
    std::size_t message_bytes_max_;
    Listener& listener_;
    Statistics& statistics_;
    std::uint32_t cumulative_ = 0;
    std::uint32_t early_ = 0;    ///< TSNs after cumulative_ that came
    std::uint32_t highest_ = 0;  ///< of them; means nothing when there is none
    using Bits = std::array<std::uint64_t, tsn_window / 64>;
    std::unique_ptr<Bits> bits_;  ///< by TSN modulo the window; made when it is first needed
    std::vector<std::uint16_t> next_ssn_;
    std::vector<Held> held_;
    std::size_t held_bytes_ = 0;
    bool unswept_ = false;
    std::uint8_t duplicate_count_ = 0;
    std::array<std::uint32_t, duplicates_max> duplicates_{};
};

}  // namespace muster::sctp
