/** What of the world is on the screen. Units to CSS pixels. */

const FOLLOW_MS = 55;
const LOOK_AHEAD_UNITS = 70;
const SHAKE_UNITS = 9;
const OUTSIDE_UNITS = 70;  // of what lies beyond the map's border, at most
const SCALE_MIN = 0.72;  // on a phone people would be dots

export class Camera {
  x = 0;
  y = 0;
  scale = 1;
  width = 1;
  height = 1;
  /** Of screen shake; 0 for who does not want it. */
  shakeFactor = 1;
  private shake = 0;
  private shakeX = 0;
  private shakeY = 0;
  private fresh = true;
  private bounds = { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity };

  /** Fits `view` units to the longer half of the screen. */
  resize(width: number, height: number, view: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.scale = Math.max(SCALE_MIN, Math.max(this.width, this.height) / (2 * view));
  }

  keepWithin(left: number, top: number, width: number, height: number): void {
    this.bounds = { left, top, right: left + width, bottom: top + height };
  }

  jump(): void {
    this.fresh = true;
  }

  kick(strength: number): void {
    this.shake = Math.min(1, this.shake + strength * this.shakeFactor);
  }

  /** `lookX`, `lookY`: where the pointer is, from the middle of the screen, -1 to 1. */
  follow(x: number, y: number, lookX: number, lookY: number, passedMs: number): void {
    const { left, top, right, bottom } = this.bounds;
    const toX = within(x + lookX * LOOK_AHEAD_UNITS, left, right, this.width / 2 / this.scale);
    const toY = within(y + lookY * LOOK_AHEAD_UNITS, top, bottom, this.height / 2 / this.scale);
    if (this.fresh || Math.hypot(toX - this.x, toY - this.y) > 500) {
      this.x = toX;
      this.y = toY;
      this.fresh = false;
    } else {
      const part = 1 - Math.exp(-passedMs / FOLLOW_MS);
      this.x += (toX - this.x) * part;
      this.y += (toY - this.y) * part;
    }
    this.shake *= Math.exp(-passedMs / 110);
    const strength = this.shake * this.shake * SHAKE_UNITS;
    this.shakeX = (Math.random() * 2 - 1) * strength;
    this.shakeY = (Math.random() * 2 - 1) * strength;
  }

  get left(): number {
    return this.x + this.shakeX - this.width / 2 / this.scale;
  }
  get top(): number {
    return this.y + this.shakeY - this.height / 2 / this.scale;
  }
  toScreenX(x: number): number {
    return (x - this.left) * this.scale;
  }
  toScreenY(y: number): number {
    return (y - this.top) * this.scale;
  }
  toWorldX(x: number): number {
    return this.left + x / this.scale;
  }
  toWorldY(y: number): number {
    return this.top + y / this.scale;
  }
  sees(x: number, y: number, margin: number): boolean {
    const w = this.width / 2 / this.scale + margin;
    const h = this.height / 2 / this.scale + margin;
    return Math.abs(x - this.x) < w && Math.abs(y - this.y) < h;
  }
}

/** The middle of a screen that shows little beyond the border; of the map, when it is smaller than the screen. */
function within(at: number, low: number, high: number, half: number): number {
  const from = low - OUTSIDE_UNITS + half;
  const to = high + OUTSIDE_UNITS - half;
  return from > to ? (low + high) / 2 : Math.min(to, Math.max(from, at));
}
