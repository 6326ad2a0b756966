#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/rtc/identity.hpp"
#include "muster/rtc/sdp.hpp"
#include "muster/sctp/association.hpp"

/// WebRTC data channels on one UDP port, sans-I/O: ICE-lite (RFC 8445, 7675), DTLS 1.2 (RFC 6347),
/// SCTP (room sctp), DCEP (RFC 8832). Datagrams and the time in, datagrams and messages out.
namespace muster::rtc {

using sctp::Instant;

/// An IP address and port, as the system has them, without a family's padding.
struct Address {
    std::array<std::byte, 16> ip{};  ///< IPv4 as ::ffff:a.b.c.d
    std::uint16_t port = 0;
    auto operator<=>(const Address&) const = default;
};
[[nodiscard]] std::string to_text(const Address& address);
/// "1.2.3.4:5" or "[::1]:5".
[[nodiscard]] Result<Address> parse_address(std::string_view text);

/// A peer of one endpoint: never used again.
using PeerId = std::uint64_t;

enum class Gone : std::uint8_t {
    closed,          ///< by the peer (DTLS close_notify, SCTP abort or shutdown)
    timed_out,       ///< no authenticated packet for `Limits::silence`
    never_came,      ///< not open within `Limits::opening`
    wrong_identity,  ///< its certificate is not the offer's
    failed,          ///< DTLS or SCTP broke
    dropped,         ///< by us
};
[[nodiscard]] std::string_view name_of(Gone why);

/// Called from within the endpoint's methods; may call send() and nothing else of it. Spans are
/// valid during the call.
class Listener {
  public:
    virtual ~Listener() = default;
    /// To be sent to that address. The bytes stay where they are until the next call of any method
    /// of the endpoint that emits datagrams has returned; copy them into the batch.
    virtual void on_datagram(const Address& to, std::span<const std::byte> datagram) = 0;
    virtual void on_open(PeerId peer) = 0;
    virtual void on_message(PeerId peer, std::uint16_t stream, bool is_text,
                            std::span<const std::byte> message) = 0;
    /// DCEP: the peer opened a channel (not for negotiated ones).
    virtual void on_channel(PeerId peer, std::uint16_t stream, std::string_view label,
                            const sctp::Reliability& reliability) = 0;
    virtual void on_channel_closed(PeerId peer, std::uint16_t stream) = 0;
    virtual void on_gone(PeerId peer, Gone why) = 0;
};

struct Limits {
    std::size_t peers_max = 4'096;
    std::size_t handshakes_max =
        256;  ///< under way at once; a further ClientHello waits for its resend
    std::size_t handshakes_per_address_max = 16;
    double handshakes_per_second = 500;
    std::chrono::milliseconds opening{15'000};
    std::chrono::milliseconds silence{30'000};
    std::size_t channels_max = 8;  ///< of one peer, opened by DCEP
};

struct Options {
    Limits limits;
    sctp::Options sctp;
    /// Records of our own after OpenSSL's handshake; false: SSL_read and SSL_write all along.
    bool own_records = true;
    /// Prefixed to each local ufrag, so that a datagram that reached another shard can be handed
    /// on.
    std::string ufrag_prefix;
};

struct Statistics {
    std::uint64_t datagrams_in = 0, datagrams_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t dropped_unknown = 0;  ///< from an address no check has proven
    std::uint64_t dropped_bad = 0;      ///< broken or replayed STUN, DTLS or SCTP
    std::uint64_t handshakes = 0, handshakes_refused = 0, handshakes_failed = 0, rebound = 0;
    std::size_t peers = 0, opening = 0;
    std::size_t to_flush = 0;  ///< peers that flush_all() will look at; never more than there are
};

/// What one peer's connection did.
struct PeerStatistics {
    sctp::Statistics sctp;
    Address address;
    Instant last_heard{};
};

/// All peers of one UDP socket. One thread. Allocates when a peer comes, and for messages that do
/// not fit a packet.
class Endpoint {
  public:
    Endpoint(std::shared_ptr<const Identity> identity, const Options& options, Listener& listener);
    ~Endpoint();
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    struct Accepted {
        PeerId peer = 0;
        std::string sdp;
    };
    /// Takes an offer: the peer may now come from anywhere. `exhausted` at peers_max.
    [[nodiscard]] Result<Accepted> accept(const Offer& offer, std::span<const Candidate> candidates,
                                          Instant now);
    /// A datagram; decrypted in place. Random bytes are harmless.
    void receive(const Address& from, std::span<std::byte> datagram, Instant now);
    /// Goes out by flush(peer), or with the next packet. `closed` when the peer is not open.
    sctp::Sent send(PeerId peer, std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message, const sctp::Reliability& reliability,
                    Instant now);
    void flush(PeerId peer, Instant now);
    void flush_all(Instant now);  ///< only those that have something
    /// Ends it: close_notify goes out; on_gone(dropped) comes.
    void drop(PeerId peer, Instant now);
    [[nodiscard]] std::optional<Instant> deadline() const;
    void handle_timeouts(Instant now);

    /// How many messages of a stream were not sent yet: a snapshot is not written while an older
    /// one waits. `pending` counts those, too, that were sent and are not acknowledged.
    [[nodiscard]] std::size_t messages_waiting(PeerId peer, std::uint16_t stream) const;
    [[nodiscard]] std::size_t messages_pending(PeerId peer, std::uint16_t stream) const;
    [[nodiscard]] std::size_t reliable_bytes_pending(PeerId peer) const;
    [[nodiscard]] const Statistics& statistics() const;
    [[nodiscard]] std::optional<PeerStatistics> statistics(PeerId peer) const;
    /// The local ufrag that a STUN request asks for, if it is one: its prefix tells the shard.
    [[nodiscard]] static std::optional<std::string_view> ufrag_of(
        std::span<const std::byte> datagram);

    struct Impl;  ///< src/endpoint_impl.hpp

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::rtc
