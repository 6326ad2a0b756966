#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/client/line.hpp"
#include "muster/client/patience.hpp"
#include "muster/client/steps.hpp"
#include "muster/replication/mirror.hpp"

namespace muster::protocol {
struct Message;
struct Welcome;
}  // namespace muster::protocol

/// A player's side of a world: what load players and the client SDK are both made of.
namespace muster::client {

/// A session's connections at once: to the server that has the player, to the one that is next, and
/// to the one before, which may have something to say still. Each has a wire of its own, for a
/// world tells players apart by their address.
inline constexpr std::size_t wires_max = 3;

/// Worth counting, and nothing to act upon.
enum class Note : std::uint8_t {
    nonsense,     ///< a message that is none
    invited,      ///< to a next server: several compute this world
    moved,        ///< the same: to another server
    refused,      ///< an invitation came to nothing by the next server's word
    unconnected,  ///< moved without a second connection
};

/// Called from within a session's methods; may call its send functions and nothing else of it.
/// Messages are verified, and valid during the call.
class SessionListener {
  public:
    virtual ~SessionListener() = default;
    virtual void on_transmit(std::size_t wire, const rtc::Address& to,
                             std::span<const std::byte> datagram) = 0;
    virtual void on_wire_closed(std::size_t wire) = 0;
    /// Of the server that has the player; the mirror has taken it. `is_stale`: a snapshot that is
    /// not newer than what was known.
    virtual void on_message(const protocol::Message& message, bool is_stale) = 0;
    /// What the server before still had to say: words to people count, all else is void.
    virtual void on_tail(const protocol::Message& message) = 0;
    /// The next message is the Welcome of another server, which has the player now.
    virtual void on_crossed() = 0;
    /// No server has the player: come_back(), or let go of it.
    virtual void on_lost(std::string_view why) = 0;
    /// Whether a loss is not the end.
    [[nodiscard]] virtual bool comes_back() const = 0;
    virtual void on_note(Note) {}
};

/// One player's session, from its first offer to its end, on whatever servers: sans-I/O, one
/// thread. docs/formats/world-protocol.md, "From one server to the next"; the page's
/// sdk/typescript/src/net/connection.ts does the same.
class Session final : LineListener {
  public:
    /// `room`: for messages that come unaligned; sessions of one thread may share one.
    Session(std::shared_ptr<const rtc::Identity> identity, std::vector<std::uint64_t>& room,
            SessionListener& listener, Instant now);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] const std::string& offer() const { return active_->offer(); }
    /// To the newest offer. `instead`: where to connect to, if not to the answer's first candidate.
    Result<void> answered(const std::string& sdp, std::string ticket, Instant now,
                          std::optional<rtc::Address> instead = std::nullopt);
    void receive(std::size_t wire, std::span<std::byte> datagram, Instant now);
    /// Every ten milliseconds or so.
    void handle_timeouts(Instant now);

    /// The steps of one beat, of which there are `rate` a second: out with those of two messages
    /// before them, against loss. To a server that shows its world less often they go less often,
    /// and more at once; to the one that is next with every third message.
    enum class Sent : std::uint8_t { later, now, not_taken };
    Sent act(std::span<const replication::InputStep> beat, std::uint32_t rate, Instant now);
    /// To the server that has the player; kept for the next one for the moment between two (16 at
    /// most). False: nobody takes it.
    bool send_control(std::span<const std::byte> message, Instant now);
    bool send_state(std::span<const std::byte> message, Instant now);
    /// Says goodbye on both layers.
    void leave(Instant now);

    /// Since when no server has it, though it wants to go on.
    [[nodiscard]] std::optional<Instant> lost_since() const { return lost_at_; }
    /// It was lost because its server sent it to another: that one waits for it.
    [[nodiscard]] bool is_sent() const { return is_sent_; }
    /// How often lately a server was left for its silence, and answered all the same: 0 to 2.
    [[nodiscard]] std::uint32_t strikes(Instant now) const { return patience_.strikes(now); }
    [[nodiscard]] bool wants_back() const { return lost_at_ && !is_asking_ && !over_; }
    /// A new connection for the same player: its offer. `ticket()` is what it resumes with.
    const std::string& come_back(Instant now);
    /// The request of come_back() failed.
    void not_back();
    /// What it resumes with; empty before the first answer.
    [[nodiscard]] const std::string& ticket() const { return ticket_; }
    /// The ticket is good for nothing any more: the next answer is another player's.
    void forget_ticket() { ticket_.clear(); }

    /// Snapshots come.
    [[nodiscard]] bool is_playing() const { return has_played_ && !over_ && !lost_at_; }
    [[nodiscard]] bool is_over() const { return over_; }
    [[nodiscard]] const std::string& why_over() const { return why_over_; }
    /// Another server than the first one has the player, or has had it.
    [[nodiscard]] bool has_moved() const { return has_moved_; }
    [[nodiscard]] bool has_before() const { return before_ != nullptr; }
    [[nodiscard]] const replication::Mirror& mirror() const { return mirror_; }
    /// The number of the newest step.
    [[nodiscard]] std::uint32_t sequence() const { return steps_.sequence(); }

  private:
    void on_line_datagram(const Line& line, const rtc::Address& to,
                          std::span<const std::byte> datagram) override;
    void on_line_message(Line& line, std::uint16_t stream,
                         std::span<const std::byte> message) override;
    Line& new_line();
    void drop(Line*& line);
    void settle();
    void on_active_message(std::span<const std::byte> bytes);
    void on_next_message(bool is_control, std::span<const std::byte> bytes);
    void on_tail_message(std::span<const std::byte> bytes);
    void on_control(const protocol::Message& message);
    void welcomed(const protocol::Welcome& welcome);
    void invited(std::uint32_t number);
    void cross(std::span<const std::byte> welcome);
    void moved();
    void lose(std::string_view why);
    void fall(std::string_view why);
    bool send_inputs(std::size_t newest);
    [[nodiscard]] replication::Bytes inputs_without_tick() const;

    std::shared_ptr<const rtc::Identity> identity_;
    std::vector<std::uint64_t>& room_;
    SessionListener& listener_;
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
    Instant back_until_{0};    ///< a snapshot by then, or another try
    Patience patience_;        ///< with the active one's server
    std::string next_server_;  ///< the fingerprint of the next one's
    bool is_sent_ = false;
    bool is_asking_ = true;
    bool has_moved_ = false;
    bool has_played_ = false;
    std::string ticket_;
    std::vector<replication::Bytes> held_;   ///< said while nobody is there to hear it
    std::vector<replication::Bytes> early_;  ///< snapshots that overtook the next one's Welcome
    replication::Mirror mirror_;
    Steps steps_;
    std::uint32_t beats_ = 0, messages_ = 0;
    std::uint8_t snapshot_rate_ = 0xff;  ///< told by the server; it may not be what comes
    bool over_ = false;
    std::string why_over_;
};

}  // namespace muster::client
