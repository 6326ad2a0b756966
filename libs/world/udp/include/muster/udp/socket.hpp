#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/error.hpp"
#include "muster/rtc/endpoint.hpp"

/// UDP in batches (recvmmsg, sendmmsg), for the shards of a world and for load players.
namespace muster::udp {

using rtc::Address;

struct Options {
    std::string host = "0.0.0.0";  ///< numeric; "::" takes IPv4 too
    std::uint16_t port = 0;        ///< 0 asks the system
    bool shared = false;           ///< SO_REUSEPORT: one of several sockets of one port
    int receive_buffer = 4 << 20;  ///< bytes asked for; the system may give less
    int send_buffer = 4 << 20;
};

struct Statistics {
    std::uint64_t datagrams_in = 0, datagrams_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t receive_calls = 0, send_calls = 0;
    std::uint64_t dropped_here =
        0;  ///< the send batch could not be sent (buffer full, unreachable)
    std::uint64_t dropped_by_system = 0;  ///< the receive buffer was full (SO_RXQ_OVFL)
    std::uint64_t truncated = 0;          ///< longer than 2,048 bytes: not handed out
    std::uint64_t segmented = 0;  ///< of datagrams_out: cut by the system from a larger one (GSO)
};

/// One non-blocking socket. One thread.
class Socket {
  public:
    [[nodiscard]] static Result<Socket> open(const Options& options);
    ~Socket();
    Socket(Socket&&) noexcept;
    Socket& operator=(Socket&&) noexcept;

    [[nodiscard]] int descriptor() const;
    [[nodiscard]] std::uint16_t port() const;
    /// Receives up to `datagrams_max` and calls for each; how many. The bytes may be changed and
    /// are the caller's until it returns.
    std::size_t receive(std::size_t datagrams_max,
                        const std::function<void(const Address&, std::span<std::byte>)>& each);
    /// Copies a datagram (at most 1,500 bytes) into the batch; a full batch is sent first.
    void send(const Address& to, std::span<const std::byte> datagram);
    /// Sends the batch. What the system does not take is dropped and counted: it would be stale.
    void flush();
    [[nodiscard]] const Statistics& statistics() const;

  private:
    struct Impl;
    explicit Socket(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Sees that each of the port's sockets gets the datagrams of the addresses that hash to it, in the
/// order in which the sockets were opened (SO_ATTACH_REUSEPORT_CBPF), so that a peer stays with its
/// shard however many there are. To be called once all are open; they are of one family.
/// `unsupported` when the system has no such filter.
Result<void> attach_shards(Socket& first, std::size_t shards);
/// The socket that attach_shards() chooses for a sender. `shards` is positive.
[[nodiscard]] std::size_t shard_of(const Address& from, std::size_t shards);

}  // namespace muster::udp
