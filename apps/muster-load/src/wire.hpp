#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "muster/rtc/endpoint.hpp"

namespace muster::load {

/// The UDP socket of one connection at a time: the world tells players apart by their address.
class Wire {
  public:
    Wire() = default;
    ~Wire() { close(); }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Opens and connects the socket, unless it is open. False: the system has none, or knows no
    /// way; whoever waits for an answer has deadlines of its own.
    [[nodiscard]] bool open(const rtc::Address& to);
    /// Puts the bytes on the wire; false when the system did not take them.
    [[nodiscard]] bool send(std::span<const std::byte> datagram) const;
    void close();

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// How many sockets there were before, so that what was meant for one of them is told apart.
    [[nodiscard]] std::uint32_t generation() const { return generation_; }

  private:
    int descriptor_ = -1;
    std::uint32_t generation_ = 0;
};

}  // namespace muster::load
