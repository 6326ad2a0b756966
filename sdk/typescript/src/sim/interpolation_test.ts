import { describe, expect, it } from "vitest";
import { ServerClock } from "./clock.js";
import { Others, turn } from "./interpolation.js";
import { TICK_MS } from "./rules.js";
import type { Entity } from "../protocol/types.js";

const LOOK = 0x80;
const at = (x: number, more: Partial<Entity> = {}): Entity => ({ id: 5, x, y: 0, velocityX: 2, velocityY: 0, aim: 0, health: 100, look: LOOK, ...more });

describe("others", () => {
  it("are between two samples where time is between them", () => {
    const others = new Others();
    others.take(at(0), 100, 0);
    others.take(at(8), 104, 0);
    others.show(101, 16);
    expect(others.tracks.get(5)!.x).toBeCloseTo(2, 6);
    others.show(103.5, 16);
    expect(others.tracks.get(5)!.x).toBeCloseTo(7, 6);
  });

  it("take samples out of order, and one twice, as if in order", () => {
    const others = new Others();
    for (const tick of [100, 108, 104, 104]) others.take(at(tick === 104 ? 20 : tick - 100), tick, 0);
    others.show(102, 16);
    expect(others.tracks.get(5)!.x).toBeCloseTo(10, 6);
    others.show(106, 16);
    expect(others.tracks.get(5)!.x).toBeCloseTo(14, 6);
  });

  it("move on by their velocity without news, but not for ever", () => {
    const others = new Others();
    others.take(at(0), 100, 0);
    others.show(105, 16);
    expect(others.tracks.get(5)!.x).toBeCloseTo(10, 6);
    others.show(150, 16);
    expect(others.tracks.get(5)!.x).toBeCloseTo(30, 6);
    others.show(167, 16);
    expect(others.tracks.has(5)).toBe(false);
  });

  it("glide from a wrong guess to what is true", () => {
    const others = new Others();
    others.take(at(0), 100, 100);
    others.show(110, 16);
    expect(others.tracks.get(5)!.x).toBeCloseTo(20, 6);
    others.take(at(0, { velocityX: 0 }), 108, 110);
    expect(others.tracks.get(5)!.x).toBeCloseTo(20, 6);
    for (let i = 0; i < 40; ++i) others.show(110 + i * 0.1, 16);
    expect(Math.abs(others.tracks.get(5)!.x)).toBeLessThan(0.1);
  });

  it("leave in the tick that says so, and not for older news than what is known", () => {
    const others = new Others();
    others.take(at(0), 100, 0);
    others.gone(5, 98);
    others.show(100, 16);
    expect(others.tracks.has(5)).toBe(true);
    others.gone(5, 102);
    others.show(101, 16);
    expect(others.tracks.has(5)).toBe(true);
    others.show(102, 16);
    expect(others.tracks.has(5)).toBe(false);
  });

  it("are somebody else with another generation: nothing is drawn between the two", () => {
    const others = new Others();
    others.take(at(0), 100, 0);
    others.take(at(40, { look: LOOK | 0x1000 }), 104, 0);
    others.show(102, 16);
    expect(others.tracks.get(5)!.x).toBe(40);
  });

  it("glide to where the next server has them, although its first word is of before the last one's newest", () => {
    const others = new Others();
    for (let tick = 90; tick <= 100; tick += 2) others.take(at(2 * tick), tick, 0);
    others.show(98, 16);
    others.cross(1_000, 1_098);
    others.show(1_098, 0);
    expect(others.tracks.get(5)!.x).toBeCloseTo(196, 6);
    // The server is four units further on, and its ticks were taken for two more than they are.
    others.take(at(200), 1_098, 1_098);
    expect(others.tracks.get(5)!.x).toBeCloseTo(196, 6);
    expect(others.tracks.get(5)!.newest).toBe(1_098);
    for (let tick = 1_100; tick <= 1_160; tick += 2) {
      others.take(at(200 + 2 * (tick - 1_098)), tick, tick - 6);
      others.show(tick - 6, 33);
    }
    expect(others.tracks.get(5)!.x).toBeCloseTo(200 + 2 * (1_154 - 1_098), 0);
  });

  it("turn the shorter way", () => {
    expect(turn(3, -3, 0.5)).toBeCloseTo(Math.PI, 1);
    expect(turn(0.1, -0.1, 1)).toBeCloseTo(-0.1, 6);
  });
});

describe("the shown tick", () => {
  function run(jitterMs: number): ServerClock {
    const clock = new ServerClock();
    clock.restart(30);
    let random = 1;
    const arrivals: { at: number; tick: number }[] = [];
    for (let tick = 1_000; tick < 2_200; tick += 2) {
      random = (random * 48_271) % 2_147_483_647;
      arrivals.push({ at: (tick - 1_000) * TICK_MS + 50 + (random / 2_147_483_647) * jitterMs, tick });
    }
    arrivals.sort((a, b) => a.at - b.at);
    let last = 0;
    for (let now = 60, next = 0; now < 19_000; now += 16.7) {
      for (; next < arrivals.length && arrivals[next]!.at <= now; ++next) clock.snapshot(arrivals[next]!.tick, arrivals[next]!.at);
      const shown = clock.advance(now);
      expect(shown).toBeGreaterThanOrEqual(last);
      last = shown;
    }
    return clock;
  }

  it("goes on without a jump in the next server's ticks, and is right soon although they were guessed wrong by three", () => {
    const clock = new ServerClock();
    clock.restart(30);
    let now = 0;
    let last = 0;
    const run = (tick: number, count: number) => {
      for (let i = 0; i < count; ++i) {
        now += 2 * TICK_MS;
        clock.snapshot(tick + 2 * i, now);
        const shown = clock.advance(now);
        if (last) expect(shown - last).toBeGreaterThan(1.7);
        if (last) expect(shown - last).toBeLessThan(2.3);
        last = shown;
      }
    };
    run(1_000, 60);
    const ahead = clock.newest(now) - clock.showing;
    clock.cross(5_003, 30);
    expect(clock.newest(now) - clock.showing).toBeCloseTo(ahead, 6);
    last += 5_003;
    run(6_120, 60);
    expect(clock.newest(now)).toBeCloseTo(6_238, 6);
    expect(clock.newest(now) - clock.showing).toBeCloseTo(clock.delayMs / TICK_MS, 0);
    expect(clock.jitterMs).toBeCloseTo(0, 6);
  });

  it("is about a tenth of a second behind on a calm network, further on an uneven one, and never runs backwards", () => {
    const calm = run(2);
    expect(calm.delayMs).toBeGreaterThan(69);
    expect(calm.delayMs).toBeLessThan(110);
    const uneven = run(60);
    expect(uneven.delayMs).toBeGreaterThan(calm.delayMs + 25);
    expect(uneven.delayMs).toBeLessThan(261);
  });
});
