#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/replication/messages.hpp"
#include "muster/rtc/endpoint.hpp"
#include "relay.hpp"

namespace muster::load {

/// A world server that says what a test tells it to, over the real transport: sans-I/O.
class ScriptedServer final : rtc::Listener {
  public:
    ScriptedServer(std::shared_ptr<const rtc::Identity> identity, std::uint16_t port);
    ~ScriptedServer() override;

    /// The SDP of the answer.
    std::string accept(const std::string& offer, Instant now);
    void receive(const rtc::Address& from, std::span<std::byte> datagram, Instant now);
    void handle_timeouts(Instant now);

    void welcome(std::uint16_t player, std::uint8_t generation, std::string_view resume);
    void snapshot(std::uint32_t tick, std::uint32_t acknowledged,
                  const std::vector<std::uint16_t>& others = {});
    void chat(std::string_view text);
    /// Of overload: so many snapshots a second from now on.
    void notice(std::uint8_t snapshot_rate);
    void invite(std::uint32_t number);
    void answer(std::uint32_t number, std::string_view sdp);
    void moved(bool is_connected);

    struct Inputs {
        std::uint32_t sequence = 0, tick = 0, received = 0;
        std::size_t steps = 0;
        std::uint8_t seen = 0;
    };
    struct Offer {
        std::uint32_t number = 0;
        std::string sdp;
    };
    struct Datagram {
        rtc::Address to;
        std::vector<std::byte> bytes;
    };
    // What the player said, and what is to go out to it.
    std::vector<Inputs> inputs;
    std::vector<Offer> offers;
    std::vector<std::string> chats;
    std::deque<Datagram> outbox;
    bool is_open = false;
    bool is_gone = false;

    [[nodiscard]] const rtc::Address& address() const { return address_; }

  private:
    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override;
    void on_open(rtc::PeerId peer) override;
    void on_message(rtc::PeerId peer, std::uint16_t stream, bool is_text,
                    std::span<const std::byte> message) override;
    void on_channel(rtc::PeerId, std::uint16_t, std::string_view,
                    const sctp::Reliability&) override {}
    void on_channel_closed(rtc::PeerId, std::uint16_t) override {}
    void on_gone(rtc::PeerId, rtc::Gone) override { is_gone = true; }
    void send(const replication::Bytes& message, bool is_control);

    rtc::Address address_;
    rtc::Endpoint endpoint_;
    rtc::PeerId peer_ = 0;
    Instant now_{0};
    std::vector<std::uint64_t> room_;
};

}  // namespace muster::load
