#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "muster/sim/world.hpp"
#include "world_state.hpp"

namespace muster::sim {

/// A world for one scene of a test: an open field of 2000 x 2000 units round the origin, on which
/// players stand where the scene wants them and do what it says.
struct Stage {
    static constexpr Vec red_base{-900 * unit, 0};
    static constexpr Vec blue_base{900 * unit, 0};

    explicit Stage(Rules rules = {}, std::vector<WallSpec> walls = {},
                   std::vector<PickupSpec> pickups = {},
                   std::vector<SpawnSpec> spawns = {{{0, 800 * unit}, Team::none}})
        : world(Map{.name = "stage",
                    .bounds = {{-1000 * unit, -1000 * unit}, {1000 * unit, 1000 * unit}},
                    .walls = std::move(walls),
                    .spawns = std::move(spawns),
                    .pickups = std::move(pickups),
                    .flag_bases = {red_base, blue_base}},
                rules, 1),
          sequences(rules.players_max) {}

    /// Somebody who stands at a place, without spawn protection.
    PlayerId enter(Team team, Vec at) {
        const PlayerId id = world.join({.name = "", .team = team}).value();
        world.step();
        sequences[id] = 0;
        put(id, at);
        return id;
    }
    void put(PlayerId id, Vec at) {
        player(id).at = at;
        player(id).protected_until = 0;
    }
    Player& player(PlayerId id) { return world.impl_->players[id]; }
    const InputQueue& queue(PlayerId id) const { return world.impl_->inputs[id]; }
    Match& match() { return world.impl_->match; }
    void clear_the_air() { world.impl_->projectiles.clear(); }
    void arm(PlayerId id, Weapon weapon) {
        Player& who = player(id);
        who.weapons = static_cast<std::uint8_t>(who.weapons | 1U << static_cast<unsigned>(weapon));
        who.weapon = weapon;
        who.ammunition[static_cast<std::size_t>(weapon)] = rules_of(weapon).magazine;
    }
    /// One input, and the step that consumes it.
    void act(PlayerId id, unsigned buttons, Angle aim = 0, std::uint8_t slot = 0, Tick seen = 0) {
        submit(id, buttons, aim, slot, seen);
        step();
    }
    void submit(PlayerId id, unsigned buttons, Angle aim = 0, std::uint8_t slot = 0,
                Tick seen = 0) {
        world.submit(id, {.sequence = ++sequences[id],
                          .seen = seen,
                          .aim = aim,
                          .buttons = static_cast<std::uint8_t>(buttons),
                          .slot = slot});
    }
    void step(Tick count = 1) {
        for (Tick i = 0; i < count; ++i) {
            world.step();
            happened.insert(happened.end(), world.events().begin(), world.events().end());
        }
    }
    /// How many events of a kind there were since the last forget().
    [[nodiscard]] std::ptrdiff_t count(Event::Kind kind) const {
        return std::ranges::count(happened, kind, &Event::kind);
    }
    [[nodiscard]] const Event* last(Event::Kind kind) const {
        const auto found =
            std::ranges::find(happened.rbegin(), happened.rend(), kind, &Event::kind);
        return found == happened.rend() ? nullptr : &*found;
    }
    void forget() { happened.clear(); }

    World world;
    std::vector<std::uint32_t> sequences;
    std::vector<Event> happened;
};

inline constexpr Angle right = 0;
inline constexpr Angle down = 16'384;
inline constexpr Angle left = 32'768;

[[nodiscard]] constexpr Vec place(Length x, Length y) {
    return {x * unit, y * unit};
}
[[nodiscard]] constexpr WallSpec wall(Length x, Length y, Length width, Length height,
                                      std::uint16_t health = 0) {
    return {{place(x, y), place(x + width, y + height)},
            health != 0,
            health == 0 ? std::uint16_t{1000} : health};
}

}  // namespace muster::sim
