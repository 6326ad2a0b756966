#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/host/world_server.hpp"
#include "muster/protocol/protocol.hpp"
#include "muster/replication/mirror.hpp"
#include "muster/rtc/caller.hpp"
#include "muster/udp/socket.hpp"

/// A player of the real protocol over a loopback socket, in a test's thread.
namespace muster::host::testing {

/// One connection to a world server.
class Connection final : rtc::CallerListener {
  public:
    using Hear = std::function<void(Connection&, std::span<const std::byte>)>;
    explicit Connection(Hear hear);
    ~Connection() override;

    [[nodiscard]] const std::string& offer() const { return caller_.offer(); }
    Result<void> start(std::string_view answer_sdp);
    void turn();
    void send(std::span<const std::byte> message, bool on_control);
    void flush();
    void close();

    [[nodiscard]] bool is_open() const { return caller_.is_open(); }
    [[nodiscard]] bool is_closed() const { return closed_; }
    [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

    replication::Mirror mirror;
    bool has_moved = false;  ///< Moved came: nothing may follow

  private:
    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override;
    void on_open() override {}
    void on_message(std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override;
    void on_closed(std::string_view why) override;

    const Hear hear_;
    udp::Socket socket_;
    rtc::Caller caller_;
    bool closed_ = false;
    bool started_ = false;
};

/// Also goes from one server of a world to the next, as docs/formats/world-protocol.md says.
class Player {
  public:
    Player();
    ~Player();
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

    [[nodiscard]] const std::string& offer() const { return active_->offer(); }
    Result<void> start(const Joined& joined);
    /// To come back with another connection: offer() is a new one, start() follows.
    void begin_again();
    /// Takes what came, and sends what is due: 30 times a second the inputs of two ticks.
    void turn();
    /// Answers nothing and sends nothing any more.
    void vanish() { vanished_ = true; }
    void say(const std::string& text, const replication::Address& to = {});
    void want_party(const std::string& code);
    void say_bye();
    void send_custom(std::uint8_t command, std::string_view payload);
    void ping();
    void send(std::span<const std::byte> message, bool on_control);
    void close();

    std::uint8_t buttons = 0;
    std::uint32_t sequence = 0;  ///< of the newest input sent
    bool answers_invitations = true;

    [[nodiscard]] const replication::Mirror& mirror() const { return active_->mirror; }
    [[nodiscard]] bool is_open() const { return active_->is_open(); }
    [[nodiscard]] bool is_closed() const { return active_->is_closed(); }
    [[nodiscard]] const std::vector<std::string>& chats() const { return chats_; }
    [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }
    /// The text of the last one.
    [[nodiscard]] const std::string& notice() const { return notice_; }
    /// As it was told last: the code, and the names.
    [[nodiscard]] const std::string& party() const { return party_; }
    [[nodiscard]] const std::vector<std::string>& party_members() const { return party_members_; }
    /// What plugins sent: the commands with their payloads.
    using Customs = std::vector<std::pair<std::uint8_t, std::string>>;
    [[nodiscard]] const Customs& customs() const { return customs_; }
    [[nodiscard]] std::size_t pongs() const { return pongs_; }
    [[nodiscard]] std::size_t scores() const { return scores_; }
    [[nodiscard]] std::uint16_t players_on_board() const { return players_on_board_; }
    [[nodiscard]] int descriptor() const { return active_->descriptor(); }

    // From one server to the next.
    [[nodiscard]] std::uint32_t acknowledged() const { return acknowledged_; }  ///< by any server
    [[nodiscard]] std::size_t invitations() const { return invitations_; }
    [[nodiscard]] std::size_t refusals() const { return refusals_; }
    [[nodiscard]] bool has_standby() const { return standby_ && standby_->is_open(); }
    /// How often another connection has become the player's.
    [[nodiscard]] std::size_t crossings() const { return crossings_; }
    /// Of the newest answer.
    [[nodiscard]] const std::string& ticket() const { return ticket_; }
    /// That the present server said the player has to resume.
    [[nodiscard]] bool must_resume() const { return must_resume_; }
    /// What no server should have sent.
    [[nodiscard]] const std::vector<std::string>& wrongs() const { return wrongs_; }

  private:
    [[nodiscard]] std::unique_ptr<Connection> connect();
    void hear(Connection& from, std::span<const std::byte> bytes);
    void hear_active(const protocol::Message& message);
    void hear_standby(const protocol::Message& message, std::span<const std::byte> bytes);
    void hear_words(const protocol::Message& message);
    void invited(std::uint32_t number);
    void send_inputs();

    // What a connection that calls us has made void is dropped in the next turn.
    std::vector<std::unique_ptr<Connection>> void_;
    std::unique_ptr<Connection> active_, standby_, before_;
    std::uint32_t invitation_ = 0;
    std::deque<replication::InputStep> steps_;  ///< the newest ones sent
    std::vector<std::uint64_t> room_;
    std::vector<std::string> chats_, notices_, wrongs_, party_members_;
    std::string notice_, party_;
    Customs customs_;
    std::string ticket_;
    std::size_t pongs_ = 0, scores_ = 0, crossings_ = 0, invitations_ = 0, refusals_ = 0;
    std::uint16_t players_on_board_ = 0;
    std::uint32_t acknowledged_ = 0;
    bool must_resume_ = false;
    bool vanished_ = false;
    rtc::Instant inputs_at_{};
};

}  // namespace muster::host::testing
