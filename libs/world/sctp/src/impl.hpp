#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "chunks.hpp"
#include "cookie.hpp"
#include "inbound.hpp"
#include "muster/sctp/association.hpp"
#include "outbound.hpp"
#include "pool.hpp"

namespace muster::sctp {

/// The states of RFC 9260, 4, with the two ends of CLOSED told apart.
enum class State : std::uint8_t {
    idle,  ///< nothing yet: an INIT of the peer is answered
    cookie_wait,
    cookie_echoed,
    established,
    shutdown_pending,
    shutdown_sent,
    shutdown_received,
    shutdown_ack_sent,
    closed,
};

/// Stream reset (RFC 6525), both ways.
struct Resets {
    struct Deferred {
        std::uint32_t last_tsn = 0;
        std::vector<std::uint16_t> streams;  ///< none: all
    };
    std::vector<std::uint16_t> wanted;     ///< ours to be closed, not asked for yet
    std::vector<std::uint16_t> requested;  ///< in the one request that is under way
    std::uint32_t next_request = 0;        ///< our next sequence number
    std::uint32_t last_tsn = 0;            ///< of the request under way
    Instant timer = Instant::max();
    std::uint32_t expected = 0;              ///< the peer's next sequence number
    std::array<std::uint32_t, 2> results{};  ///< of the peer's last two requests, newest first
    std::vector<Deferred> deferred;          ///< the peer's, until all of its data came
};

struct Association::Impl {
    Impl(const Options& options, const Secrets& secrets, Listener& listener);

    /// A packet being built in a block of the pool.
    struct Draft {
        explicit Draft(const Impl& impl) : Draft(impl, impl.peer.tag) {}
        Draft(const Impl& impl, std::uint32_t tag);
        Block block;
        PacketWriter writer;
    };

    // --- association.cpp: packets in and out ---
    void receive(std::span<const std::byte> packet, Instant now);
    void out_of_the_blue(const CommonHeader& header, std::span<const std::byte> chunks);
    /// False: the rest of the packet is not to be read.
    bool handle(const Chunk& chunk, const CommonHeader& header, Instant now);
    bool handle_unknown(const Chunk& chunk);
    bool handle_data(const Chunk& chunk, Instant now);
    void handle_forward(const Chunk& chunk);
    void heard(Outbound::Heard result, std::uint32_t window, Instant now);
    void after_packet(Instant now);
    void transmit(Instant now);
    void emit(Draft& draft, bool checksum_required = false);
    void send_single(ChunkType type, std::uint8_t flags, std::span<const std::byte> body,
                     std::optional<std::uint32_t> tag = {});
    /// Room in the answers to the packet being read, which go out together at its end.
    std::byte* reply(ChunkType type, std::uint8_t flags, std::size_t body_bytes);
    void send_replies();
    void close(CloseReason reason);
    void violated(std::string_view what);
    void send_abort(std::uint16_t cause, std::string_view why);
    [[nodiscard]] bool takes_data() const;
    [[nodiscard]] bool sends_data() const;

    // --- handshake.cpp ---
    void connect(Instant now);
    void send_init();
    void handle_init(const Chunk& chunk, const CommonHeader& header, Instant now);
    void handle_init_ack(const Chunk& chunk, Instant now);
    void handle_cookie_echo(const Chunk& chunk, Instant now);
    void handle_cookie_ack(Instant now);
    void send_cookie_echo();
    void refuse_restart(std::uint32_t tag);
    void open(const Peer& with, Instant now);
    void handle_error(const Chunk& chunk, Instant now);

    // --- closing.cpp ---
    void shut_down(Instant now);
    void abort(std::string_view why);
    void try_shutdown(Instant now);
    void send_shutdown(Instant now);
    void handle_shutdown(const Chunk& chunk, Instant now);
    void handle_shutdown_ack(Instant now);

    // --- reset.cpp ---
    void reset_streams(std::span<const std::uint16_t> streams, Instant now);
    void want_reset(std::uint16_t stream);
    [[nodiscard]] bool can_request_reset() const;
    void write_reset(PacketWriter& packet, Instant now);
    void handle_reconfig(const Chunk& chunk, Instant now);
    std::uint32_t handle_outgoing_reset(std::span<const std::byte> body);
    void handle_reset_response(std::span<const std::byte> body, Instant now);
    void answer_reset(std::uint32_t sequence, std::uint32_t result);
    void perform_reset(std::span<const std::uint16_t> streams);
    void perform_deferred();
    [[nodiscard]] bool is_deferred(const DataChunk& chunk) const;

    // --- timers.cpp ---
    [[nodiscard]] std::optional<Instant> deadline() const;
    void handle_timeout(Instant now);
    void handle_control_timeout(Instant now);
    void start_control_timer(Instant now);
    void send_heartbeat(Instant now);
    void handle_heartbeat_ack(const Chunk& chunk, Instant now);
    /// False: it was one too many, and the association is closed.
    bool count_error();

    Options options;
    Secrets secrets;
    Listener& listener;
    Statistics statistics;
    State state = State::idle;
    std::uint8_t errors = 0;      ///< timeouts since the peer was last heard
    std::uint8_t tries = 0;       ///< of the control chunk under way
    std::uint8_t unanswered = 0;  ///< packets with DATA that no SACK went out for
    bool sack_now = false;
    bool made_progress = false;  ///< a SACK of this packet changed something
    Peer peer;
    Inbound in;
    Outbound out;
    Resets resets;
    std::vector<std::byte> cookie;     ///< of the peer, while COOKIE ECHO may be sent again
    std::vector<std::byte> complaint;  ///< ERROR chunk's body to go with it
    std::optional<Draft> replies;
    std::uint8_t reply_packets = 0;
    Instant control_timer = Instant::max();
    Instant control_timeout{0};
    Instant sack_timer = Instant::max();
    Instant heartbeat_timer = Instant::max();
};

}  // namespace muster::sctp
