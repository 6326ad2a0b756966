import { Weapon } from "@muster/client";

const PATHS: Record<Weapon, string> = {
  [Weapon.pistol]: "M6 8h24v5H17l-2 4h-5l1 7H6z",
  [Weapon.shotgun]: "M2 9h40v3H30v3h-9l-4 2H8l-3 5H1z M30 12h12v2H30z",
  [Weapon.rifle]: "M1 9h12l2-2h8v2h21v3H30l-1 2h-6l-1 7h-5l1-7h-6l-6 5H1z",
  [Weapon.sniper]: "M1 11h10l3-2h31v2.4H24l-2 3h-7l-5 5H1z M14 4h13v3.4H14z",
  [Weapon.melee]: "M4 20l3 3 5-5 2 1 2-2-3-4L40 4 11 13l-4-3-2 2 1 2z",
};
const NAMES: Record<Weapon, string> = { [Weapon.pistol]: "pistol", [Weapon.shotgun]: "shotgun", [Weapon.rifle]: "rifle", [Weapon.sniper]: "sniper rifle", [Weapon.melee]: "blade" };

export function WeaponIcon({ weapon }: { weapon: Weapon }) {
  return <svg class="weapon-icon" viewBox="0 0 46 26" role="img" aria-label={NAMES[weapon] ?? "weapon"}><path d={PATHS[weapon] ?? PATHS[Weapon.pistol]} fill="currentColor" /></svg>;
}
