import { TURN } from "./rules.js";
import { generationOf, isAlive, type Entity } from "../protocol/types.js";

const SAMPLES = 12;
const AHEAD_MAX = 15;      // ticks that somebody is moved on without news
const FORGET_TICKS = 66;   // "someone not refreshed for a second may be forgotten"
const JUMP_UNITS = 60;     // in one step between samples: it respawned
const SMOOTH_MS = 70;
const KEPT_TICKS = 30;     // that somebody is shown whom the next server has not told of

interface Sample { tick: number; x: number; y: number; vx: number; vy: number; aim: number }

/** Where another player was, as far as it is known, and where it is shown. */
export class Track {
  /** Shown: units and radians. */
  x = 0;
  y = 0;
  aim = 0;
  speed = 0;
  health = 100;
  look = 0;
  goneAt = Infinity;
  /** 0 (just appeared, or about to be forgotten) to 1. */
  presence = 0;
  private readonly samples: Sample[] = [];
  private count = 0;
  private offX = 0;
  private offY = 0;
  private isKept = false;

  constructor(readonly id: number) {
    for (let i = 0; i < SAMPLES; ++i) this.samples.push({ tick: 0, x: 0, y: 0, vx: 0, vy: 0, aim: 0 });
  }

  get newest(): number {
    return this.count ? this.samples[this.count - 1]!.tick : 0;
  }

  /** Takes a sample, in order or late. `shownTick` is what is on the screen now. */
  take(entity: Entity, tick: number, shownTick: number): void {
    if (this.count && (generationOf(entity.look) !== generationOf(this.look) || (isAlive(entity.look) && !isAlive(this.look)))) this.count = 0;
    const wasKept = this.isKept && this.count > 0;
    if (this.isKept) this.yieldTo(tick);
    let at = this.count;
    while (at > 0 && this.samples[at - 1]!.tick > tick) --at;
    if (at > 0 && this.samples[at - 1]!.tick === tick) return;
    const isNewest = at === this.count;
    const guessed = (this.count > 0 && shownTick > this.newest) || wasKept;
    const last = this.samples[this.count - 1];
    const jumped = isNewest && last !== undefined && Math.hypot(entity.x - last.x, entity.y - last.y) > JUMP_UNITS + 8 * (tick - last.tick);
    if (jumped) {
      this.count = 0;
      at = 0;
      this.offX = this.offY = 0;
    }
    const before = this.count || (wasKept && !jumped) ? { x: this.x, y: this.y } : undefined;
    if (this.count === SAMPLES) {
      if (at === 0) return;  // older than all that are kept
      this.samples.push(this.samples.shift()!);
      --this.count;
      --at;
    }
    const sample = this.samples[this.count]!;
    for (let i = this.count; i > at; --i) this.samples[i] = this.samples[i - 1]!;
    this.samples[at] = sample;
    sample.tick = tick;
    sample.x = entity.x;
    sample.y = entity.y;
    sample.vx = entity.velocityX;
    sample.vy = entity.velocityY;
    sample.aim = entity.aim;
    ++this.count;
    if (isNewest) {
      this.health = entity.health;
      this.look = entity.look;
      this.goneAt = Infinity;
    }
    if (before && guessed && isNewest) {
      // What was guessed was wrong by so much: the difference is not shown at once.
      this.place(shownTick);
      this.offX += before.x - this.x - this.offX;
      this.offY += before.y - this.y - this.offY;
      if (Math.hypot(this.offX, this.offY) > JUMP_UNITS) this.offX = this.offY = 0;
      this.x += this.offX;
      this.y += this.offY;
    }
  }

  /** Another server's ticks follow, which are `apart` more. It stays until that one tells of it, but not for long. */
  cross(apart: number, shownTick: number): void {
    for (const sample of this.samples) sample.tick += apart;
    this.goneAt = Math.min(this.goneAt + apart, shownTick + KEPT_TICKS);
    this.isKept = true;
  }

