import { beforeEach, describe, expect, it } from "vitest";
import { Game } from "./game";
import { Timeline, type Happening } from "./happenings";
import {
  EffectKind, Fact, Mode, NOBODY, nobody, Phase, PickupKind, Team, Weapon, type Effect, type Entity, type Own, type Shot, type Snapshot,
  type Welcome,
} from "@muster/client";
import { Button } from "@muster/client/sim";

const LOOK = Weapon.pistol | (Team.red << 3) | 0x80;
let now = 1_000;
let happened: Happening[];
let game: Game;
let crossed: number[][];
let welcomed: number;

const welcome = (): Welcome => ({
  version: 1, world: "w", player: 1, generation: 0, team: Team.red, name: "Me", tick: 100, tickRate: 60, snapshotRate: 30, left: -800, top: -600, width: 1_600, height: 1_200, step: 0.03, mode: Mode.capture_the_flag,
  view: 600, map: "m", walls: [{ x: 100, y: -50, width: 20, height: 100, health: 100, healthMax: 100, destructible: true }],
  pickups: [{ x: 5, y: 5, kind: PickupKind.health, weapon: Weapon.pistol, available: true }], flags: [{ x: -700, y: 0, team: Team.red, where: 0, carrier: NOBODY }], resume: "", chatNear: 300,
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
  crossed = [];
  welcomed = 0;
  game = new Game({ rttMs: 0 }, { happened: (one) => void happened.push(one), welcomed: () => void ++welcomed, crossed: (_, walls) => void crossed.push([...walls]), chatted: () => undefined, noticed: () => undefined, newsCame: () => undefined, scored: () => undefined }, () => now);
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

describe("from one server to the next", () => {
  const APART = 5_000;
  const TICK = 1_000 / 60;
  const entity = (id: number, x: number, look = LOOK): Entity => ({ id, x, y: 0, velocityX: 2, velocityY: 0, aim: 0, health: 100, look });
  let tick = 100;

  /** Two ticks of a server that shows player 2 walking right, and one's own steps. `apart`: of its ticks from the first server's. */
  function beat(apart = 0, others: Entity[] = [entity(2, 2 * (tick - 100))], acknowledged = game.prediction.pending[1]?.sequence ?? 0): void {
    now += 2 * TICK;
    tick += 2;
    for (let i = 0; i < 2; ++i) game.step({ aim: 0, buttons: Button.right, slot: 0 });
    const own = { x: game.prediction.exact.x, y: game.prediction.exact.y };
    const before = happened.length;
    game.onSnapshot({
      tick: tick + apart, acknowledged, own: { ...nobody(), ...own, look: LOOK, health: 100, ammunition: 7, weapons: 1 }, hasOwn: true, entities: others, entityCount: others.length, gone: [], goneCount: 0,
      shots: [], shotCount: 0, effects: [], effectCount: 0,
    });
    expect(happened.slice(before)).toEqual([]);
    game.advance(now, 2 * TICK);
  }
  const crossTo = (change: Partial<Welcome> = {}) => {
    game.cross();
    game.onWelcome({ ...welcome(), tick: tick + APART, ...change });
  };

  beforeEach(() => {
    tick = 100;
    for (let i = 0; i < 60; ++i) beat();
    game.onPeople([{ id: 2, generation: 0, team: Team.red, bot: false, name: "Ada" }]);
  });

  it("nothing moves that is drawn: oneself, others, time", () => {
    for (let i = 0; i < 4; ++i) game.standbyTick(tick + APART - i);
    const before = { x: game.x, other: game.others.tracks.get(2)!.x, pending: game.prediction.pending.length, left: game.ticksLeft(), shown: game.clock.showing };
    crossTo();
    game.advance(now, 0);
    expect(game.x).toBe(before.x);
    expect(game.others.tracks.get(2)!.x).toBeCloseTo(before.other, 3);
    expect(game.others.tracks.get(2)!.presence).toBe(1);
    expect(game.ticksLeft()).toBeCloseTo(before.left, 3);
    expect(game.clock.showing).toBeCloseTo(before.shown + APART, 3);
    expect(game.prediction.pending).toHaveLength(before.pending);
    expect(game.nameOf(2)).toBe("Ada");
    expect(crossed).toEqual([[]]);
    expect(happened).toEqual([]);
  });

  it("others walk on at an even pace, even when a Pong and the Welcome were late", () => {
    game.standby();
    for (const late of [40, 3, 0.5]) game.standbyTick(tick + APART - late);
    crossTo({ tick: tick + APART - 20 });
    let x = game.others.tracks.get(2)!.x;
    for (let i = 0; i < 60; ++i) {
      beat(APART);
      const walked = game.others.tracks.get(2)!.x - x;
      x += walked;
      expect(walked).toBeGreaterThan(2.5);
      expect(walked).toBeLessThan(5.5);
    }
    expect(game.prediction.correction).toBe(0);
  });

  it("who the next server does not tell of is gone after half a second, and nobody before", () => {
    crossTo();
    const at = tick;
    while (tick - at < 24) beat(APART, []);
    expect(game.others.tracks.has(2)).toBe(true);
    while (tick - at < 34) beat(APART, []);
    expect(game.others.tracks.has(2)).toBe(false);
  });

  it("who is told of in time stays", () => {
    crossTo();
    const at = tick;
    while (tick - at < 20) beat(APART, []);
    while (tick - at < 60) beat(APART);
    expect(game.others.tracks.has(2)).toBe(true);
  });

  it("steps are the same to the next server, which sees them made when others were shown as they were", () => {
    const pending = game.prediction.pending.map((step) => ({ ...step }));
    crossTo();
    expect(game.prediction.pending.map((step) => step.sequence)).toEqual(pending.map((step) => step.sequence));
    game.prediction.pending.forEach((step, index) => expect(step.shown).toBeCloseTo(pending[index]!.shown + APART, 3));
    const next = game.step({ aim: 0, buttons: 0, slot: 0 });
    expect(next.sequence).toBe(pending.at(-1)!.sequence + 1);
  });

  it("shots fly on, and are not told anew by their id", () => {
    snapshot(tick + 1, { x: game.prediction.exact.x }, { shots: [{ id: 77, owner: 2, ago: 1 }], acknowledged: 1e6 });
    expect(game.shots.flights).toHaveLength(1);
    const age = game.clock.showing - game.shots.flights[0]!.tick;
    crossTo();
    expect(game.clock.showing - game.shots.flights[0]!.tick).toBeCloseTo(age, 3);
    snapshot(tick + APART + 2, { x: game.prediction.exact.x }, { shots: [{ id: 77, owner: 2, ago: 2 }], acknowledged: 1e6 });
    expect(game.shots.flights).toHaveLength(1);
  });

  it("the next server's word of walls and pickups counts, and what waits for its tick comes at the same time", () => {
    snapshot(tick + 1, { x: game.prediction.exact.x }, { effects: [{ kind: EffectKind.strike, ago: 0 }], acknowledged: 1e6 });
    const walls = game.walls;
    crossTo({ walls: [{ ...welcome().walls[0]!, health: 0 }], pickups: [{ ...welcome().pickups[0]!, available: false }] });
    expect(game.walls).toBe(walls);
    expect(walls.cast(0, 0, 200, 0).hit).toBe(-1);
    expect(crossed).toEqual([[0]]);
    expect(game.pickups[0]!.available).toBe(false);
    expect(kinds()).toEqual([]);
    advance(200);
    expect(kinds()).toEqual(["strike"]);
    advance(11_000);
    expect(game.pickups[0]!.available).toBe(true);
  });

  it("words under way from the server before still count, in the ticks that are", () => {
    crossTo();
    const news = { tick: tick - 5, team: Team.none, weapon: Weapon.pistol, index: 0, player: NOBODY, other: NOBODY, playerName: "", otherName: "", x: 0, y: 0 };
    game.newsBefore([{ ...news, fact: Fact.wall_destroyed }, { ...news, fact: Fact.killed, player: 2, other: 3 }]);
    expect(kinds()).toEqual(["wall_gone"]);
    advance(200);
    expect(kinds()).toEqual(["wall_gone", "death"]);
  });

  it("another player, or another map, begins anew", () => {
    crossTo({ player: 9 });
    expect([welcomed, crossed.length, game.others.tracks.size]).toEqual([2, 0, 0]);
    crossTo({ player: 9, width: 3_200 });
    expect([welcomed, crossed.length]).toEqual([3, 0]);
  });

  it("snapshots that overtake the Welcome are of the ticks to come: they wait", () => {
    game.cross();
    snapshot(tick + APART, { x: -1e6 });
    expect(game.prediction.own.x).not.toBe(-1e6);
  });

  it("after a loss the same player goes on where the others stood when silence fell", () => {
    for (let i = 0; i < 180; ++i) {
      now += TICK;
      game.advance(now, TICK);
    }
    const stood = game.others.tracks.get(2)!.x;
    game.resume();
    const last = game.prediction.pending.at(-1)!.sequence;
    game.onWelcome({ ...welcome(), tick: tick + APART + 180 });
    game.advance(now, 0);
    expect(game.others.tracks.get(2)!.x).toBeCloseTo(stood, 3);
    expect(crossed).toHaveLength(1);
    expect(game.prediction.pending).toHaveLength(0);
    // A server that took over from a copy knows less, and one that knows nobody nothing.
    expect(game.step({ aim: 0, buttons: 0, slot: 0 }).sequence).toBe(1);
    snapshot(tick + APART + 182, { x: game.prediction.exact.x }, { acknowledged: last - 20 });
    expect(game.prediction.correction).toBe(0);
    expect(game.step({ aim: 0, buttons: 0, slot: 0 }).sequence).toBe(last - 19);
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
