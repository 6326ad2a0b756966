import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { move } from "./movement.js";
import { Button, PLAYER_RADIUS, UNIT } from "./rules.js";
import { Walls } from "./walls.js";

/** Walks that the server's own slide() (libs/world/sim/src/movement.cpp) took through the classic arena of seed 7, in 1/256 units. */
interface Vectors { bounds: number[]; walls: number[][]; walks: { from: [number, number]; legs: [number, number, number, number, number][] }[] }
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "movement_vectors.json"), "utf8")) as Vectors;

function wallsOf({ bounds, walls }: Vectors): Walls {
  const [left, top, right, bottom] = bounds.map((value) => value / UNIT) as [number, number, number, number];
  return new Walls(
    walls.map((wall) => ({ x: wall[0]! / UNIT, y: wall[1]! / UNIT, width: (wall[2]! - wall[0]!) / UNIT, height: (wall[3]! - wall[1]!) / UNIT, health: 1, healthMax: 1, destructible: false })),
    { left, top, width: right - left, height: bottom - top },
  );
}

describe("movement", () => {
  it("is the server's to the last 1/256 unit, along walls and round corners", () => {
    const walls = wallsOf(vectors);
    let stopped = 0;
    for (const { from, legs } of vectors.walks) {
      const mover = { x: from[0], y: from[1], velocityX: 0, velocityY: 0 };
      for (const [buttons, boosted, ticks, x, y] of legs) {
        for (let i = 0; i < ticks; ++i) {
          move(mover, buttons, boosted === 1, walls);
          if (mover.velocityX === 0 && mover.velocityY === 0) ++stopped;
        }
        expect([mover.x, mover.y]).toEqual([x, y]);
      }
    }
    expect(vectors.walks.length).toBeGreaterThan(10);
    expect(stopped).toBeGreaterThan(100);  // they did meet walls
  });

  const open = new Walls([], { left: -100, top: -100, width: 200, height: 200 });
  it.each([
    [Button.right, 640, 0], [Button.left, -640, 0], [Button.down, 0, 640], [Button.up, 0, -640], [Button.up | Button.right, 452, -452], [Button.left | Button.right, 0, 0],
  ])("buttons %i move by (%i, %i)", (buttons, x, y) => {
    const mover = { x: 0, y: 0, velocityX: 0, velocityY: 0 };
    move(mover, buttons, false, open);
    expect(mover).toEqual({ x, y, velocityX: x, velocityY: y });
  });

  it("keeps to the border, and goes through a wall that was destroyed", () => {
    const mover = { x: 0, y: 0, velocityX: 0, velocityY: 0 };
    for (let i = 0; i < 100; ++i) move(mover, Button.right, true, open);
    expect(mover.x).toBe(100 * UNIT - PLAYER_RADIUS);
    const walled = new Walls([{ x: 30, y: -50, width: 20, height: 100, health: 100, healthMax: 100, destructible: true }], { left: -100, top: -100, width: 200, height: 200 });
    const other = { x: 0, y: 0, velocityX: 0, velocityY: 0 };
    for (let i = 0; i < 30; ++i) move(other, Button.right, false, walled);
    expect(other.x).toBe(15 * UNIT);
    walled.boxes[0]!.standing = false;
    for (let i = 0; i < 6; ++i) move(other, Button.right, false, walled);
    expect(other.x).toBe(15 * UNIT + 6 * 640);
  });
});
