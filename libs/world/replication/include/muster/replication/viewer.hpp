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
    std::size_t bytes = 500;  ///< of one state message, hard; 120 at least
    std::uint8_t far_every =
        3;  ///< what is far (beyond half the view) is due every so many snapshots
};

/// What one client sees, and what it knows. One thread at a time; about 1 KiB and what it sees.
///
/// Each entity in view gains priority with its age, nearness and importance (flag carriers, who
/// shoots at one); a snapshot takes the most urgent until the budget is full. With 500 in view at
/// 30 Hz and the default budget every one of them is fresh within 500 ms. An entity enters at the
/// view's radius and leaves at 1.15 times it. What left stays in `gone` until a snapshot that said
/// so is acknowledged, at most a second.
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
    /// Ticks since the stalest visible entity was sent, as of the last write.
    [[nodiscard]] sim::Tick stalest() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::replication
