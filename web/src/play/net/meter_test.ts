import { describe, expect, it } from "vitest";
import { Meter } from "./meter";

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

  it("takes the middle of the last round trips", () => {
    const meter = new Meter();
    for (const rtt of [20, 21, 900, 22, 19]) meter.pong(1_000, 1_000 + rtt);
    expect(meter.rttMs).toBe(21);
    meter.pong(5_000, 1_000);
    expect(meter.rttMs).toBe(21);
  });
});
