#include "muster/sim/rules.hpp"

namespace muster::sim {
namespace {

/// Units a second as a length a tick, rounded to the nearest.
constexpr Length a_tick(std::int32_t units_a_second) {
    return (units_a_second * unit + static_cast<Length>(tick_rate) / 2) /
           static_cast<Length>(tick_rate);
}

constexpr std::array<WeaponRules, weapon_count> table{{
    {.damage = 8,
     .interval = ticks_of_ms(600),
     .magazine = 7,
     .reload = ticks_of_ms(1500),
     .speed = a_tick(450),
     .lifetime = ticks_of_ms(2000)},
    {.damage = 7,
     .pellets = 8,
     .interval = ticks_of_ms(800),
     .magazine = 5,
     .reload = ticks_of_ms(2500),
     .speed = a_tick(400),
     .lifetime = ticks_of_ms(1200),
     .spread = 4172},  // 0.4 rad
    {.damage = 10,
     .interval = ticks_of_ms(100),
     .magazine = 30,
     .reload = ticks_of_ms(2000),
     .speed = a_tick(550),
     .lifetime = ticks_of_ms(2500)},
    {.damage = 50,
     .interval = ticks_of_ms(1200),
     .magazine = 5,
     .reload = ticks_of_ms(3000),
     .speed = a_tick(700),
     .lifetime = ticks_of_ms(4000)},
    {.damage = 30, .interval = ticks_of_ms(500)},
}};

}  // namespace

const WeaponRules& rules_of(Weapon weapon) {
    return table[static_cast<std::size_t>(weapon)];
}

}  // namespace muster::sim
