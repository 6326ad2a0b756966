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
#include "line.hpp"
#include "memory.hpp"
#include "muster/replication/mirror.hpp"
#include "options.hpp"
#include "patience.hpp"
#include "script.hpp"
#include "tally.hpp"

namespace muster::protocol {
struct Snapshot;
struct Welcome;
}  // namespace muster::protocol

namespace muster::load {

/// A player's connections at once: to the server that has it, to the one that is next, and to the
/// one before, which may have something to say still.
inline constexpr std::size_t wires_max = 3;

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

/// One player, from its first offer to its end, on whatever servers: sans-I/O, so that the crew
/// owns sockets, requests and the time. The protocol is the real one; the player itself is a
/// script.
class Player final : LineListener {
  public:
    Player(Shared& shared, Outlet& outlet, std::uint64_t seed, Instant now);
    ~Player() override;

    [[nodiscard]] const std::string& offer() const { return active_->offer(); }
    /// To the newest offer.
    Result<void> answered(const std::string& sdp, std::string ticket, Instant now);
    void receive(std::size_t wire, std::span<std::byte> datagram, Instant now);
    /// An input is due, `scheduled` says since when: latency counts from there, however late we
    /// are.
    void play(Instant scheduled, Instant now);
    void handle_timeouts(Instant now);
    void say(std::string_view text, Instant now);
    /// Says goodbye on both layers.
    void leave(Instant now);

    /// Since when no server has it, though it wants to go on: come_back() then.
    [[nodiscard]] std::optional<Instant> lost_since() const { return lost_at_; }
    /// A new connection for the same player: its offer. `ticket()` is what it resumes with.
    const std::string& come_back(Instant now);
    [[nodiscard]] const std::string& ticket() const { return ticket_; }
    /// The request of come_back() failed.
    void not_back();
    /// It was lost because its server sent it to another: that one waits for it.
    [[nodiscard]] bool is_sent() const { return is_sent_; }
    /// How often lately a server was left for its silence, and answered all the same: 0 to 2.
    [[nodiscard]] std::uint32_t strikes(Instant now) const { return patience_.strikes(now); }
    [[nodiscard]] bool wants_back() const { return lost_at_ && !is_asking_ && !over_; }

    [[nodiscard]] bool is_playing() const {
        return first_snapshot_at_.has_value() && !over_ && !lost_at_;
    }
    [[nodiscard]] bool is_over() const { return over_; }
    [[nodiscard]] const std::string& why_over() const { return why_over_; }
    [[nodiscard]] Instant playing_since() const { return first_snapshot_at_.value_or(Instant{0}); }
    /// On the server that it joined, whose witness knows it.
    [[nodiscard]] bool is_at_first_server() const { return !has_moved_; }
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
    void on_line_datagram(const Line& line, const rtc::Address& to,
                          std::span<const std::byte> datagram) override;
    void on_line_message(Line& line, std::uint16_t stream,
                         std::span<const std::byte> message) override;

    // player_lines.cpp: connections
    Line& new_line();
    void drop(Line*& line);
    void settle();
    void on_next_message(Line& line, std::uint16_t stream, std::span<const std::byte> message);
    void on_tail_message(std::uint16_t stream, std::span<const std::byte> message);
    bool on_hand_over(std::span<const std::byte> message);
    void invited(std::uint32_t number);
    void cross(std::span<const std::byte> welcome);
    void moved();
    void lose(std::string_view why);
    void fall(std::string_view why);

    // player.cpp: playing
    void on_active_message(std::uint16_t stream, std::span<const std::byte> message);
    void on_control(std::span<const std::byte> message);
    void on_state(std::span<const std::byte> message);
    void on_welcome(const protocol::Welcome& welcome);
    void on_chat(std::string_view text);
    void on_snapshot_timing();
    void acknowledged(std::uint32_t sequence);
    [[nodiscard]] std::uint32_t beats_a_message() const;
    void add_steps();
    [[nodiscard]] std::span<const replication::InputStep> newest_steps() const;
    [[nodiscard]] replication::Bytes inputs_without_tick() const;
    void send_inputs(Instant now);

    Shared& shared_;
    Outlet& outlet_;
    std::uint64_t seed_;
    Instant asked_at_;
    Instant now_;  ///< of the call under way, for the callbacks

    std::array<std::unique_ptr<Line>, wires_max> lines_;  ///< by wire
    Line* active_ = nullptr;
    Line* next_ = nullptr;
    Line* before_ = nullptr;
    std::uint32_t invitation_ = 0;
    bool is_answered_ = false;
    Instant next_until_{0};                 ///< open by then, or forgotten
    Instant before_until_{0};               ///< closed by then
    std::optional<bool> moved_;             ///< said, and not acted upon
    std::optional<Instant> welcome_until_;  ///< the active one is gone; the next one's is awaited
    std::optional<Instant> lost_at_;
    Instant back_until_{0};  ///< a snapshot by then, or another try
    bool is_asking_ = true;
    bool is_sent_ = false;
    bool has_moved_ = false;
    std::string ticket_;
    std::vector<replication::Bytes> held_;   ///< said while nobody is there to hear it
    std::vector<replication::Bytes> early_;  ///< snapshots that overtook the next one's Welcome

    replication::Mirror mirror_;
    Memory memory_;
    std::optional<Script> script_;
    ChatCheck::Ear ear_;
    bool heard_all_ = true;                      ///< the ear is as old as the player
    std::vector<replication::InputStep> steps_;  ///< the newest, at most protocol::steps_max
    std::uint32_t sequence_ = 0;
    std::uint32_t beats_ = 0, messages_ = 0;
    std::uint8_t snapshot_rate_ = 0xff;  ///< told by the server; it may not be what comes
    std::deque<SentInput> unacknowledged_;
    std::optional<Instant> first_snapshot_at_;
    Instant last_snapshot_at_{0};
    Patience patience_;        ///< with the active one's server
    std::string next_server_;  ///< the fingerprint of the next one's
    Gap gap_ = Gap::none;      ///< what the next snapshot ends
    sim::Tick first_tick_ = 0;
    sim::Vec at_;
    sim::PlayerId id_ = sim::no_player;
    std::uint8_t generation_ = 0;
    float view_ = 0, step_ = 0;
    bool frozen_ = false;
    bool over_ = false;
    std::string why_over_;
};

}  // namespace muster::load
