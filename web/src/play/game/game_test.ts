import { beforeEach, describe, expect, it } from "vitest";
import { Game } from "./game";
import { Timeline, type Happening } from "./happenings";
import { Meter } from "../net/meter";
import { EffectKind, Fact, Mode, NOBODY, Phase, PickupKind, Team, Weapon, nobody, type Effect, type Own, type Shot, type Snapshot, type Welcome } from "../protocol/types";
import { Button } from "../sim/rules";

const LOOK = Weapon.pistol | (Team.red << 3) | 0x80;
let now = 1_000;
let happened: Happening[];
let game: Game;

const welcome = (): Welcome => ({
  version: 1, world: "w", player: 1, generation: 0, team: Team.red, name: "Me", tick: 100, tickRate: 60, snapshotRate: 30, left: -800, top: -600, width: 1_600, height: 1_200, step: 0.03, mode: Mode.capture_the_flag,
  view: 600, map: "m", walls: [{ x: 100, y: -50, width: 20, height: 100, health: 100, healthMax: 100, destructible: true }],
  pickups: [{ x: 5, y: 5, kind: PickupKind.health, weapon: Weapon.pistol, available: true }], flags: [{ x: -700, y: 0, team: Team.red, where: 0, carrier: NOBODY }], resume: "",
});
function snapshot(tick: number, own: Partial<Own> = {}, more: { effects?: Partial<Effect>[]; shots?: Partial<Shot>[]; acknowledged?: number } = {}): void {
  const effects = (more.effects ?? []).map((one) => ({ x: 0, y: 0, player: 2, other: NOBODY, index: 0, value: 0, ago: 0, kind: EffectKind.strike, weapon: Weapon.pistol, ...one }));
  const shots = (more.shots ?? []).map((one) => ({ id: 9, x: 0, y: 0, velocityX: 7.5, velocityY: 0, owner: 1, ago: 0, look: LOOK & 31, ...one }));
  const whole: Snapshot = {
    tick, acknowledged: more.acknowledged ?? 0, own: { ...nobody(), look: LOOK, health: 100, ammunition: 7, weapons: 1, ...own }, hasOwn: true, entities: [], entityCount: 0, gone: [], goneCount: 0,
    shots, shotCount: shots.length, effects, effectCount: effects.length,
  };
  game.onSnapshot(whole);
}
function advance(ms: number): void {
  for (let passed = 0; passed < ms; passed += 16) {
    now += 16;
    game.advance(now, 16);
  }
}
const kinds = () => happened.map((one) => one.kind);

beforeEach(() => {
  now = 1_000;
  happened = [];
  game = new Game(new Meter(), { happened: (one) => void happened.push(one), welcomed: () => undefined, chatted: () => undefined, noticed: () => undefined, newsCame: () => undefined, scored: () => undefined }, () => now);
  game.onWelcome(welcome());
  game.onMatch({ phase: Phase.active, winnerTeam: Team.none, winner: NOBODY, red: 0, blue: 0, number: 1, endsTick: 9_000, flags: [] });
});

describe("the game", () => {
  it("shows a shot of one's own at once, and not again when the server tells of it", () => {
    snapshot(100);
    for (let i = 0; i < 3; ++i) game.step({ aim: 0, buttons: Button.fire, slot: 0 });
    expect(kinds()).toEqual(["muzzle"]);  // one shot in an interval
    expect(game.shots.flights).toHaveLength(1);
    snapshot(102, { ammunition: 6 }, { acknowledged: 1, shots: [{}] });
    advance(100);
    expect(kinds()).toEqual(["muzzle"]);
    expect(game.shots.flights).toHaveLength(1);
    expect(game.trigger.ammunition(game.prediction)).toBe(6);
  });

  it("clicks when the magazine is empty, and foretells nothing while reloading or between matches", () => {
    snapshot(100, { ammunition: 0 });
    game.step({ aim: 0, buttons: Button.fire, slot: 0 });
    expect(kinds()).toEqual(["empty"]);
    snapshot(102, { reloadTicks: 50, ammunition: 3 });
    game.step({ aim: 0, buttons: Button.fire, slot: 0 });
    game.onMatch({ ...game.match, phase: Phase.ended });
    snapshot(104);
    game.step({ aim: 0, buttons: Button.fire, slot: 0 });
    expect(kinds()).toEqual(["empty"]);
  });

  it("tells what happens to oneself at once, and what happens to others when they are shown there", () => {
    snapshot(100);
    advance(16);
    snapshot(102, {}, { effects: [{ kind: EffectKind.player_hit, player: 2, other: 1, value: 8 }, { kind: EffectKind.player_hit, player: 2, other: 3, value: 8 }] });
    expect(happened).toHaveLength(1);
    expect(happened[0]).toMatchObject({ kind: "hit", onMe: true, damage: 8 });
    advance(200);
    expect(happened[1]).toMatchObject({ kind: "hit", onMe: false, byMe: false });
  });

  it("takes walls away and brings them back for movement and shots alike", () => {
    snapshot(100);
    const news = { tick: 100, team: Team.none, weapon: Weapon.pistol, index: 0, player: NOBODY, other: NOBODY, playerName: "", otherName: "", x: 0, y: 0 };
    expect(game.walls.cast(0, 0, 200, 0).hit).toBe(0);
    game.onNews([{ ...news, fact: Fact.wall_destroyed }]);
    expect(game.walls.cast(0, 0, 200, 0)).toEqual({ part: 1, hit: -1 });
    game.onNews([{ ...news, fact: Fact.wall_returned }]);
    expect(game.wallFacts[0]!.health).toBe(100);
    snapshot(102, {}, { effects: [{ kind: EffectKind.wall_hit, other: 0, index: 4, value: 30 }] });
    expect(game.wallFacts[0]!.health).toBe(70);
    expect(kinds()).toEqual(["wall_gone", "wall_back"]);
  });

  it("knows that a pickup is back although nobody said so", () => {
    snapshot(100);
    snapshot(102, {}, { effects: [{ kind: EffectKind.pickup_taken, index: 0 }] });
    expect(game.pickups[0]!.available).toBe(false);
    advance(10_000);
    expect(game.pickups[0]!.available).toBe(false);
    advance(1_000);
    expect(game.pickups[0]!.available).toBe(true);
  });

  it("lets nothing of an earlier connection through", () => {
    game.restart();
    snapshot(100);
    expect(game.prediction.alive).toBe(false);
    expect(game.clock.ready).toBe(false);
  });
});

describe("the timeline", () => {
  it("keeps a bounded number, gives out what is due and drops what is stale", () => {
    const timeline = new Timeline();
    const out: Happening[] = [];
    for (let tick = 0; tick < 5_000; ++tick) timeline.add(tick, { kind: "wall_hurt", index: tick });
    timeline.release(4_500, 10, (one) => void out.push(one));
    expect(out).toHaveLength(10);
    timeline.release(9_999, 9_999, (one) => void out.push(one));
    expect(out).toHaveLength(10 + 499);
  });
});
