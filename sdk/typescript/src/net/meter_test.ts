import { describe, expect, it } from "vitest";
import { Meter } from "./meter.js";

describe("the meter", () => {
  it("says which snapshots before the newest came, as the protocol has it", () => {
    const meter = new Meter();
    meter.restart(30, 60);
    for (const tick of [100, 102, 106]) expect(meter.snapshot(tick)).toBe(true);
    expect(meter.newest).toBe(106);
    expect(meter.received).toBe((1 << 3) | (1 << 5));  // 106 - 1 - n: 102 and 100
    expect(meter.snapshot(104)).toBe(true);
    expect(meter.received).toBe((1 << 1) | (1 << 3) | (1 << 5));
    expect(meter.snapshot(104)).toBe(false);
    expect(meter.snapshot(106)).toBe(false);
  });

  it("forgets what is further back than the bits reach", () => {
    const meter = new Meter();
    meter.restart(30, 60);
    meter.snapshot(100);
    meter.snapshot(132);
    expect(meter.received).toBe(2 ** 31);
    meter.snapshot(200);
    expect(meter.received).toBe(0);
  });

  it("counts what was lost, and not what was late", () => {
    const meter = new Meter();
    meter.restart(30, 60);
    for (let tick = 100; tick < 300; tick += 2) if (tick % 20 !== 0 || tick === 100) meter.snapshot(tick);
    expect(meter.loss).toBeCloseTo(0.09, 2);
    for (let tick = 120; tick < 290; tick += 20) meter.snapshot(tick);
    expect(meter.loss).toBe(0);
  });

  it("takes a snapshot that was moved or came a tick late for no loss", () => {
    const meter = new Meter();
    meter.restart(30, 60);
    // Moved by one now and then, to suit the inputs; one a tick late, the next in time.
    for (const tick of [100, 102, 105, 107, 109, 112, 114, 117, 118, 120, 122, 125]) expect(meter.snapshot(tick)).toBe(true);
    expect(meter.loss).toBe(0);
    // The widest move at 10 a second.
    meter.restart(10, 60);
    for (const tick of [100, 106, 117, 123, 134]) meter.snapshot(tick);
    expect(meter.loss).toBe(0);
  });

  it("counts what was lost between snapshots that were moved, and not the one of them that was late", () => {
    const meter = new Meter();
    meter.restart(30, 60);
    for (const tick of [100, 102, 107, 109, 111, 113, 115, 117, 119]) meter.snapshot(tick);
    expect(meter.loss).toBeCloseTo(1 / 10, 5);
    expect(meter.snapshot(104)).toBe(true);
    expect(meter.loss).toBe(0);
    expect(meter.snapshot(104)).toBe(false);
    expect(meter.snapshot(102)).toBe(false);
  });

  it.each([["before", 30, 15], ["after", 30, 15], ["before", 15, 30], ["after", 15, 30]] as const)("takes a new rate for no loss when it is told %s it is kept: %i to %i", (when, from, to) => {
    const meter = new Meter();
    meter.restart(from, 60);
    let tick = 100;
    const send = (rate: number, count: number) => {
      for (let i = 0; i < count; ++i) {
        meter.snapshot(tick);
        tick += 60 / rate;
      }
    };
    send(from, 40);
    if (when === "before") {
      meter.rate(to, 60);
      send(from, 4);
      send(to, 40);
    } else {
      send(to, 4);
      meter.rate(to, 60);
      send(to, 40);
    }
    expect(meter.loss).toBe(0);
    // What is lost at the new rate counts.
    tick += 60 / to;
    send(to, 1);
    expect(meter.loss).toBeGreaterThan(0);
  });

  it("takes a world of few ticks a second for what it is, and still counts what is lost", () => {
    const meter = new Meter();
    meter.restart(30, 60);
    for (let tick = 100; tick < 280; tick += 6) meter.snapshot(tick);
    expect(meter.loss).toBe(0);
    meter.snapshot(286);
    expect(meter.loss).toBeCloseTo(1 / 32, 3);
  });

  it("takes the middle of the last round trips", () => {
    const meter = new Meter();
    for (const rtt of [20, 21, 900, 22, 19]) meter.pong(1_000, 1_000 + rtt);
    expect(meter.rttMs).toBe(21);
    meter.pong(5_000, 1_000);
    expect(meter.rttMs).toBe(21);
  });
});
