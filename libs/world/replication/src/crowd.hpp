#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/base/assert.hpp"
#include "muster/replication/frame.hpp"

namespace muster::replication {

/// A world full of players who walk and fire at random, by the seed: for tests and benches.
class Crowd {
  public:
    Crowd(std::uint16_t players, std::uint64_t seed, sim::Map map = sim::classic_arena(1),
          bool fires = true)
        : world(std::move(map), rules(players), seed), random_(seed + 1), fires_(fires) {
        for (std::uint16_t n = 0; n < players; ++n) {
            const auto id = world.join({.name = "player " + std::to_string(n)});
            MUSTER_ASSERT(id.has_value());
        }
        wishes_.resize(players);
    }

    void step() {
        for (const auto id : world.present()) {
            auto& wish = wishes_[id];
            if (world.tick() >= wish.until) {
                wish.until = world.tick() + 20 + random_.below(60);
                wish.input.buttons = static_cast<std::uint8_t>(random_.below(16));
                if (still) wish.input.buttons = 0;
                wish.input.aim = static_cast<sim::Angle>(random_.below(65'536));
                if (fires_ && !still && random_.below(3) == 0)
                    wish.input.buttons |= sim::Input::fire;
            }
            wish.input.sequence = world.players()[id].acknowledged + 1;
            world.submit(id, wish.input);
        }
        world.step();
    }

    sim::World world;
    bool still = false;  ///< from their next decision on, at most 80 ticks later

  private:
    static sim::Rules rules(std::uint16_t players) {
        sim::Rules rules;
        rules.mode = sim::Mode::team_deathmatch;
        rules.players_max = players;
        return rules;
    }

    struct Wish {
        sim::Tick until = 0;
        sim::Input input;
    };
    std::vector<Wish> wishes_;
    sim::Random random_;
    bool fires_;
};

}  // namespace muster::replication
