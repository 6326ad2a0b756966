#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// The part of SCTP (RFC 9260) that WebRTC data channels use, with partial reliability (RFC 3758,
/// 7496), stream reset (RFC 6525) and zero checksum (RFC 9653), sans-I/O: packets, messages and
/// the time go in, packets and messages come out.
namespace muster::sctp {

/// Time since some start that the caller chose; never goes back.
using Instant = std::chrono::microseconds;

enum class CloseReason : std::uint8_t {
    shut_down,    ///< by either side, in good order
    aborted,      ///< by the peer
    unreachable,  ///< too many retransmissions
    violated,     ///< the peer broke the protocol; we aborted
    closed_here,  ///< abort() was called
};
[[nodiscard]] std::string_view name_of(CloseReason reason);

struct Reliability {
    enum class Policy : std::uint8_t { reliable, retransmissions, lifetime };
    Policy policy = Policy::reliable;
    std::uint32_t limit = 0;  ///< retransmissions, or milliseconds from send()
    bool ordered = true;
};

enum class Sent : std::uint8_t {
    queued,
    full,       ///< the send queue's limit: nothing was taken
    too_large,  ///< over the peer's or our message limit
    closed,
};

/// Called from within the methods of Association, which must not be called back from here, but for
/// send(). Spans are valid during the call.
class Listener {
  public:
    virtual ~Listener() = default;
    /// One SCTP packet to the peer: at most Options::packet_bytes_max. The bytes may be changed in
    /// place: there are `headroom` writable bytes before and `tailroom` after them (see Options).
    virtual void on_packet(std::span<std::byte> packet) = 0;
    virtual void on_open() = 0;
    virtual void on_message(std::uint16_t stream, std::uint32_t ppid,
                            std::span<const std::byte> message) = 0;
    /// The peer closed these of its outgoing streams (a data channel was closed).
    virtual void on_streams_reset(std::span<const std::uint16_t> streams) = 0;
    virtual void on_closed(CloseReason reason) = 0;
};

struct Options {
    std::uint16_t local_port = 5000;
    std::uint16_t peer_port = 5000;
    std::uint16_t streams = 16;            ///< each way
    std::size_t packet_bytes_max = 1'150;  ///< with the common header
    std::size_t headroom = 32;             ///< for the layer below, before each packet
    std::size_t tailroom = 32;
    std::uint32_t receive_window = 262'144;  ///< bytes of messages not complete or not in order
    std::size_t message_bytes_max = 65'536;  ///< received
    std::size_t peer_message_bytes_max = 65'536;  ///< sent (SDP's max-message-size)
    std::size_t send_queue_bytes_max = 524'288;   ///< of reliable messages
    /// Of messages with limited reliability waiting to be sent, per stream: at this limit the
    /// oldest goes, so that nobody is sent stale state after a stall.
    std::size_t unreliable_queue_messages_max = 2;
    std::chrono::milliseconds rto_min{200}, rto_initial{500}, rto_max{10'000};
    std::chrono::milliseconds sack_delay{20};
    std::uint8_t retransmissions_max = 10;   ///< of one chunk, before the peer is unreachable
    std::uint8_t burst_max = 10;             ///< packets at once
    std::chrono::milliseconds heartbeat{0};  ///< 0: none (ICE consent tells who is gone)
    bool zero_checksum = true;               ///< offered; used when the peer offers it too
};

/// Randomness is the caller's: tags and keys of one association.
struct Secrets {
    std::uint32_t tag = 1;  ///< our verification tag; not 0
    /// Random, best below 2^31: usrsctp 0.9.5 may abort where TSNs wrap to 0.
    std::uint32_t initial_tsn = 0;
    std::array<std::byte, 32> cookie_key{};
};

struct Statistics {
    std::uint64_t packets_sent = 0, packets_received = 0, packets_bad = 0;
    std::uint64_t bytes_sent = 0, bytes_received = 0;
    std::uint64_t messages_sent = 0, messages_received = 0;
    std::uint64_t retransmitted = 0, abandoned = 0, dropped_stale = 0, duplicates = 0;
    std::chrono::microseconds round_trip{0};  ///< smoothed; 0: not measured yet
};

/// One association over one DTLS session. One thread. Idle, it takes about 1.5 KiB.
class Association {
  public:
    Association(const Options& options, const Secrets& secrets, Listener& listener);
    ~Association();
    Association(const Association&) = delete;
    Association& operator=(const Association&) = delete;

    /// Sends INIT. Both sides may (RFC 9260, 5.2.1); one that does not answers the other's.
    void connect(Instant now);
    /// A packet that came. Anything harmless: what is no packet of this association is counted as
    /// bad. SACKs are delayed until flush(), a second packet or `sack_delay`.
    void receive(std::span<const std::byte> packet, Instant now);
    /// Takes the message, which is not empty; goes out by flush(). Before on_open, too.
    Sent send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message,
              const Reliability& reliability, Instant now);
    /// Sends what the windows allow, SACK and data bundled. Cheap when there is nothing.
    void flush(Instant now);
    /// When handle_timeout() wants to be called next.
    [[nodiscard]] std::optional<Instant> deadline() const;
    void handle_timeout(Instant now);

    /// Closes our outgoing sides (data channel close); the peer's come by on_streams_reset.
    void reset_streams(std::span<const std::uint16_t> streams, Instant now);
    void shut_down(Instant now);
    void abort(std::string_view why, Instant now);

    [[nodiscard]] bool is_open() const;
    [[nodiscard]] bool is_closed() const;
    /// Bytes that wait or are not acknowledged: of reliable messages, and of all on one stream.
    [[nodiscard]] std::size_t reliable_bytes_pending() const;
    [[nodiscard]] std::size_t messages_pending(std::uint16_t stream) const;
    /// Of those, the ones that were not sent yet, or not whole: the windows hold them up.
    [[nodiscard]] std::size_t messages_waiting(std::uint16_t stream) const;
    [[nodiscard]] const Statistics& statistics() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// CRC32c (Castagnoli) as SCTP has it; by SSE4.2 or ARMv8 instructions where there are any.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace muster::sctp
