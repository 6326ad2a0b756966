import type { Mixer } from "./mixer";
import type { Voice } from "./voices";
import type { Happening } from "../game/happenings";
import { Fact, PickupKind, Weapon } from "@muster/client";

const SHOTS: Record<Weapon, Voice> = { [Weapon.pistol]: "pistol", [Weapon.shotgun]: "shotgun", [Weapon.rifle]: "rifle", [Weapon.sniper]: "sniper", [Weapon.melee]: "strike" };

/** Which sound something makes, how loud, and whether it comes from a place. */
export function soundOf(happening: Happening): { voice: Voice; placed: boolean; loudness: number } | undefined {
  const here = (voice: Voice, loudness = 1) => ({ voice, placed: true, loudness });
  const me = (voice: Voice, loudness = 1) => ({ voice, placed: false, loudness });
  switch (happening.kind) {
    case "muzzle": return happening.own ? me(SHOTS[happening.weapon] ?? "pistol", 0.8) : here(SHOTS[happening.weapon] ?? "pistol", 0.7);
    case "impact": return here("impact", 0.5);
    case "hit": return happening.onMe ? me("hurt") : happening.byMe ? me("hit") : here("impact", 0.4);
    case "strike": return happening.own ? me("strike") : here("strike", 0.7);
    case "pickup": {
      const boost = happening.pickup === PickupKind.speed_boost || happening.pickup === PickupKind.damage_boost || happening.pickup === PickupKind.shield;
      return happening.own ? me(boost ? "boost" : "pickup") : here("pickup", 0.3);
    }
    case "spawn": return happening.own ? me("spawn") : here("spawn", 0.25);
    case "reloaded": return happening.own ? me("reloaded") : undefined;
    case "empty": return me("empty");
    case "wall_gone": return undefined;
    case "death": return happening.own ? me("death") : happening.byMe ? me("kill") : here("boom", 0.55);
    case "flag":
      if (happening.fact === Fact.flag_captured) return me(happening.ours ? "lost" : "captured");
      return me(happening.ours === (happening.fact === Fact.flag_taken) ? "flag_ours" : "flag_theirs");
    case "match": return happening.fact === Fact.match_started ? me("start") : happening.won === false ? me("lost") : me("won");
    case "chat": return happening.own ? undefined : me("chat");
    default: return undefined;
  }
}

export function sound(mixer: Mixer, happening: Happening, ear: { x: number; y: number }, wallAt: (index: number) => { x: number; y: number } | undefined): void {
  if (happening.kind === "wall_gone") {
    const at = wallAt(happening.index);
    if (at) mixer.play("crumble", ear, at);
    return;
  }
  const found = soundOf(happening);
  if (found) mixer.play(found.voice, ear, found.placed && "x" in happening ? happening : undefined, found.loudness);
}
