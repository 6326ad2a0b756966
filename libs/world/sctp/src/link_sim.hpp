#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "muster/sctp/association.hpp"

/// For tests: two ends and the wire between them, in simulated time, all from one seed.
namespace muster::sctp::sim {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15 + 1) {}
    std::uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    std::uint64_t below(std::uint64_t end) { return next() % end; }
    bool percent(unsigned chance) { return below(100) < chance; }

  private:
    std::uint64_t state_;
};

struct Received {
    std::uint16_t stream = 0;
    std::uint32_t ppid = 0;
    std::vector<std::byte> bytes;
};

/// One end: ours, or another's (usrsctp_sim.hpp).
class End {
  public:
    virtual ~End() = default;
    virtual void connect(Instant now) = 0;
    virtual void receive(std::span<const std::byte> packet, Instant now) = 0;
    virtual Sent send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message,
                      const Reliability& reliability, Instant now) = 0;
    virtual void flush(Instant now) = 0;
    virtual std::optional<Instant> deadline() = 0;
    virtual void handle_timeout(Instant now) = 0;
    virtual void reset_streams(std::span<const std::uint16_t> streams, Instant now) = 0;
    virtual void shut_down(Instant now) = 0;

    std::function<void(std::span<const std::byte>)> wire;
    std::vector<Received> received;
    std::vector<std::uint16_t> streams_reset;
    int opened = 0;
    std::optional<CloseReason> closed;
};

class OwnEnd final : public End, public Listener {
  public:
    /// `wraps`: the TSNs often start shortly before 0.
    explicit OwnEnd(std::uint32_t seed, const Options& options = {}, bool wraps = true);

    void connect(Instant now) override { association.connect(now); }
    void receive(std::span<const std::byte> packet, Instant now) override {
        association.receive(packet, now);
    }
    Sent send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message,
              const Reliability& reliability, Instant now) override {
        return association.send(stream, ppid, message, reliability, now);
    }
    void flush(Instant now) override { association.flush(now); }
    std::optional<Instant> deadline() override { return association.deadline(); }
    void handle_timeout(Instant now) override { association.handle_timeout(now); }
    void reset_streams(std::span<const std::uint16_t> streams, Instant now) override {
        association.reset_streams(streams, now);
    }
    void shut_down(Instant now) override { association.shut_down(now); }

    void on_packet(std::span<std::byte> packet) override;
    void on_open() override { ++opened; }
    void on_message(std::uint16_t stream, std::uint32_t ppid,
                    std::span<const std::byte> message) override;
    void on_streams_reset(std::span<const std::uint16_t> streams) override;
    void on_closed(CloseReason reason) override;

    Options options;
    Association association;
};

struct Conditions {
    unsigned loss = 0, duplication = 0;  ///< per cent
    Instant delay{1'000}, jitter{0};     ///< each packet takes delay + [0, jitter]
};

class Link {
  public:
    Link(End& a, End& b, const Conditions& conditions, std::uint64_t seed);

    /// Both ends flush each `tick`; packets and timeouts happen when they are due.
    void run_for(Instant span, Instant tick = Instant{16'667});
    /// Until both are open, or 120 s; false: they are not.
    bool open();

    Instant now{1'000'000};
    Conditions conditions;
    Random random;
    /// Packets for which it is false are lost; true for all at first. The end that sends: 0 or 1.
    std::function<bool(int from, std::span<const std::byte>)> passes;
    std::function<void()> on_tick;
    std::uint64_t carried = 0;
    Instant last_from[2]{};  ///< when each end last sent something

  private:
    struct Flight {
        Instant at;
        std::uint64_t order;
        int to;
        std::vector<std::byte> bytes;
    };
    void carry(int from, std::span<const std::byte> packet);
    void deliver();

    End* ends_[2];
    std::vector<Flight> flights_;  ///< a heap
    std::uint64_t order_ = 0;
    Instant next_tick_{0};
};

/// A message that tells its number and stream, and whether it is whole: filled from both.
[[nodiscard]] std::vector<std::byte> numbered(std::uint32_t number, std::size_t size);
/// The number; none when a byte is wrong.
[[nodiscard]] std::optional<std::uint32_t> number_of(std::span<const std::byte> message);

}  // namespace muster::sctp::sim
