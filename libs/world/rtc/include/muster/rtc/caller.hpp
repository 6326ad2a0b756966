#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "muster/rtc/endpoint.hpp"
#include "muster/rtc/identity.hpp"

namespace muster::rtc {

/// Called from within the caller's methods; may call send() and nothing else of it.
class CallerListener {
  public:
    virtual ~CallerListener() = default;
    virtual void on_datagram(const Address& to, std::span<const std::byte> datagram) = 0;
    virtual void on_open() = 0;
    virtual void on_message(std::uint16_t stream, bool is_text,
                            std::span<const std::byte> message) = 0;
    virtual void on_closed(std::string_view why) = 0;
};

/// The calling half of one data channel connection, for load players, tests and SDKs: the
/// controlling ICE agent with one candidate pair, the DTLS client, the SCTP side that sends INIT.
/// Sans-I/O, one thread.
class Caller {
  public:
    Caller(std::shared_ptr<const Identity> identity, const Options& options,
           CallerListener& listener);
    ~Caller();
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    [[nodiscard]] const std::string& offer() const;  ///< SDP
    /// Takes the answer and begins to send checks to its first candidate (or to `instead`, a
    /// relay).
    Result<void> start(std::string_view answer_sdp, std::optional<Address> instead, Instant now);
    void receive(std::span<std::byte> datagram, Instant now);
    sctp::Sent send(std::uint16_t stream, bool is_text, std::span<const std::byte> message,
                    const sctp::Reliability& reliability, Instant now);
    /// Opens a channel by DCEP on an even stream.
    Result<void> open_channel(std::uint16_t stream, std::string_view label,
                              const sctp::Reliability& reliability, Instant now);
    void flush(Instant now);
    [[nodiscard]] std::optional<Instant> deadline() const;
    void handle_timeouts(Instant now);
    /// Says goodbye (DTLS close_notify).
    void close(Instant now);
    [[nodiscard]] bool is_open() const;
    [[nodiscard]] sctp::Statistics statistics() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::rtc
