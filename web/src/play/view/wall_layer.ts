import { Container, Graphics } from "pixi.js";
import { CRATE, CRATE_DARK, CRATE_LIGHT, STEEL, STEEL_DARK, STEEL_LIGHT } from "./colours";
import type { Camera } from "./camera";
import type { Wall } from "@muster/client";

const CELL = 400;

interface Cell { walls: number[]; left: number; top: number; right: number; bottom: number; drawn: Graphics | undefined; changed: boolean }

/** A number that is always the same for the same wall and place: cracks must not dance. */
function grain(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4_294_967_296;
  };
}

/** Walls, drawn cell by cell, and again when one of the cell changed. */
export class WallLayer {
  readonly container = new Container();
  private cells = new Map<string, Cell>();
  private walls: readonly Wall[] = [];

  build(walls: readonly Wall[]): void {
    for (const child of this.container.removeChildren()) child.destroy();
    this.cells = new Map();
    this.walls = walls;
    walls.forEach((wall, index) => {
      const key = `${Math.floor((wall.x + wall.width / 2) / CELL)} ${Math.floor((wall.y + wall.height / 2) / CELL)}`;
      let cell = this.cells.get(key);
      if (!cell) this.cells.set(key, (cell = { walls: [], left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity, drawn: undefined, changed: true }));
      cell.walls.push(index);
      cell.left = Math.min(cell.left, wall.x);
      cell.top = Math.min(cell.top, wall.y);
      cell.right = Math.max(cell.right, wall.x + wall.width);
      cell.bottom = Math.max(cell.bottom, wall.y + wall.height);
    });
  }

  change(index: number): void {
    for (const cell of this.cells.values()) if (cell.walls.includes(index)) cell.changed = true;
  }

  draw(camera: Camera): void {
    const right = camera.left + camera.width / camera.scale;
    const bottom = camera.top + camera.height / camera.scale;
    for (const cell of this.cells.values()) {
      const seen = cell.left < right + 30 && cell.right > camera.left - 30 && cell.top < bottom + 30 && cell.bottom > camera.top - 30;
      if (seen && (cell.changed || !cell.drawn)) {
        if (!cell.drawn) this.container.addChild((cell.drawn = new Graphics()));
        cell.changed = false;
        cell.drawn.clear();
        for (const index of cell.walls) if (this.walls[index]!.health > 0) shadow(cell.drawn, this.walls[index]!);
        for (const index of cell.walls) {
          const wall = this.walls[index]!;
          if (wall.health <= 0) ruin(cell.drawn, wall, index);
          else if (wall.destructible) crate(cell.drawn, wall, index);
          else steel(cell.drawn, wall);
        }
      }
      if (cell.drawn) cell.drawn.visible = seen;
    }
  }
}

function shadow(g: Graphics, { x, y, width, height }: Wall): void {
  g.rect(x + 3, y + 5, width + 2, height + 2).fill({ color: 0x000000, alpha: 0.22 }).rect(x + 2, y + 3, width, height).fill({ color: 0x000000, alpha: 0.25 });
}

function steel(g: Graphics, { x, y, width, height }: Wall): void {
  g.rect(x, y, width, height).fill(STEEL_DARK);
  g.rect(x, y, width, height - Math.min(4, height / 3)).fill(STEEL);
  g.rect(x, y, width, 1.6).fill({ color: STEEL_LIGHT, alpha: 0.95 }).rect(x, y, 1.2, height).fill({ color: STEEL_LIGHT, alpha: 0.55 });
  const long = width > height;
  const length = long ? width : height;
  const thick = long ? height : width;
  // Joints between plates, and a line of light along the middle of long ones.
  for (let at = 80; at < length - 20; at += 80) {
    if (long) g.rect(x + at, y + 1.5, 1.4, height - 5).fill({ color: STEEL_DARK, alpha: 0.9 });
    else g.rect(x + 1.5, y + at, width - 3, 1.4).fill({ color: STEEL_DARK, alpha: 0.9 });
  }
  if (thick >= 12 && length > 60) {
    if (long) g.rect(x + 8, y + height / 2 - 1.6, width - 16, 1.4).fill({ color: 0x7fa4e8, alpha: 0.2 });
    else g.rect(x + width / 2 - 0.7, y + 8, 1.4, height - 16).fill({ color: 0x7fa4e8, alpha: 0.2 });
  }
}

function crate(g: Graphics, wall: Wall, index: number): void {
  const { x, y, width, height } = wall;
  const hurt = 1 - wall.health / Math.max(1, wall.healthMax);
  g.rect(x, y, width, height).fill(CRATE_DARK);
  g.rect(x, y, width, height - Math.min(4, height / 4)).fill(CRATE);
  g.rect(x + 0.9, y + 0.9, width - 1.8, height - 1.8 - Math.min(3, height / 5)).stroke({ width: 1.8, color: CRATE_LIGHT, alpha: 0.9 });
  const long = width > height;
  const length = long ? width : height;
  const parts = Math.max(1, Math.round(length / 34));
  for (let i = 1; i < parts; ++i) {
    const at = (i * length) / parts;
    if (long) g.rect(x + at - 0.6, y + 2, 1.3, height - 6).fill({ color: CRATE_DARK, alpha: 0.9 });
    else g.rect(x + 2, y + at - 0.6, width - 4, 1.3).fill({ color: CRATE_DARK, alpha: 0.9 });
  }
  if (Math.abs(width - height) < 30 && width > 30) {
    g.moveTo(x + 4, y + 4).lineTo(x + width - 4, y + height - 7).moveTo(x + width - 4, y + 4).lineTo(x + 4, y + height - 7).stroke({ width: 1.4, color: CRATE_LIGHT, alpha: 0.35 });
  }
  if (hurt <= 0.02) return;
  g.rect(x, y, width, height).fill({ color: 0x000000, alpha: 0.3 * hurt });
  const random = grain(index + 1);
  const cracks = Math.ceil(hurt * (4 + (width * height) / 900));
  for (let i = 0; i < cracks; ++i) {
    let cx = x + random() * width;
    let cy = y + random() * height;
    let angle = random() * Math.PI * 2;
    g.moveTo(cx, cy);
    for (let j = 0; j < 4; ++j) {
      angle += (random() - 0.5) * 1.6;
      cx = Math.min(x + width - 1, Math.max(x + 1, cx + Math.cos(angle) * 7));
      cy = Math.min(y + height - 2, Math.max(y + 1, cy + Math.sin(angle) * 7));
      g.lineTo(cx, cy);
    }
    g.stroke({ width: 1.5, color: 0x120c06, alpha: 0.85 });
  }
}

/** What is left of a destroyed wall: it comes back. */
function ruin(g: Graphics, { x, y, width, height }: Wall, index: number): void {
  const random = grain(index + 77);
  for (let i = 0; i < Math.min(30, (width * height) / 220); ++i) {
    const size = 2 + random() * 5;
    g.rect(x + random() * (width - size), y + random() * (height - size), size, size * (0.5 + random() * 0.6)).fill({ color: CRATE_LIGHT, alpha: 0.16 + 0.14 * random() });
  }
  g.rect(x, y, width, height).stroke({ width: 1, color: CRATE_LIGHT, alpha: 0.14 });
}
