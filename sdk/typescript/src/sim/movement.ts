import { Button, PLAYER_RADIUS, PLAYER_SPEED, PLAYER_SPEED_BOOSTED } from "./rules.js";
import type { Walls } from "./walls.js";

/**
 * The movement of one step, in whole 1/256 units, exactly as the server does it (docs/formats/world-protocol.md, "Playing"): a
 * difference of one would pull the player back with every wall it slides along.
 */
export interface Mover { x: number; y: number; velocityX: number; velocityY: number }

const DIAGONAL_OF_256 = 181;

export function move(mover: Mover, buttons: number, boosted: boolean, walls: Walls): void {
  const dx = (buttons & Button.right ? 1 : 0) - (buttons & Button.left ? 1 : 0);
  const dy = (buttons & Button.down ? 1 : 0) - (buttons & Button.up ? 1 : 0);
  let speed = boosted ? PLAYER_SPEED_BOOSTED : PLAYER_SPEED;
  if (dx !== 0 && dy !== 0) speed = Math.trunc((speed * DIAGONAL_OF_256) / 256);
  const x = mover.x;
  const y = mover.y;
  if (dx !== 0) mover.x = slide(walls, x, dx * speed, mover.y, true);
  if (dy !== 0) mover.y = slide(walls, y, dy * speed, mover.x, false);
  mover.velocityX = mover.x - x;
  mover.velocityY = mover.y - y;
}

/** Where an axis ends that starts at `from` and wants to go by `by`, the other axis standing at `across`. */
function slide(walls: Walls, from: number, by: number, across: number, horizontal: boolean): number {
  const r = PLAYER_RADIUS;
  let to = from + by;
  to = Math.min(to, (horizontal ? walls.right : walls.bottom) - r);
  to = Math.max(to, (horizontal ? walls.left : walls.top) + r);
  const low = Math.min(from, to) - r;
  const high = Math.max(from, to) + r;
  const near = horizontal ? walls.near(low, across - r, high, across + r) : walls.near(across - r, low, across + r, high);
  for (const index of near) {
    const box = walls.boxes[index]!;
    const boxLow = horizontal ? box.left : box.top;
    const boxHigh = horizontal ? box.right : box.bottom;
    const acrossLow = horizontal ? box.top : box.left;
    const acrossHigh = horizontal ? box.bottom : box.right;
    const gap = across < acrossLow ? acrossLow - across : across > acrossHigh ? across - acrossHigh : 0;
    if (gap >= r) continue;
    const along = to < boxLow ? boxLow - to : to > boxHigh ? to - boxHigh : 0;
    if (along * along + gap * gap >= r * r) continue;
    const distance = gap === 0 ? r : wholeRoot(r * r - gap * gap);
    to = by > 0 ? Math.min(Math.max(boxLow - distance, from), to) : Math.min(Math.max(boxHigh + distance, to), from);
  }
  return to;
}

/** The smallest whole number whose square is not less. */
function wholeRoot(value: number): number {
  let root = Math.floor(Math.sqrt(value));
  while (root * root < value) ++root;
  return root;
}
