#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "muster/rtc/caller.hpp"

namespace muster::client {

using rtc::Instant;

class Line;

/// Called from within a line's methods: may send() on it, and must not end it.
class LineListener {
  public:
    virtual ~LineListener() = default;
    virtual void on_line_datagram(const Line& line, const rtc::Address& to,
                                  std::span<const std::byte> datagram) = 0;
    virtual void on_line_message(Line& line, std::uint16_t stream,
                                 std::span<const std::byte> message) = 0;
};

/// One connection of a player to one world server, by one of its wires: sans-I/O.
class Line final : rtc::CallerListener {
  public:
    Line(std::size_t wire, std::shared_ptr<const rtc::Identity> identity, LineListener& listener);

    [[nodiscard]] std::size_t wire() const { return wire_; }
    [[nodiscard]] const std::string& offer() const { return caller_.offer(); }
    /// `instead`: of the answer's first candidate.
    Result<void> start(const std::string& answer, Instant now,
                       std::optional<rtc::Address> instead = std::nullopt) {
        return caller_.start(answer, instead, now);
    }
    void receive(std::span<std::byte> datagram, Instant now) { caller_.receive(datagram, now); }
    void handle_timeouts(Instant now);
    /// Unreliable, and out at once.
    bool send_state(std::span<const std::byte> message, Instant now);
    /// Reliable, and out at once, or, from within the listener, with the next datagram.
    void send_control(std::span<const std::byte> message, Instant now, bool flush = true);
    /// Says goodbye.
    void close(Instant now) { caller_.close(now); }

    [[nodiscard]] bool is_open() const { return open_ && !over_; }
    [[nodiscard]] bool is_over() const { return over_; }
    [[nodiscard]] const std::string& why_over() const { return why_over_; }

  private:
    void on_datagram(const rtc::Address& to, std::span<const std::byte> datagram) override {
        listener_.on_line_datagram(*this, to, datagram);
    }
    void on_open() override { open_ = true; }
    void on_message(std::uint16_t stream, bool, std::span<const std::byte> message) override {
        if (!over_) listener_.on_line_message(*this, stream, message);
    }
    void on_closed(std::string_view why) override {
        over_ = true;
        why_over_ = why;
    }

    std::size_t wire_;
    LineListener& listener_;
    rtc::Caller caller_;
    bool open_ = false;
    bool over_ = false;
    std::string why_over_;
};

}  // namespace muster::client
