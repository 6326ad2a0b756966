import { beforeEach, describe, expect, it } from "vitest";
import { move, type Mover } from "./movement.js";
import { Prediction, paceOf } from "./prediction.js";
import { Button, UNIT } from "./rules.js";
import { Walls } from "./walls.js";
import { nobody, type Own } from "../protocol/types.js";

const walls = new Walls([{ x: 60, y: -200, width: 20, height: 400, health: 9, healthMax: 9, destructible: false }], { left: -500, top: -500, width: 1_000, height: 1_000 });
const ALIVE = 0x80;

/** A server that consumes one step a tick, some ticks later, and may lose what comes late. */
class Server {
  readonly mover: Mover = { x: 0, y: 0, velocityX: 0, velocityY: 0 };
  acknowledged = 0;
  boost = 0;
  consume(steps: readonly { sequence: number; buttons: number }[]): void {
    for (const step of steps) {
      if (step.sequence <= this.acknowledged) continue;
      move(this.mover, step.buttons, this.boost > 0, walls);
      if (this.boost > 0) --this.boost;
      this.acknowledged = step.sequence;
    }
  }
  own(): Own {
    return { ...nobody(), x: this.mover.x, y: this.mover.y, velocityX: this.mover.velocityX, velocityY: this.mover.velocityY, speedTicks: this.boost, look: ALIVE };
  }
}

let prediction: Prediction;
let server: Server;
beforeEach(() => {
  prediction = new Prediction();
  server = new Server();
  prediction.reconcile(server.own(), 0, walls);
});

describe("prediction", () => {
  it("never has to be corrected while the server does the same, with any delay", () => {
    const sent: { sequence: number; buttons: number }[] = [];
    const buttons = [Button.right, Button.right | Button.down, Button.down, Button.left | Button.up, 0, Button.up];
    server.boost = 90;
    prediction.reconcile(server.own(), 0, walls);
    for (let tick = 0; tick < 400; ++tick) {
      sent.push(prediction.step(0, buttons[Math.floor(tick / 25) % buttons.length]!, 0, 0, walls));
      const delay = 3 + (tick % 7);
      if (tick % 2 === 0 && tick > delay) {
        server.consume(sent.slice(0, sent.length - delay));
        prediction.reconcile(server.own(), server.acknowledged, walls);
        expect(prediction.correction).toBe(0);
      }
    }
    expect(prediction.pending.length).toBeLessThan(12);
    server.consume(sent);
    expect(prediction.exact.x).toBe(server.mover.x);
    expect(prediction.exact.y).toBe(server.mover.y);
  });

  it("takes the server's word, and lets the difference fade instead of jumping", () => {
    for (let i = 0; i < 10; ++i) prediction.step(0, Button.left, 0, 0, walls);
    const before = prediction.x(1);
    server.mover.x = 20 * UNIT;
    prediction.reconcile(server.own(), 10, walls);
    expect(prediction.exact.x).toBe(20 * UNIT);
    expect(prediction.correction).toBeCloseTo(45, 5);
    expect(prediction.x(1)).toBeCloseTo(before, 5);
    for (let i = 0; i < 60; ++i) prediction.smooth(16);
    expect(prediction.x(1)).toBeCloseTo(20, 2);
  });

  it("jumps at once to where one is spawned, and stands still while dead", () => {
    prediction.reconcile({ ...server.own(), look: 0 }, 0, walls);
    prediction.step(0, Button.left, 0, 0, walls);
    expect(prediction.exact.x).toBe(0);
    server.mover.x = -30 * UNIT;
    prediction.reconcile(server.own(), 1, walls);
    expect(prediction.x(1)).toBe(-30);
  });

  it("runs slower while steps wait at a server that is late, and at full pace otherwise", () => {
    expect(paceOf(0, 0)).toBe(1);
    expect(paceOf(11, 100)).toBe(1);
    expect(paceOf(9, 20)).toBeLessThan(1);
    expect(paceOf(120, 20)).toBe(0.75);
    // A server that consumes 50 steps a second where 60 are made: the delay stays small.
    const made: { sequence: number; buttons: number }[] = [];
    let owed = 0;
    for (let frame = 0; frame < 1_200; ++frame) {
      owed += paceOf(prediction.backlog, 20);
      for (; owed >= 1; --owed) made.push(prediction.step(0, Button.right, 0, 0, walls));
      if (frame % 2 === 1) {
        server.consume(made.slice(0, Math.min(made.length, Math.floor((frame * 50) / 60))));
        prediction.reconcile(server.own(), server.acknowledged, walls);
      }
    }
    expect(prediction.backlog).toBeLessThan(14);
  });

  it("goes on with the sequence that the server knows when it comes back", () => {
    prediction.restart();
    prediction.step(0, 0, 0, 0, walls);
    prediction.reconcile(server.own(), 5_000, walls);
    expect(prediction.pending).toHaveLength(0);
    expect(prediction.step(0, 0, 0, 0, walls).sequence).toBe(5_001);
  });

  it("keeps a bounded number of steps for a server that does not answer", () => {
    for (let i = 0; i < 5_000; ++i) prediction.step(0, 0, 0, 0, walls);
    expect(prediction.pending.length).toBe(120);
    expect(prediction.pending.at(-1)!.sequence).toBe(5_000);
  });
});
