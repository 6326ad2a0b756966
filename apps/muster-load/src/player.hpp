#pragma once

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
#include "muster/replication/mirror.hpp"
#include "muster/rtc/caller.hpp"
#include "options.hpp"
#include "script.hpp"
#include "tally.hpp"

namespace muster::load {

/// Where a player's datagrams go.
class Outlet {
  public:
    virtual ~Outlet() = default;
    virtual void transmit(const rtc::Address& to, std::span<const std::byte> datagram) = 0;
};

/// What the players of one thread share.
struct Shared {
    const Options& options;
    std::shared_ptr<const rtc::Identity> identity;
    Joins& joins;
    Measured& measured;
    ChatCheck& chats;
    bool measuring = false;
    std::vector<std::uint64_t> room;  ///< for messages that came unaligned
};

/// One connection of one player, from its offer to its end: sans-I/O, so that the crew owns the
/// socket and the time. The protocol is the real one; the player itself is a script.
class Player final : public rtc::CallerListener {
  public:
    Player(Shared& shared, Outlet& outlet, std::uint64_t seed, Instant now);
    ~Player() override;

    [[nodiscard]] const std::string& offer() const { return caller_.offer(); }
    Result<void> answered(const std::string& sdp, Instant now);
    void receive(std::span<std::byte> datagram, Instant now);
    /// An input is due, `scheduled` says since when: latency counts from there, however late we
    /// are.
    void play(Instant scheduled, Instant now);
    void handle_timeouts(Instant now);
    void say(std::string_view text, Instant now);
    /// Says goodbye on both layers.
    void leave(Instant now);

    [[nodiscard]] bool is_playing() const { return first_snapshot_at_.has_value() && !is_over(); }
    [[nodiscard]] bool is_over() const { return over_; }
    [[nodiscard]] const std::string& why_over() const { return why_over_; }
    [[nodiscard]] Instant playing_since() const { return first_snapshot_at_.value_or(Instant{0}); }
    [[nodiscard]] sim::Tick first_tick() const { return first_tick_; }
    [[nodiscard]] sim::PlayerId id() const { return mirror_.player(); }
    [[nodiscard]] sim::Tick newest() const { return mirror_.newest(); }
    [[nodiscard]] const Memory& memory() const { return memory_; }
    [[nodiscard]] const ChatCheck::Ear& ear() const { return ear_; }
    /// Units of a view and of one step of the wire's positions; of the Welcome.
    [[nodiscard]] float view() const { return view_; }
    [[nodiscard]] float step() const { return step_; }

    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override;
    void on_open() override;
    void on_message(std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override;
    void on_closed(std::string_view why) override;

  private:
    struct SentInput {
        std::uint32_t sequence;
        Instant scheduled;
    };
    void on_control(std::span<const std::byte> message);
    void on_state(std::span<const std::byte> message);
    void on_snapshot_timing();
    void add_steps();

    Shared& shared_;
    Outlet& outlet_;
    std::uint64_t seed_;
    Instant asked_at_;
    Instant now_;  ///< of the call under way, for the callbacks
    rtc::Caller caller_;
    replication::Mirror mirror_;
    Memory memory_;
    std::optional<Script> script_;
    ChatCheck::Ear ear_;
    std::vector<replication::InputStep> steps_;  ///< the newest, at most protocol::steps_max
    std::uint32_t sequence_ = 0;
    std::deque<SentInput> unacknowledged_;
    std::optional<Instant> first_snapshot_at_;
    Instant last_snapshot_at_{0};
    sim::Tick first_tick_ = 0;
    float view_ = 0, step_ = 0;
    bool frozen_ = false;
    bool open_ = false;
    bool over_ = false;
    std::string why_over_;
};

}  // namespace muster::load
