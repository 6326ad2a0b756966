#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "deadlines.hpp"
#include "flat_map.hpp"
#include "muster/base/bucket.hpp"
#include "muster/rtc/endpoint.hpp"
#include "stun.hpp"

namespace muster::rtc {

struct AddressHash {
    std::uint64_t seed = 0;
    [[nodiscard]] std::size_t operator()(const Address& address) const;
};
struct TextHash {
    std::uint64_t seed = 0;
    [[nodiscard]] std::size_t operator()(std::string_view text) const;
};

/// One accepted offer and what became of it.
class Peer final : public ConnectionSink {
  public:
    Peer(Endpoint::Impl& endpoint, PeerId id, const Offer& offer, const Connection::Setup& setup,
         Instant now);

    [[nodiscard]] std::uint32_t slot() const { return static_cast<std::uint32_t>(id); }
    /// When to look at it at the latest.
    [[nodiscard]] Instant deadline() const;
    [[nodiscard]] bool knows(const Address& address) const;
    /// Notes the transaction; whether it was new.
    bool note_check(const stun::TransactionId& transaction);

    Endpoint::Impl& endpoint;
    const PeerId id;
    std::string ufrag;     ///< ours
    std::string password;  ///< ours
    std::string username;  ///< of the peer's checks: "ours:theirs"
    stun::IntegrityKey key;
    Connection connection;
    Instant since;
    Instant last_heard;
    Instant selected_heard;
    /// Proven by checks; datagrams go to the selected one. At most as many as an agent with some
    /// interfaces has; the oldest goes.
    std::array<Address, 4> addresses{};
    std::uint8_t address_count = 0;
    std::uint8_t oldest_address = 0;
    std::optional<Address> selected;
    /// Of the last checks' transactions: one that comes again from elsewhere was replayed.
    std::array<std::uint32_t, 32> recent_checks{};
    std::uint8_t next_check = 0;
    bool is_dirty = false;    ///< has something to send
    bool is_listed = false;   ///< in Impl::dirty
    bool is_touched = false;  ///< in Impl::touched
    bool was_open = false;
    bool is_gone = false;

  private:
    void on_connection_datagram(std::span<const std::byte> datagram) override;
    void on_connection_open() override;
    void on_connection_message(std::uint16_t stream, bool is_text,
                               std::span<const std::byte> message) override;
    void on_connection_channel(std::uint16_t stream, std::string_view label,
                               const sctp::Reliability& reliability) override;
    void on_connection_channel_closed(std::uint16_t stream) override;
};

struct Endpoint::Impl {
    Impl(std::shared_ptr<const Identity> identity, const Options& options, Listener& listener);

    // endpoint.cpp
    [[nodiscard]] Peer* find(PeerId id) const;
    Accepted add(const Offer& offer, std::span<const Candidate> candidates, Instant now);
    void emit(const Address& to, std::span<const std::byte> datagram);
    void mark_dirty(Peer& peer);
    void touch(Peer& peer);
    void flush(Peer& peer, Instant now);
    void flush_all(Instant now);
    /// After each call into a connection: is it over?
    void look_after(Peer& peer);
    void end(Peer& peer, Gone why);
    void bury();
    void settle_deadlines();
    void handle_timeouts(Instant now);
    void handle_timeout(Peer& peer, Instant now);

    // endpoint_receive.cpp
    void receive(const Address& from, std::span<std::byte> datagram, Instant now);
    void receive_stun(const Address& from, std::span<const std::byte> datagram, Instant now);
    void refuse_check(const Address& from, const stun::Message& request, std::uint16_t code,
                      const stun::IntegrityKey* key, std::size_t request_bytes);
    void learn_address(Peer& peer, const Address& from);
    [[nodiscard]] bool is_in_use(const Peer& by, const Address& address, Instant now) const;
    void select_address(Peer& peer, const Address& from);
    void receive_dtls(const Address& from, std::span<std::byte> datagram, Instant now);
    [[nodiscard]] bool admit_handshake(const Address& from, Instant now);
    void forget_handshake(std::uint32_t slot);

    std::shared_ptr<const Identity> identity;
    Options options;
    Listener& listener;
    Statistics statistics;
    std::vector<std::unique_ptr<Peer>> peers;  ///< by slot
    std::vector<std::uint32_t> generations;    ///< by slot: of the next PeerId there
    std::vector<std::uint32_t> free_slots;
    FlatMap<Address, AddressHash> by_address;
    FlatMap<std::string, TextHash> by_ufrag;
    Deadlines deadlines;
    std::vector<PeerId> dirty;    ///< had something to send; each once
    std::vector<PeerId> touched;  ///< their deadline may be an earlier one now
    std::vector<PeerId> gone;     ///< to be buried when nothing of theirs is under way
    struct Handshake {
        std::uint32_t slot;
        std::array<std::byte, 16> ip;
    };
    std::vector<Handshake> handshakes;  ///< under way
    Bucket handshake_rate;
};

}  // namespace muster::rtc
