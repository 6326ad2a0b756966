#pragma once

#include <cstdint>

#include "dice.hpp"
#include "muster/replication/mirror.hpp"
#include "muster/sim/fixed.hpp"

namespace muster::load {

enum class Pattern : std::uint8_t {
    uniform,  ///< walks about the whole map
    crowd,    ///< everybody walks to the middle and stays there
    storm,    ///< joins, plays for two seconds, leaves, joins again
    walk,     ///< straight across the whole map, to and fro: over as many borders as there are
};

/// A map's place, in units.
struct Ground {
    float left = 0, top = 0, width = 0, height = 0;
};

/// What a load player does with its keys: walks to one point after another, gives up on a point
/// that a wall keeps it from, looks about and fires in bursts. By its seed alone.
class Script {
  public:
    Script(Pattern pattern, std::uint64_t seed, const Ground& ground);
    /// The next tick's step; `at` is where the world said that the player is.
    [[nodiscard]] replication::InputStep next(sim::Vec at);

  private:
    void choose_target();
    void choose_lane();
    void watch_progress(double x, double y);
    void go_round(bool is_stuck);

    Pattern pattern_;
    Ground ground_;
    Dice dice_;
    double target_x_ = 0, target_y_ = 0;
    // Of a walk: along x or y, towards its far end or back; round a wall by so many looks aside.
    bool along_x_ = true;
    bool forth_ = true;
    std::uint32_t aside_looks_ = 0;
    std::uint32_t stuck_looks_ = 0;
    int aside_ = 1;
    double last_x_ = 0, last_y_ = 0;
    double aim_turn_ = 0;  ///< away from the way it walks, in turns
    std::uint32_t ticks_ = 0;
    std::uint32_t fire_until_ = 0;
};

}  // namespace muster::load
