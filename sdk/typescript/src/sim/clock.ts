import { TICK_MS } from "./rules.js";

const WINDOW = 90;  // snapshots: three seconds at 30 Hz
const DELAY_MIN_MS = 70;
const DELAY_MAX_MS = 260;
const DELAY_START_MS = 100;

/**
 * Which tick is shown: as far behind the newest as the network's jitter asks for, running at an even pace. Times are
 * performance.now()'s, in milliseconds; ticks have fractions.
 */
export class ServerClock {
  private readonly offsets = new Float64Array(WINDOW);
  private readonly sorted = new Float64Array(WINDOW);
  private count = 0;
  private next = 0;
  private least = 0;
  private interval = 1000 / 30;
  private at = 0;
  private shown = 0;
  /** What is known of arrivals is another server's, moved to the ticks of the present one: good until its first snapshot. */
  private isGuess = false;
  delayMs = DELAY_START_MS;
  jitterMs = 0;

  restart(snapshotRate: number): void {
    this.count = 0;
    this.next = 0;
    this.shown = 0;
    this.isGuess = false;
    this.delayMs = DELAY_START_MS;
    this.rate(snapshotRate);
  }

  /** Another server's ticks follow, which are `apart` more than those so far: what is shown goes on without a jump. */
  cross(apart: number, snapshotRate: number): void {
    this.rate(snapshotRate);
    if (!this.count) return;
    this.least -= apart * TICK_MS;
    this.offsets[0] = this.least;
    this.count = this.next = 1;
    this.isGuess = true;
    if (this.shown !== 0) this.shown += apart;
  }

  rate(snapshotRate: number): void {
    if (snapshotRate > 0) this.interval = 1000 / snapshotRate;
  }

  /** Ticks from one snapshot to the next, as told: an input sent more often than that is not acted upon any sooner by a server that is busy. */
  get ticksASnapshot(): number {
    return Math.max(1, Math.round(this.interval / TICK_MS));
  }

  snapshot(tick: number, nowMs: number): void {
    if (this.isGuess) this.count = this.next = 0;
    this.isGuess = false;
    this.offsets[this.next] = nowMs - tick * TICK_MS;
    this.next = (this.next + 1) % WINDOW;
    this.count = Math.min(WINDOW, this.count + 1);
    const sorted = this.sorted.subarray(0, this.count);
    sorted.set(this.offsets.subarray(0, this.count));
    sorted.sort();
    this.least = sorted[0]!;
    this.jitterMs = sorted[Math.floor((this.count - 1) * 0.95)]! - this.least;
    // Two snapshots, so that one may be lost, and what the jitter takes away.
    const wanted = Math.min(DELAY_MAX_MS, Math.max(DELAY_MIN_MS, 2 * this.interval + this.jitterMs + 8));
    this.delayMs += (wanted - this.delayMs) * (wanted > this.delayMs ? 0.2 : 0.01);
  }

  get ready(): boolean {
    return this.count > 0;
  }

  /** The tick that the server is at, but for the way here. */
  newest(nowMs: number): number {
    return this.count ? (nowMs - this.least) / TICK_MS : 0;
  }

  /** The tick to show others at. To be called once a frame; never runs backwards, and catches up by at most a tenth. */
  advance(nowMs: number): number {
    if (!this.count) return 0;
    const wanted = this.newest(nowMs) - this.delayMs / TICK_MS;
    const passed = Math.max(0, (nowMs - this.at) / TICK_MS);
    this.at = nowMs;
    const behind = wanted - (this.shown + passed);
    if (this.shown === 0 || Math.abs(behind) > 30) this.shown = wanted;
    else this.shown += passed + Math.max(-0.1 * passed, Math.min(0.1 * passed, behind * 0.1));
    return this.shown;
  }

  get showing(): number {
    return this.shown;
  }
}
