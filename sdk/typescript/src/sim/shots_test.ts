import { describe, expect, it } from "vitest";
import { Shots } from "./shots.js";
import { Walls } from "./walls.js";
import { Team, Weapon, type Shot, type Wall } from "../protocol/types.js";

const bounds = { left: -400, top: -400, width: 800, height: 800 };
const wall = (x: number): Wall => ({ x, y: -50, width: 20, height: 100, health: 100, healthMax: 100, destructible: true });
const shot = (more: Partial<Shot> = {}): Shot => ({ id: 7, x: 0, y: 0, velocityX: 7.5, velocityY: 0, owner: 3, ago: 2, look: Weapon.pistol | (Team.red << 3), ...more });

describe("shots", () => {
  it("of others begin when they were fired and end at a wall, in the time that others are shown in", () => {
    const shots = new Shots(new Walls([wall(75)], bounds));
    const seen: string[] = [];
    shots.onBegin = () => seen.push("begin");
    shots.onWall = ({ x, wall: index }) => seen.push(`wall ${index} at ${Math.round(x)}`);
    shots.take(shot(), 102, 1, 0);
    shots.advance(99, 0);
    expect(seen).toEqual([]);
    shots.advance(100.5, 0);
    expect(seen).toEqual(["begin"]);
    shots.advance(109, 0);
    expect(shots.flights).toHaveLength(1);
    shots.advance(110.1, 0);
    expect(seen).toEqual(["begin", "wall 0 at 75"]);
    expect(shots.flights).toHaveLength(0);
  });

  it("are said twice and fly once", () => {
    const shots = new Shots(new Walls([], bounds));
    shots.take(shot({ ago: 2 }), 102, 1, 0);
    shots.take(shot({ ago: 4 }), 104, 1, 0);
    expect(shots.flights).toHaveLength(1);
    shots.take(shot({ ago: 0 }), 9_000, 1, 0);
    expect(shots.flights).toHaveLength(2);  // the id's next use
  });

  it("fly on through where a wall was", () => {
    const walls = new Walls([wall(75)], bounds);
    const shots = new Shots(walls);
    shots.take(shot(), 102, 1, 0);
    walls.boxes[0]!.standing = false;
    shots.wallsChanged();
    shots.advance(120, 0);
    expect(shots.flights).toHaveLength(1);
  });

  it("of one's own are foretold, and are the server's when it tells of them", () => {
    const shots = new Shots(new Walls([], bounds));
    shots.predict(0, 0, 0, Weapon.pistol, Team.red, 1, false, 50);
    expect(shots.flights[0]!.x).toBeCloseTo(20);
    shots.take(shot({ owner: 1 }), 102, 1, 55);
    expect(shots.flights).toHaveLength(1);
    expect(shots.flights[0]!.id).toBe(7);
    expect(shots.flights[0]!.tick).toBe(50);
  });

  it("that the server never fired are taken back", () => {
    const shots = new Shots(new Walls([], bounds));
    shots.predict(0, 0, 0, Weapon.sniper, Team.red, 1, false, 50);
    shots.advance(0, 80);
    expect(shots.flights).toHaveLength(1);
    shots.advance(0, 96);
    expect(shots.flights).toHaveLength(0);
  });

  it("end at somebody in the tick of the hit, without a mark on a wall", () => {
    const shots = new Shots(new Walls([wall(75)], bounds));
    let marks = 0;
    shots.onWall = () => ++marks;
    shots.take(shot(), 102, 1, 0);
    shots.end(7, 105);
    shots.advance(104, 0);
    expect(shots.flights).toHaveLength(1);
    shots.advance(105, 0);
    expect(shots.flights).toHaveLength(0);
    expect(marks).toBe(0);
  });
});
