#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <expected>
#include <memory>
#include <vector>

#include "dice.hpp"
#include "muster/client/words.hpp"
#include "muster/http/client.hpp"
#include "options.hpp"
#include "player.hpp"
#include "relay.hpp"
#include "seat.hpp"
#include "tally.hpp"
#include "watch.hpp"

namespace muster::load {

/// What all crews go by; the main thread turns it.
struct Conductor {
    enum class Phase : int { joining, settling, measuring, ending };
    std::atomic<Phase> phase = Phase::joining;
    std::atomic<std::uint32_t> playing = 0;      ///< now, of all crews
    std::atomic<std::uint32_t> gave_up = 0;      ///< players that will not join any more
    std::atomic<std::uint32_t> chat_number = 0;  ///< lines said so far
};

/// Some of the players, with their sockets and their time: one thread, one epoll, no locks. Each
/// player has a UDP socket of its own, for the world tells players apart by their address.
class Crew {
  public:
    struct Task {
        const Options& options;
        std::shared_ptr<const rtc::Identity> identity;
        http::Endpoint endpoint;
        std::string world;
        std::string run;                     ///< tells this run's chat lines
        std::uint32_t first = 0, count = 0;  ///< which players
    };
    Crew(Task task, Conductor& conductor);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    /// Until the conductor's phase is `ending` and everybody has said goodbye.
    void run();

    // What came of it, after run().
    [[nodiscard]] const Joins& joins() const { return joins_; }
    [[nodiscard]] const Measured& measured() const { return measured_; }
    [[nodiscard]] const ChatCheck& chats() const { return chats_; }
    [[nodiscard]] const Relay::Counts& relayed() const { return relay_.counts(); }

  private:
    using Answer = std::expected<client::Joined, client::Refusal>;
    [[nodiscard]] Instant now() const;
    void enter(Conductor::Phase phase);
    void finish();
    void wait(Instant now);
    void play_due(Instant now);
    void sweep(Instant now);
    void start_joins(Instant now);
    void relay_due(Instant now);
    void read_from(Seat& seat, std::size_t wire);
    void put_on_wire(const Wire& wire, std::span<const std::byte> datagram);
    void look_after(Seat& seat, Instant now);
    void bring_back(Seat& seat, Instant now);
    /// Before the next try to get the place back.
    [[nodiscard]] Instant pause_of(const Seat& seat, Instant now);
    void drop(Seat& seat, const std::string& why, Instant now);
    void end(Seat& seat, bool again, Instant now);
    void chat(Instant now);
    void ask(std::size_t index);
    http::asio::awaitable<void> join(std::size_t index);
    /// What was wrong, or empty.
    std::string answer(Seat& seat, const Answer& joined, Instant now);
    /// The same, of a player that comes back.
    void answer_back(Seat& seat, const Answer& joined, Instant now);

    Task task_;
    Conductor& conductor_;
    Dice dice_;
    http::asio::io_context context_{1};
    std::unique_ptr<http::Client> client_;
    Joins joins_;
    Measured measured_;
    ChatCheck chats_;
    Shared shared_;
    Relay relay_;
    std::unique_ptr<Watch> watch_;
    std::vector<std::unique_ptr<Seat>> seats_;
    std::vector<std::byte> datagram_;
    int epoll_ = -1;
    std::chrono::steady_clock::time_point start_;
    Conductor::Phase phase_ = Conductor::Phase::joining;
    Instant period_{0};       ///< between two inputs of one player
    std::uint64_t beat_ = 0;  ///< inputs that were due so far, of all seats in turn
    Instant swept_at_{0}, polled_at_{0}, chatted_at_{0}, measuring_since_{0};
    double cpu_before_ = 0;
    std::uint32_t joining_ = 0;  ///< requests under way
    std::size_t next_to_join_ = 0;
    std::uint32_t told_playing_ = 0;
};

}  // namespace muster::load