  /** The next server's first word, of `tick`, counts more than what the one before said of later. */
  private yieldTo(tick: number): void {
    this.isKept = false;
    this.goneAt = Infinity;
    while (this.count > 0 && this.samples[this.count - 1]!.tick >= tick) --this.count;
  }

  /** Moves to where it was at `tick`. False when it is to be forgotten. */
  show(tick: number, passedMs: number): boolean {
    if (this.count === 0 || tick >= this.goneAt || tick > this.newest + FORGET_TICKS) return false;
    const decay = Math.exp(-passedMs / SMOOTH_MS);
    this.offX *= decay;
    this.offY *= decay;
    this.place(tick);
    this.x += this.offX;
    this.y += this.offY;
    const present = tick >= this.samples[0]!.tick - 4 && tick < this.newest + FORGET_TICKS * 0.6;
    this.presence = Math.max(0, Math.min(1, this.presence + (present ? passedMs : -passedMs) / 120));
    return true;
  }

  private place(tick: number): void {
    let i = this.count - 1;
    while (i > 0 && this.samples[i]!.tick > tick) --i;
    const a = this.samples[i]!;
    const b = this.samples[i + 1];
    if (tick <= a.tick) {
      this.x = a.x;
      this.y = a.y;
      this.aim = a.aim;
      this.speed = 0;
    } else if (i + 1 < this.count && b) {
      const span = b.tick - a.tick;
      const t = (tick - a.tick) / span;
      // Over a long gap, Hermite with both velocities: people turn corners. Over a short one a line, which cannot overshoot.
      if (span > 5) {
        this.x = hermite(a.x, a.vx * span, b.x, b.vx * span, t);
        this.y = hermite(a.y, a.vy * span, b.y, b.vy * span, t);
      } else {
        this.x = a.x + (b.x - a.x) * t;
        this.y = a.y + (b.y - a.y) * t;
      }
      this.aim = turn(a.aim, b.aim, t);
      this.speed = Math.hypot(b.x - a.x, b.y - a.y) / span;
    } else {
      const ahead = Math.min(AHEAD_MAX, tick - a.tick);
      this.x = a.x + a.vx * ahead;
      this.y = a.y + a.vy * ahead;
      this.aim = a.aim;
      this.speed = Math.hypot(a.vx, a.vy);
    }
  }
}

function hermite(a: number, da: number, b: number, db: number, t: number): number {
  const t2 = t * t;
  const t3 = t2 * t;
  return (2 * t3 - 3 * t2 + 1) * a + (t3 - 2 * t2 + t) * da + (3 * t2 - 2 * t3) * b + (t3 - t2) * db;
}

/** From angle a to b the shorter way round. */
export function turn(a: number, b: number, t: number): number {
  let by = (b - a) % TURN;
  if (by > Math.PI) by -= TURN;
  if (by < -Math.PI) by += TURN;
  return a + by * t;
}

/** All others that are in view. */
export class Others {
  readonly tracks = new Map<number, Track>();

  clear(): void {
    this.tracks.clear();
  }

  take(entity: Entity, tick: number, shownTick: number): void {
    let track = this.tracks.get(entity.id);
    if (!track) this.tracks.set(entity.id, (track = new Track(entity.id)));
    track.take(entity, tick, shownTick);
  }

  /** Left the view in `tick`, unless it has been seen since. */
  gone(id: number, tick: number): void {
    const track = this.tracks.get(id);
    if (track && track.newest < tick) track.goneAt = Math.min(track.goneAt, tick);
  }

  /** As Track.cross(); `shownTick` is one of the ticks that follow. */
  cross(apart: number, shownTick: number): void {
    for (const track of this.tracks.values()) track.cross(apart, shownTick);
  }

  show(tick: number, passedMs: number): void {
    for (const track of this.tracks.values()) {
      if (!track.show(tick, passedMs)) this.tracks.delete(track.id);
    }
  }
}
