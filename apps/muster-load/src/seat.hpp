#pragma once

#include <functional>
#include <memory>

#include "player.hpp"

namespace muster::load {

/// One player's place in a crew: the connection that it has now, with its socket. In a storm one
/// connection after the other.
class Seat final : public Outlet {
  public:
    enum class State : std::uint8_t { waiting, asking, playing, leaving, gone };

    /// `send_late`: whether datagrams go out by `on_send` (a relay) rather than at once.
    using OnSend = std::function<void(Seat&, std::span<const std::byte>)>;
    Seat(std::uint32_t index, OnSend on_send) : index_(index), on_send_(std::move(on_send)) {}
    ~Seat() override { close(); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    /// Opens and connects the socket at the first datagram.
    void transmit(const rtc::Address& to, std::span<const std::byte> datagram) override;
    /// Puts the bytes on the wire; false when the system did not take them.
    [[nodiscard]] bool send(std::span<const std::byte> datagram) const;
    void close();

    [[nodiscard]] std::uint32_t index() const { return index_; }
    /// Which of the seat's connections this is, so that what was meant for an earlier one is told
    /// apart.
    [[nodiscard]] std::uint64_t flow() const { return std::uint64_t{generation} << 32U | index_; }
    [[nodiscard]] int descriptor() const { return descriptor_; }

    State state = State::waiting;
    std::uint32_t generation = 0;
    Instant until{0};  ///< waiting: not before; asking, playing: give up, or leave; leaving: close
    std::unique_ptr<Player> player;
    std::function<void(Seat&)> on_socket;  ///< a socket was opened

  private:
    std::uint32_t index_;
    OnSend on_send_;
    int descriptor_ = -1;
};

}  // namespace muster::load
