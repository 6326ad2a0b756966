#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/sim/world.hpp"

namespace muster::sim {

/// A match as its seed and its inputs (docs/formats/recording.md): everything else follows. The
/// bytes of a tick are appended as it is played, and every 600 ticks the state hash goes in, so
/// that a replay on another build shows where it first differs. World::record_to() calls all of
/// it; about three bytes an input.
class Recorder {
  public:
    /// `bytes_max`: a recording that reaches it ends there; full() says so.
    Recorder(const Map& map, const Rules& rules, std::uint64_t seed, std::size_t bytes_max);
    void joined(PlayerId id, const JoinRequest& request);
    void left(PlayerId id);
    void input(PlayerId id, const Input& input);
    void stepped(const World& world);
    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    /// What was appended since the last take(), which bytes() then no longer has: for a writer of
    /// another thread. `bytes_max` goes on counting all.
    [[nodiscard]] std::vector<std::byte> take();

  private:
    /// Of each player, to write only what differs from what it leads one to expect.
    struct Last {
        Input input;
        Tick tick = 0;
    };
    bool keep(std::size_t before);

    std::vector<std::byte> bytes_;
    std::size_t bytes_max_;
    bool full_ = false;
    Tick tick_ = 0;
    int last_id_ = -1;  ///< of the last input of this tick
    std::vector<Last> last_;
};

struct Replayed {
    World world;
    Tick ticks = 0;
    std::uint32_t hashes_checked = 0;
};
/// Plays a recording to its end. `invalid_argument` with the offset when the bytes are no
/// recording; `conflict` with the tick when a hash differs.
[[nodiscard]] Result<Replayed> replay(std::span<const std::byte> recording);

}  // namespace muster::sim
