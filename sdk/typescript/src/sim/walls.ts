import type { Wall } from "../protocol/types.js";
import { UNIT } from "./rules.js";

/** A wall in 1/256 units, and whether it stands. */
export interface Box { left: number; top: number; right: number; bottom: number; standing: boolean }

const CELL = 256 * UNIT;

/** All walls of a map, found by place. */
export class Walls {
  readonly boxes: Box[];
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  private readonly columns: number;
  private readonly rows: number;
  private readonly cells: number[][];
  private readonly found: number[] = [];
  private readonly marks: Uint32Array;
  private mark = 0;

  constructor(walls: readonly Wall[], bounds: { left: number; top: number; width: number; height: number }) {
    this.left = Math.round(bounds.left * UNIT);
    this.top = Math.round(bounds.top * UNIT);
    this.right = Math.round((bounds.left + bounds.width) * UNIT);
    this.bottom = Math.round((bounds.top + bounds.height) * UNIT);
    this.columns = Math.max(1, Math.ceil((this.right - this.left) / CELL));
    this.rows = Math.max(1, Math.ceil((this.bottom - this.top) / CELL));
    this.cells = Array.from({ length: this.columns * this.rows }, () => []);
    this.boxes = walls.map((wall) => ({
      left: Math.round(wall.x * UNIT), top: Math.round(wall.y * UNIT), right: Math.round((wall.x + wall.width) * UNIT), bottom: Math.round((wall.y + wall.height) * UNIT),
      standing: wall.health > 0,
    }));
    this.marks = new Uint32Array(this.boxes.length);
    this.boxes.forEach((box, index) => {
      this.forCells(box.left, box.top, box.right, box.bottom, (cell) => {
        cell.push(index);
      });
    });
  }

  /** The numbers of the standing walls that may touch the rectangle, ascending. Valid until the next call. */
  near(left: number, top: number, right: number, bottom: number): readonly number[] {
    const found = this.found;
    found.length = 0;
    const mark = ++this.mark;
    this.forCells(left, top, right, bottom, (cell) => {
      for (const index of cell) {
        const box = this.boxes[index]!;
        if (this.marks[index] === mark || !box.standing) continue;
        this.marks[index] = mark;
        if (box.left <= right && box.right >= left && box.top <= bottom && box.bottom >= top) found.push(index);
      }
    });
    return found.sort((a, b) => a - b);
  }

  /**
   * How much of the way from (x, y) by (dx, dy), in units, is free: 0 to 1; the border of the map ends it too. `hit` of the answer is the
   * wall's number, or -1.
   */
  cast(x: number, y: number, dx: number, dy: number): { part: number; hit: number } {
    const x0 = x * UNIT;
    const y0 = y * UNIT;
    const vx = dx * UNIT;
    const vy = dy * UNIT;
    let part = 1;
    let hit = -1;
    part = Math.min(part, exit(x0, vx, this.left, this.right), exit(y0, vy, this.top, this.bottom));
    for (const index of this.near(Math.min(x0, x0 + vx), Math.min(y0, y0 + vy), Math.max(x0, x0 + vx), Math.max(y0, y0 + vy))) {
      const at = entry(this.boxes[index]!, x0, y0, vx, vy);
      if (at < part) {
        part = at;
        hit = index;
      }
    }
    return { part, hit };
  }

  private forCells(left: number, top: number, right: number, bottom: number, each: (cell: number[]) => void): void {
    const column = (x: number) => Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.left) / CELL)));
    const row = (y: number) => Math.min(this.rows - 1, Math.max(0, Math.floor((y - this.top) / CELL)));
    const lastColumn = column(right);
    const lastRow = row(bottom);
    for (let r = row(top); r <= lastRow; ++r) {
      for (let c = column(left); c <= lastColumn; ++c) each(this.cells[r * this.columns + c]!);
    }
  }
}

function exit(from: number, by: number, low: number, high: number): number {
  if (by > 0) return Math.max(0, (high - from) / by);
  if (by < 0) return Math.max(0, (low - from) / by);
  return 1;
}

/** The part of the way at which a ray enters a box; above 1 when it does not. */
function entry(box: Box, x: number, y: number, vx: number, vy: number): number {
  let first = 0;
  let last = 1;
  for (const [at, by, low, high] of [[x, vx, box.left, box.right], [y, vy, box.top, box.bottom]] as const) {
    if (by === 0) {
      if (at < low || at > high) return 2;
      continue;
    }
    const a = (low - at) / by;
    const b = (high - at) / by;
    first = Math.max(first, Math.min(a, b));
    last = Math.min(last, Math.max(a, b));
    if (first > last) return 2;
  }
  return first;
}
