#pragma once

#include <cstdint>
#include <vector>

#include "crowd.hpp"
#include "muster/sim/world.hpp"

/// A match among bots, and what became of it.
namespace muster::bots {

struct Counts {
    std::uint32_t kills = 0;
    std::uint32_t flags_taken = 0;
    std::uint32_t captures = 0;
    std::uint32_t pickups = 0;
};

class Play {
  public:
    Play(const sim::Map& map, sim::Mode mode, std::uint16_t bots, std::uint64_t seed,
         std::uint8_t skill = 50)
        : world(map, rules_for(mode, bots), seed),
          crowd(world, {.wanted = bots, .skill = skill}, seed) {}

    void tick() {
        crowd.think();
        world.step();
        for (const sim::Event& event : world.events()) {
            using Kind = sim::Event::Kind;
            counts.kills += event.kind == Kind::killed ? 1 : 0;
            counts.flags_taken += event.kind == Kind::flag_taken ? 1 : 0;
            counts.captures += event.kind == Kind::flag_captured ? 1 : 0;
            counts.pickups += event.kind == Kind::pickup_taken ? 1 : 0;
        }
    }
    void run(int ticks) {
        for (int i = 0; i < ticks; ++i) tick();
    }

    sim::World world;
    Crowd crowd;
    Counts counts;

  private:
    static sim::Rules rules_for(sim::Mode mode, std::uint16_t bots) {
        sim::Rules rules;
        rules.mode = mode;
        rules.players_max = static_cast<std::uint16_t>(bots + 2);
        return rules;
    }
};

}  // namespace muster::bots
