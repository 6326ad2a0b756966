#pragma once

#include <array>
#include <functional>
#include <memory>

#include "player.hpp"
#include "wire.hpp"

namespace muster::load {

/// One player's place in a crew: its sockets, and when something is due. In a storm one player
/// after the other.
class Seat final : public Outlet {
  public:
    /// asking: for a place, or for the place back that the player had.
    enum class State : std::uint8_t { waiting, asking, playing, leaving, gone };

    /// Which wire of which seat, and which of its sockets.
    struct Flow {
        std::uint32_t seat = 0;
        std::uint8_t wire = 0;
        std::uint32_t generation = 0;
        [[nodiscard]] static Flow of(std::uint64_t packed) {
            return {.seat = static_cast<std::uint32_t>(packed & 0xff'ffffU),
                    .wire = static_cast<std::uint8_t>(packed >> 24U & 0xffU),
                    .generation = static_cast<std::uint32_t>(packed >> 32U)};
        }
    };
    static_assert(clients_max <= 0x100'0000);

    /// Datagrams go out by `on_send`, at once or later.
    using OnSend = std::function<void(Seat&, std::size_t wire, std::span<const std::byte>)>;
    Seat(std::uint32_t index, OnSend on_send) : index_(index), on_send_(std::move(on_send)) {}

    void transmit(std::size_t wire, const rtc::Address& to,
                  std::span<const std::byte> datagram) override {
        if (!wires_[wire].is_open()) {
            if (!wires_[wire].open(to)) return;
            if (on_socket) on_socket(*this, wire);
        }
        on_send_(*this, wire, datagram);
    }
    void close(std::size_t wire) override { wires_[wire].close(); }
    void close_all() {
        for (auto& wire : wires_) wire.close();
    }

    [[nodiscard]] std::uint32_t index() const { return index_; }
    [[nodiscard]] std::uint64_t flow(std::size_t wire) const {
        return std::uint64_t{wires_[wire].generation()} << 32U | wire << 24U | index_;
    }
    [[nodiscard]] const Wire& wire(std::size_t wire) const { return wires_[wire]; }

    State state = State::waiting;
    std::uint32_t generation = 0;  ///< players that were here before
    Instant until{0};  ///< waiting: not before; asking, playing: give up, or leave; leaving: close
    std::uint32_t tries = 0;       ///< to get the place back
    std::uint32_t slow_tries = 0;  ///< of them, those that ended late and without an answer
    Instant asked_at{0};           ///< the last of them
    Instant back_at{0};            ///< no further one before
    std::unique_ptr<Player> player;
    std::function<void(Seat&, std::size_t wire)> on_socket;  ///< a socket was opened

  private:
    std::uint32_t index_;
    OnSend on_send_;
    std::array<Wire, wires_max> wires_;
};

}  // namespace muster::load
