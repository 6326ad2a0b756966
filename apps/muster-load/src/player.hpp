#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat_check.hpp"
#include "memory.hpp"
#include "muster/client/session.hpp"
#include "options.hpp"
#include "script.hpp"
#include "tally.hpp"

namespace muster::protocol {
struct Snapshot;
}  // namespace muster::protocol

namespace muster::load {

using client::wires_max;

/// Where a player's datagrams go: each of its connections has a wire of its own.
class Outlet {
  public:
    virtual ~Outlet() = default;
    virtual void transmit(std::size_t wire, const rtc::Address& to,
                          std::span<const std::byte> datagram) = 0;
    virtual void close(std::size_t wire) = 0;
};

/// What the players of one thread share.
struct Shared {
    const Options& options;
    std::shared_ptr<const rtc::Identity> identity;
    Joins& joins;
    Measured& measured;
    ChatCheck& chats;
    bool measuring = false;
    /// Several servers compute the world, as a server has shown, or the pattern supposes: who is
    /// lost may come back.
    bool is_spread = false;
    std::vector<std::uint64_t> room;  ///< for messages that came unaligned
};

/// One player: a session on whatever servers, and what it measures. Sans-I/O, so that the crew owns
/// sockets, requests and the time. The protocol is the real one; the player itself is a script.
class Player final : client::SessionListener {
  public:
    Player(Shared& shared, Outlet& outlet, std::uint64_t seed, Instant now);
    ~Player() override;

    [[nodiscard]] const std::string& offer() const { return session_.offer(); }
    /// To the newest offer.
    Result<void> answered(const std::string& sdp, std::string ticket, Instant now);
    void receive(std::size_t wire, std::span<std::byte> datagram, Instant now);
    /// An input is due, `scheduled` says since when: latency counts from there, however late we
    /// are.
    void play(Instant scheduled, Instant now);
    void handle_timeouts(Instant now);
    void say(std::string_view text, Instant now);
    /// Says goodbye on both layers.
    void leave(Instant now) { session_.leave(now); }

    /// Since when no server has it, though it wants to go on: come_back() then.
    [[nodiscard]] std::optional<Instant> lost_since() const { return session_.lost_since(); }
    [[nodiscard]] bool is_sent() const { return session_.is_sent(); }
    [[nodiscard]] std::uint32_t strikes(Instant now) const { return session_.strikes(now); }
    /// A new connection for the same player: its offer. `ticket()` is what it resumes with.
    const std::string& come_back(Instant now);
    [[nodiscard]] const std::string& ticket() const { return session_.ticket(); }
    /// The request of come_back() failed.
    void not_back() { session_.not_back(); }
    [[nodiscard]] bool wants_back() const { return session_.wants_back(); }

    [[nodiscard]] bool is_playing() const { return session_.is_playing(); }
    [[nodiscard]] bool is_over() const { return session_.is_over(); }
    [[nodiscard]] const std::string& why_over() const { return session_.why_over(); }
    [[nodiscard]] Instant playing_since() const { return first_snapshot_at_.value_or(Instant{0}); }
    /// On the server that it joined, whose witness knows it.
    [[nodiscard]] bool is_at_first_server() const { return !session_.has_moved(); }
    [[nodiscard]] sim::Tick first_tick() const { return first_tick_; }
    [[nodiscard]] sim::PlayerId id() const { return id_; }
    [[nodiscard]] std::uint8_t generation() const { return generation_; }
    [[nodiscard]] const Memory& memory() const { return memory_; }
    /// Ends what it heard: `until` as ChatCheck's, `since`: when the first line was said.
    void end_hearing(std::uint32_t until, Instant since);
    /// Units of a view and of one step of the wire's positions; of the Welcome.
    [[nodiscard]] float view() const { return view_; }
    [[nodiscard]] float step() const { return step_; }

  private:
    enum class Gap : std::uint8_t { none, crossing, coming_back };
    struct SentInput {
        std::uint32_t sequence;
        Instant scheduled;
    };
    void on_transmit(std::size_t wire, const rtc::Address& to,
                     std::span<const std::byte> datagram) override {
        outlet_.transmit(wire, to, datagram);
    }
    void on_wire_closed(std::size_t wire) override { outlet_.close(wire); }
    void on_message(const protocol::Message& message, bool is_stale) override;
    void on_tail(const protocol::Message& message) override;
    void on_crossed() override;
    void on_lost(std::string_view why) override;
    [[nodiscard]] bool comes_back() const override { return shared_.is_spread; }
    void on_note(client::Note note) override;

    void on_welcome(const protocol::Welcome& welcome);
    void on_chat(std::string_view text);
    void on_snapshot(const protocol::Snapshot& snapshot);
    void on_snapshot_timing();
    void acknowledged(std::uint32_t sequence);

    Shared& shared_;
    Outlet& outlet_;
    std::uint64_t seed_;
    Instant asked_at_;
    Instant now_;  ///< of the call under way, for the callbacks
    client::Session session_;
    Memory memory_;
    std::optional<Script> script_;
    ChatCheck::Ear ear_;
    bool heard_all_ = true;  ///< the ear is as old as the player
    std::deque<SentInput> unacknowledged_;
    std::optional<Instant> first_snapshot_at_;
    Instant last_snapshot_at_{0};
    Gap gap_ = Gap::none;  ///< what the next snapshot ends
    sim::Tick first_tick_ = 0;
    sim::Vec at_;
    sim::PlayerId id_ = sim::no_player;
    std::uint8_t generation_ = 0;
    float view_ = 0, step_ = 0;
    bool frozen_ = false;
};

}  // namespace muster::load
