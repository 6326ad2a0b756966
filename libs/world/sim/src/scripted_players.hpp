#pragma once

#include <array>
#include <vector>

#include "muster/sim/world.hpp"

namespace muster::sim {

/// Players for tests and benches: they run about, turn, and press buttons by a seed. All that
/// they do goes through World::submit.
class ScriptedPlayers {
  public:
    ScriptedPlayers(World& world, std::uint64_t seed)
        : world_(world), random_(seed), minds_(world.rules().players_max) {}

    void join(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            if (const auto id = world_.join({.name = "scripted", .bot = true})) minds_[*id] = {};
        }
    }
    /// One input of each who is there, as if it was `lag` ticks behind with what it sees.
    void think(Tick lag) {
        constexpr std::array<std::uint8_t, 9> directions{0,
                                                         1,
                                                         2,
                                                         4,
                                                         8,
                                                         Input::up | Input::left,
                                                         Input::up | Input::right,
                                                         Input::down | Input::left,
                                                         Input::down | Input::right};
        for (const PlayerId id : world_.present()) {
            Mind& mind = minds_[id];
            if (mind.until <= world_.tick()) {
                mind.until = world_.tick() + 10 + random_.below(60);
                mind.input.buttons = directions[random_.below(directions.size())];
                if (random_.below(10) < 8) mind.input.buttons |= Input::fire;
                if (random_.below(10) == 0) mind.input.buttons |= Input::strike;
                if (random_.below(20) == 0) mind.input.buttons |= Input::reload;
                mind.turn = static_cast<std::int16_t>(random_.between(-300, 300));
                mind.input.slot = random_.below(4) == 0
                                      ? static_cast<std::uint8_t>(random_.below(6))
                                      : std::uint8_t{0};
            }
            ++mind.input.sequence;
            mind.input.aim = static_cast<Angle>(mind.input.aim + mind.turn);
            mind.input.seen = lag == 0 || world_.tick() < lag ? 0 : world_.tick() - lag;
            world_.submit(id, mind.input);
        }
    }

  private:
    struct Mind {
        Input input;
        Tick until = 0;
        std::int16_t turn = 0;
    };
    World& world_;
    Random random_;
    std::vector<Mind> minds_;
};

}  // namespace muster::sim
