import { PickupKind, Weapon } from "../protocol/types.js";

/** The rules that a page must know to predict and to show; the server's are in libs/world/sim/include/muster/sim/rules.hpp. */

/** Lengths of the simulation are whole numbers of 1/256 units. */
export const UNIT = 256;
export const TICK_RATE = 60;
export const TICK_MS = 1000 / TICK_RATE;
export const TURN = 2 * Math.PI;

export const PLAYER_RADIUS = 15 * UNIT;
export const PLAYER_SPEED = 640;
export const PLAYER_SPEED_BOOSTED = 960;
export const MUZZLE_UNITS = 20;
export const MELEE_UNITS = 50;
export const MELEE_HALF_ARC = TURN / 12;
export const HEALTH_MAX = 100;
export const SHIELD_MAX = 50;
export const BOOST_TICKS = 10 * TICK_RATE;

export enum Button { up = 1, down = 2, left = 4, right = 8, fire = 16, reload = 32, strike = 64 }

/** Ticks until a pickup that was taken is there again. */
export function returnTicks(kind: PickupKind): number {
  if (kind === PickupKind.health || kind === PickupKind.ammunition) return 10 * TICK_RATE;
  return (kind === PickupKind.weapon_crate ? 15 : 20) * TICK_RATE;
}

export interface WeaponRules {
  name: string;
  damage: number;
  interval: number;   // ticks between two shots
  magazine: number;
  reload: number;     // ticks
  speed: number;      // units a tick
  lifetime: number;   // ticks
  spread: number;     // radians each way
  pellets: number;
  kick: number;       // of the screen, 0 to 1
}

const seconds = (s: number): number => Math.round(s * TICK_RATE);

export const WEAPONS: Record<Weapon, WeaponRules> = {
  [Weapon.pistol]: { name: "Pistol", damage: 8, interval: seconds(0.6), magazine: 7, reload: seconds(1.5), speed: 450 / 60, lifetime: seconds(2), spread: 0, pellets: 1, kick: 0.2 },
  [Weapon.shotgun]: { name: "Shotgun", damage: 7, interval: seconds(0.8), magazine: 5, reload: seconds(2.5), speed: 400 / 60, lifetime: seconds(1.2), spread: 0.4, pellets: 8, kick: 0.7 },
  [Weapon.rifle]: { name: "Rifle", damage: 10, interval: seconds(0.1), magazine: 30, reload: seconds(2), speed: 550 / 60, lifetime: seconds(2.5), spread: 0, pellets: 1, kick: 0.16 },
  [Weapon.sniper]: { name: "Sniper", damage: 50, interval: seconds(1.2), magazine: 5, reload: seconds(3), speed: 700 / 60, lifetime: seconds(4), spread: 0, pellets: 1, kick: 0.9 },
  [Weapon.melee]: { name: "Blade", damage: 30, interval: seconds(0.5), magazine: 0, reload: 0, speed: 0, lifetime: 0, spread: 0, pellets: 0, kick: 0.3 },
};

/** The rules of a weapon; of the pistol for a number that a later version may send. */
export function rulesOf(weapon: Weapon): WeaponRules {
  return WEAPONS[weapon] ?? WEAPONS[Weapon.pistol];
}
