#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events.hpp"
#include "muster/client/session.hpp"
#include "translator.hpp"
#include "wires.hpp"

namespace muster::sdk {

using client::Instant;

/// What a handle counts over all that it plays.
struct Counts {
    std::uint64_t snapshots = 0, snapshots_late = 0, crossings = 0, returns = 0, nonsense = 0;
};

/// One player in one world: a session, its sockets, and what the program is told of it. On the
/// thread of `context`.
class Play final : client::SessionListener {
  public:
    using Clock = std::function<Instant()>;
    Play(boost::asio::io_context& context, std::shared_ptr<const rtc::Identity> identity,
         Events& events, Counts& counts, Clock clock);
    ~Play() override;

    [[nodiscard]] client::Session& session() { return session_; }
    [[nodiscard]] const Wires::Counts& traffic() const { return wires_.counts(); }
    [[nodiscard]] bool has_played() const { return has_played_; }
    /// The server said why this is over: MUSTER_CLIENT_REPLACED and so on.
    struct Ending {
        std::int32_t code = 0;
        std::string why;
    };
    [[nodiscard]] const std::optional<Ending>& ending() const { return ending_; }
    /// It said that it stops: what is lost then may not come back.
    [[nodiscard]] bool is_stopping() const { return is_stopping_; }

    std::string server;                ///< which one took the player, if the coordinator told
    std::function<void()> on_welcome;  ///< before the program is told

  private:
    void on_transmit(std::size_t wire, const rtc::Address& to,
                     std::span<const std::byte> datagram) override {
        wires_.send(wire, to, datagram);
    }
    void on_wire_closed(std::size_t wire) override { wires_.close(wire); }
    void on_message(const protocol::Message& message, bool is_stale) override;
    void on_tail(const protocol::Message& message) override;
    void on_crossed() override;
    void on_lost(std::string_view why) override;
    [[nodiscard]] bool comes_back() const override { return !ending_; }
    void on_note(client::Note note) override;

    void welcomed(const protocol::Message& message);
    void snapshot(const protocol::Snapshot& snapshot, bool is_stale);
    void noticed(const protocol::Message& message);

    Events& events_;
    Counts& counts_;
    Clock clock_;
    std::vector<std::uint64_t> room_;
    Translator translator_;
    Wires wires_;
    client::Session session_;
    std::optional<Ending> ending_;
    std::optional<std::uint32_t> player_;  ///< its id above its generation
    bool has_crossed_ = false;             ///< what the next Welcome ends
    bool has_played_ = false;
    bool is_stopping_ = false;
};

}  // namespace muster::sdk
