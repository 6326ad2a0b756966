#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "muster/client/session.hpp"

namespace muster::sdk {

/// The UDP sockets of a session, one for each of its connections. On the thread of `context`.
class Wires {
  public:
    using Hear = std::function<void(std::size_t wire, std::span<std::byte> datagram)>;
    Wires(boost::asio::io_context& context, Hear hear);
    ~Wires();
    Wires(const Wires&) = delete;
    Wires& operator=(const Wires&) = delete;

    /// Opens the wire's socket when it has none. What the system does not take is lost, as on any
    /// network.
    void send(std::size_t wire, const rtc::Address& to, std::span<const std::byte> datagram);
    void close(std::size_t wire);

    struct Counts {
        std::uint64_t bytes_in = 0, bytes_out = 0, datagrams_in = 0, datagrams_out = 0;
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    struct Wire;
    void listen(const std::shared_ptr<Wire>& wire);
    void hear(Wire& wire, std::size_t size);

    boost::asio::io_context& context_;
    Hear hear_;
    std::array<std::shared_ptr<Wire>, client::wires_max> wires_;
    Counts counts_;
};

}  // namespace muster::sdk
