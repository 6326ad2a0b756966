import { move, type Mover } from "./movement.js";
import { TICK_MS, UNIT } from "./rules.js";
import type { Walls } from "./walls.js";
import type { Step } from "../protocol/encode.js";
import { isAlive, nobody, type Own } from "../protocol/types.js";

const PENDING_MAX = 120;   // two seconds: by then the connection is lost
const SNAP_UNITS = 90;     // a difference that is shown at once: a respawn
const SMOOTH_MS = 60;
const BACKLOGS = 15;

/**
 * How fast the player's own time runs, 1 being real time. Steps that wait at the server are a delay that stays: when its ticks take
 * longer than they should, or after a stall here, the own time runs a little slower until they are used up.
 */
export function paceOf(backlog: number, rttMs: number): number {
  const excess = backlog - (rttMs / TICK_MS + SPARE_STEPS);
  return excess <= 0 ? 1 : Math.max(0.75, 1 - 0.03 * Math.ceil(excess));
}
/** Two steps go out together, a snapshot comes every second tick, and one is being consumed. */
const SPARE_STEPS = 5;

/**
 * Oneself, ahead of the server by what is still under way: the last state that the server told, and the steps that it had not
 * consumed then, replayed.
 */
export class Prediction {
  /** As the server last told it. */
  readonly own: Own = nobody();
  /** Steps that the server has not consumed, as far as is known, oldest first. */
  readonly pending: Step[] = [];
  alive = false;
  /** Of the last reconciliation, in units: for tests and the curious. */
  correction = 0;
  private readonly now: Mover = { x: 0, y: 0, velocityX: 0, velocityY: 0 };
  private readonly before = { x: 0, y: 0 };
  private speedTicks = 0;
  private offX = 0;
  private offY = 0;
  private sequence = 0;
  private known = false;
  private readonly backlogs: number[] = [];

  /** A new connection: the server's inputs start again. */
  restart(): void {
    this.pending.length = 0;
    this.sequence = 0;
    this.known = false;
    this.alive = false;
    this.offX = this.offY = 0;
    this.backlogs.length = 0;
  }

  /** Another server's ticks follow, which are `apart` more; its inputs are the same as those of the one before. */
  cross(apart: number): void {
    for (const step of this.pending) step.shown += apart;
  }

  /**
   * The connection was lost for a while: what is under way is void, and the numbers go on after what the server acknowledges, which may
   * know less than was sent, or nothing. One is drawn where one was.
   */
  resume(): void {
    this.pending.length = 0;
    this.sequence = 0;
    this.backlogs.length = 0;
  }

  /** Steps under way or waiting at the server: the least of the last half second. */
  get backlog(): number {
    return this.backlogs.length ? Math.min(...this.backlogs) : 0;
  }

  /** One tick of the player's own time. The step that is to be sent. */
  step(aim: number, buttons: number, slot: number, shown: number, walls: Walls): Step {
    const step: Step = { sequence: ++this.sequence, aim, buttons, slot, shown };
    this.pending.push(step);
    if (this.pending.length > PENDING_MAX) this.pending.shift();
    this.before.x = this.now.x;
    this.before.y = this.now.y;
    this.apply(step, walls);
    return step;
  }

  /** A snapshot newer than all before. */
  reconcile(own: Own, acknowledged: number, walls: Walls): void {
    const aliveBefore = this.alive;
    Object.assign(this.own, own);
    this.alive = isAlive(own.look);
    let done = 0;
    while (done < this.pending.length && this.pending[done]!.sequence <= acknowledged) ++done;
    if (done) this.pending.splice(0, done);
    this.backlogs.push(this.pending.length);
    if (this.backlogs.length > BACKLOGS) this.backlogs.shift();
    // A player who came back: the server goes on where the earlier connection was, and takes only what is newer.
    if (acknowledged > this.sequence) this.sequence = acknowledged;
    const x = this.now.x;
    const y = this.now.y;
    this.now.x = this.before.x = own.x;
    this.now.y = this.before.y = own.y;
    this.now.velocityX = own.velocityX;
    this.now.velocityY = own.velocityY;
    this.speedTicks = own.speedTicks;
    for (const step of this.pending) {
      this.before.x = this.now.x;
      this.before.y = this.now.y;
      this.apply(step, walls);
    }
    if (!this.pending.length) {
      this.before.x -= own.velocityX;
      this.before.y -= own.velocityY;
    }
    const dx = (x - this.now.x) / UNIT;
    const dy = (y - this.now.y) / UNIT;
    this.correction = this.known ? Math.hypot(dx, dy) : 0;
    if (!this.known || aliveBefore !== this.alive || Math.hypot(this.offX + dx, this.offY + dy) > SNAP_UNITS) {
      this.offX = this.offY = 0;
      this.before.x = this.now.x;
      this.before.y = this.now.y;
    } else {
      this.offX += dx;
      this.offY += dy;
    }
    this.known = true;
  }

  /** Lets go of corrections little by little. */
  smooth(passedMs: number): void {
    const decay = Math.exp(-passedMs / SMOOTH_MS);
    this.offX *= decay;
    this.offY *= decay;
  }

  /** In units; `part` of the way from the last step but one to the last. */
  x(part: number): number {
    return (this.before.x + (this.now.x - this.before.x) * part) / UNIT + this.offX;
  }
  y(part: number): number {
    return (this.before.y + (this.now.y - this.before.y) * part) / UNIT + this.offY;
  }
  /** Exactly, after the last step, in 1/256 units. */
  get exact(): { readonly x: number; readonly y: number } {
    return this.now;
  }
  get speed(): number {
    return Math.hypot(this.now.velocityX, this.now.velocityY) / UNIT;
  }

  private apply(step: Step, walls: Walls): void {
    if (!this.alive) return;
    move(this.now, step.buttons, this.speedTicks > 0, walls);
    if (this.speedTicks > 0) --this.speedTicks;
  }
}
