#pragma once

#include <cstdint>
#include <span>

#include "atlas.hpp"
#include "fields.hpp"
#include "grid.hpp"
#include "muster/sim/world.hpp"

namespace muster::bots {

/// What a bot is about.
enum class Role : std::uint8_t {
    none,
    roam,     ///< to where the fights are
    refit,    ///< to a pickup it needs
    attack,   ///< to the enemy's flag
    carry,    ///< home with it
    escort,   ///< with the one who carries it
    chase,    ///< after the one who carries ours
    recover,  ///< to our flag where it lies
    defend,   ///< around our base
};

inline constexpr Way no_way = 0xff;

/// What one bot keeps from tick to tick.
struct Mind {
    sim::PlayerId id = sim::no_player;
    std::uint8_t generation = 0;
    Role role = Role::none;
    GoalId goal = no_goal;
    bool alive = false;
    bool pressing = false;  ///< walks, or tries to
    bool arrived = false;
    bool holds_fire = false;
    bool strikes = false;
    sim::Tick role_until = 0;
    sim::Tick lost_since = 0;    ///< since when no field shows the way; 0: one does
    std::uint16_t pickup = 0;    ///< of Role::refit
    std::uint8_t lane = 0;       ///< how far on an attack: 0, lane to pass first + 1
    std::uint8_t situation = 0;  ///< of the flags, when the role was chosen

    // Fighting.
    sim::PlayerId target = sim::no_player;
    sim::Tick seen_at = 0;    ///< when the target was last in sight
    sim::Tick fire_from = 0;  ///< its reaction time is over
    std::int32_t aim_error = 0;
    std::uint16_t lead_ticks = 0;
    sim::Length distance = 0;  ///< to the target, when last looked
    sim::Length look_radius = 0;
    Way fight_way = no_way;  ///< walks that way instead of to its goal,
    Way strafe_side = 2;
    sim::Tick fight_until = 0;  ///< until then

    // Getting unstuck.
    Way escape_way = 0;
    sim::Tick escape_until = 0;
    sim::Vec anchor;  ///< where it was at `anchor_at`; renewed when it left there
    sim::Tick anchor_at = 0;
    sim::Vec wide_anchor;
    sim::Tick wide_anchor_at = 0;

    std::uint32_t sequence = 0;
};

/// What all bots see of one tick, and the chance they share.
struct Scene {
    const sim::World& world;
    const Grid& grid;
    Fields& fields;
    Atlas& atlas;
    sim::Random& random;
    std::uint8_t skill = 50;
    // Of this tick:
    sim::Tick tick = 0;
    sim::Mode mode = sim::Mode::free_for_all;
    std::span<const sim::Player> players;
    std::span<const sim::Pickup> pickups;
    std::span<const sim::Flag> flags;

    bool chance(std::uint32_t percent) { return random.below(100) < percent; }
};

/// A bot decides this often, looks for enemies this often, and steers and aims every tick. Bots
/// take turns by their id, so that each tick costs the same.
inline constexpr sim::Tick decide_every = 16;
inline constexpr sim::Tick look_every = 8;
inline constexpr sim::Length sight = 600 * sim::unit;

/// Role and goal (objectives.cpp).
void decide(Scene& scene, Mind& mind, const sim::Player& me);
/// Whether it hangs somewhere; then it walks away from there for a while (steering.cpp).
void check_progress(Scene& scene, Mind& mind, const sim::Player& me);
/// The buttons that lead to its goal, or where the fight or an escape wants it (steering.cpp).
[[nodiscard]] std::uint8_t steer(Scene& scene, Mind& mind, const sim::Player& me);
/// The nearest enemy in sight, and how to move against it (combat.cpp).
void look(Scene& scene, Mind& mind, const sim::Player& me);
/// Aim, trigger, blade, weapon (combat.cpp).
void fight(Scene& scene, Mind& mind, const sim::Player& me, sim::Input& input);

/// Where to aim so that a projectile meets who goes on as it goes: `lead_ticks` is its flight.
[[nodiscard]] sim::Vec lead(sim::Vec from, sim::Vec at, sim::Vec velocity, std::uint32_t ticks,
                            std::uint32_t percent);

}  // namespace muster::bots
