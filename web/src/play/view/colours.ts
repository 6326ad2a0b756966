import { PickupKind, Team, Weapon } from "@muster/client";

/** One palette for the canvas and, as strings, for the page. Teams differ by shape as well: see textures.ts. */
export const GROUND = 0x0b1018;
export const GRID = 0x151d2b;
export const GRID_STRONG = 0x1b2638;
export const FRAME = 0x3a4a68;
export const STEEL = 0x3b4a69;
export const STEEL_LIGHT = 0x7188b8;
export const STEEL_DARK = 0x222c42;
export const CRATE = 0x6a4f31;
export const CRATE_LIGHT = 0xb98c54;
export const CRATE_DARK = 0x2a1f13;
export const WHITE = 0xffffff;
export const HEAL = 0x5ee787;
export const SHIELD = 0x66d9ff;
export const GOLD = 0xffd166;

export interface TeamColours { main: number; light: number; dark: number; css: string }
const TEAMS: Record<Team, TeamColours> = {
  [Team.none]: { main: 0xf2b24a, light: 0xffdf9e, dark: 0x3d2b10, css: "#f2b24a" },
  [Team.red]: { main: 0xff5566, light: 0xffa8a8, dark: 0x43131d, css: "#ff6b78" },
  [Team.blue]: { main: 0x3fa4ff, light: 0xa6d8ff, dark: 0x0f2b4d, css: "#5cb3ff" },
};
export const coloursOf = (team: Team): TeamColours => TEAMS[team] ?? TEAMS[Team.none];

export const PICKUP_COLOURS: Record<PickupKind, number> = {
  [PickupKind.health]: HEAL, [PickupKind.ammunition]: 0xffd166, [PickupKind.weapon_crate]: 0xff9f5a, [PickupKind.speed_boost]: 0x4ef0e0, [PickupKind.damage_boost]: 0xe07bff, [PickupKind.shield]: SHIELD,
};

/** The glow of a weapon's projectiles, mixed with the team's colour. */
export const SHOT_COLOURS: Record<Weapon, number> = {
  [Weapon.pistol]: 0xffe9b0, [Weapon.shotgun]: 0xffc27a, [Weapon.rifle]: 0xfff3b0, [Weapon.sniper]: 0xd7f5ff, [Weapon.melee]: 0xffffff,
};

export function mix(a: number, b: number, t: number): number {
  const channel = (shift: number) => Math.round(((a >> shift) & 255) + (((b >> shift) & 255) - ((a >> shift) & 255)) * t) << shift;
  return channel(16) | channel(8) | channel(0);
}
export const css = (colour: number): string => `#${colour.toString(16).padStart(6, "0")}`;
