import { describe, expect, it } from "vitest";
import { hearing } from "./mixer";
import { soundOf } from "./soundscape";
import { VOICES } from "./voices";
import { Fact, Team, Weapon } from "@muster/client";

describe("sounds", () => {
  it("come from where they are made, and not from far away", () => {
    expect(hearing(0, 0, { x: 0, y: 0 })).toEqual({ gain: 1, pan: 0 });
    expect(hearing(0, 0, { x: 800, y: 0 }).gain).toBe(0);
    const right = hearing(100, 0, { x: 300, y: 0 });
    expect(right.gain).toBeCloseTo(0.5625);
    expect(right.pan).toBeCloseTo(0.4);
    expect(hearing(0, 0, { x: -9_000, y: 0 }).pan).toBe(-0.85);
    expect(hearing(5, 5, undefined)).toEqual({ gain: 1, pan: 0 });
  });

  it("differ by weapon, and by whose flag it is", () => {
    const voices = [Weapon.pistol, Weapon.shotgun, Weapon.rifle, Weapon.sniper].map((weapon) => soundOf({ kind: "muzzle", x: 0, y: 0, aim: 0, weapon, team: Team.red, own: false, strong: false })!.voice);
    expect(new Set(voices).size).toBe(4);
    const flag = (ours: boolean) => soundOf({ kind: "flag", fact: Fact.flag_taken, team: Team.red, x: 0, y: 0, ours })!.voice;
    expect(flag(true)).not.toBe(flag(false));
    expect(soundOf({ kind: "chat", own: true })).toBeUndefined();
    expect(Object.keys(VOICES).length).toBeGreaterThan(20);
  });
});
