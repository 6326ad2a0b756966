#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/host/world_server.hpp"
#include "muster/replication/mirror.hpp"
#include "muster/rtc/caller.hpp"
#include "muster/udp/socket.hpp"

/// A world server with players of the real protocol, over loopback sockets, in a test's thread.
namespace muster::host::testing {

using namespace std::chrono_literals;

/// A room without walls in which everybody sees everybody.
[[nodiscard]] sim::Map small_room();
/// One free-for-all world of it, without bots, on a port of the system's choice; limits that a test
/// does not meet by chance.
[[nodiscard]] Options small_server();

class Player final : rtc::CallerListener {
  public:
    Player();
    ~Player() override;

    [[nodiscard]] const std::string& offer() const { return caller_.offer(); }
    Result<void> start(const Joined& joined);
    /// Takes what came, and sends what is due: 30 times a second the inputs of two ticks.
    void turn();
    /// Answers nothing and sends nothing any more.
    void vanish() { vanished_ = true; }
    void say(const std::string& text, bool team_only = false);
    void say_bye();
    void send_custom(std::uint8_t command, std::string_view payload);
    void ping();
    void send(std::span<const std::byte> message, bool on_control);
    void close();

    std::uint8_t buttons = 0;
    std::uint32_t sequence = 0;  ///< of the newest input sent

    [[nodiscard]] const replication::Mirror& mirror() const { return mirror_; }
    [[nodiscard]] bool is_open() const { return caller_.is_open(); }
    [[nodiscard]] bool is_closed() const { return closed_; }
    [[nodiscard]] const std::vector<std::string>& chats() const { return chats_; }
    [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }
    /// What plugins sent: the commands with their payloads.
    using Customs = std::vector<std::pair<std::uint8_t, std::string>>;
    [[nodiscard]] const Customs& customs() const { return customs_; }
    [[nodiscard]] std::size_t pongs() const { return pongs_; }
    [[nodiscard]] std::size_t scores() const { return scores_; }
    [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

  private:
    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override;
    void on_open() override {}
    void on_message(std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override;
    void on_closed(std::string_view why) override;

    udp::Socket socket_;
    rtc::Caller caller_;
    replication::Mirror mirror_;
    std::vector<std::uint64_t> room_;
    std::vector<std::string> chats_, notices_;
    Customs customs_;
    std::size_t pongs_ = 0, scores_ = 0;
    bool closed_ = false;
    bool vanished_ = false;
    bool started_ = false;
    rtc::Instant inputs_at_{};
};

class Stand {
  public:
    explicit Stand(Options options = small_server());
    ~Stand();

    std::unique_ptr<WorldServer> server;

    struct JoinOptions {
        std::string name = "somebody";
        std::string resume{};
        std::string world{};
        sim::Team team = sim::Team::none;
        std::string address = "198.51.100.1";
    };
    /// Asks for a place for a new player; the answer within two seconds.
    Result<Joined> ask(Player& player, const JoinOptions& options);
    /// The same, and starts the player, whose turns until() takes from now on. The last answer is
    /// in `joined`.
    Player& join(const JoinOptions& options);
    Player& join() { return join(JoinOptions{}); }
    Joined joined;

    /// Takes the players' turns until `condition` holds; false after `limit`.
    bool until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s);
    [[nodiscard]] Statistics statistics() const { return server->statistics(); }
    [[nodiscard]] WorldStatistics world() const { return server->statistics().worlds.front(); }

    std::vector<std::unique_ptr<Player>> players;
};

}  // namespace muster::host::testing
