#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "muster/replication/frame.hpp"

namespace muster::replication {

/// What one snapshot may cost and show. The host lowers it under overload.
struct Budget {
    /// Of one state message, hard; 120 at least. Of this, 400 and 2 for each visible beyond 32 are
    /// for what is merely due; the rest is for shots, newcomers and what would become stale.
    std::size_t bytes = 600;
    std::uint8_t far_every =
        3;  ///< what is far (beyond half the view) is due every so many snapshots
};

/// What one client sees, and what it knows. One thread at a time; about 2 KiB, 3 bytes for each
/// place of the world, and 4 KiB for the order of sending (less in worlds of under 256 places).
///
/// An entity enters at the view's radius, at the latest `far_every` snapshots after it came within,
/// and leaves at 1.15 times it. A snapshot takes, until the budget is full: as many of the entities
/// that were not sent for longest as keep every one fresh within 500 ms; shots and effects (the own
/// first, then the nearest); who attacks this player, and flag carriers; newcomers; then what is
/// due, by age x nearness. No more are in view than the budget can keep fresh (507 at 600 bytes and
/// 30 Hz): in a denser crowd the view shrinks towards the nearest, to a quarter at the least. What
/// left stays in `gone` until a snapshot that said so is acknowledged, at most a second. A shot
/// comes in two snapshots, an effect in one.
class Viewer {
  public:
    Viewer(sim::PlayerId player, std::uint8_t generation);
    ~Viewer();
    Viewer(Viewer&&) noexcept;
    Viewer& operator=(Viewer&&) noexcept;

    /// From Inputs: the newest snapshot that came, and the 32 before it as bits.
    void acknowledge(sim::Tick newest, std::uint32_t received);

    /// One state message (a Message with a Snapshot) for this frame, valid until the next call. At
    /// most `budget.bytes`. A dead or spectating player sees from where it died.
    [[nodiscard]] std::span<const std::byte> write(const Frame& frame, const Budget& budget);

    /// The ids that are in view and whose Person this client has not been sent, at most
    /// `out.size()`; counted as sent. The host writes the People from its own names.
    [[nodiscard]] std::size_t take_strangers(const Frame& frame, std::span<sim::PlayerId> out);
    /// The control channel lost nothing, but it was full: tell about this one again.
    void forget_stranger(sim::PlayerId id);

    [[nodiscard]] std::size_t visible() const;
    /// The newest input of this player that the last write acknowledged.
    [[nodiscard]] std::uint32_t acknowledged() const;
    /// Ticks since the stalest visible entity was sent, as of the last write.
    [[nodiscard]] sim::Tick stalest() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::replication
