/** How good the way to the server is: round trips from Ping and Pong, losses from which snapshots came. */

const RTT_WINDOW = 16;
const LOSS_WINDOW_TICKS = 300;  // five seconds
const SETTLING_TICKS = 60;      // after a change of rate, snapshots of the old one are still on their way

export class Meter {
  rttMs = 0;
  private readonly rtts: number[] = [];
  private newestTick = 0;
  private bits = 0;
  private readonly came: number[] = [];  // ticks, ascending
  private ticksApart = 2;
  private settledAt = 0;
  bytes = 0;
  /** How often another server of the world took over, and the time then between the last snapshot of one and the first of the other. */
  crossings = 0;
  lastGapMs = 0;
  private clockedAt = 0;
  private crosses = false;

  restart(snapshotRate: number, tickRate: number): void {
    this.newestTick = 0;
    this.bits = 0;
    this.came.length = 0;
    this.rate(snapshotRate, tickRate);
    this.settledAt = 0;
  }

  /** Another server's snapshots follow, in ticks of its own. The way to it is as long as it was, until its Pongs say otherwise. */
  cross(snapshotRate: number, tickRate: number): void {
    this.restart(snapshotRate, tickRate);
    ++this.crossings;
    this.crosses = true;
  }

  /** A snapshot that counts came at `nowMs`: measures the gap of a crossing. */
  clocked(nowMs: number): void {
    if (this.crosses && this.clockedAt > 0) this.lastGapMs = nowMs - this.clockedAt;
    this.crosses = false;
    this.clockedAt = nowMs;
  }

  /** The word of a new rate may come before the snapshots that follow it, or after them: what is known of losses begins anew. */
  rate(snapshotRate: number, tickRate: number): void {
    if (!(snapshotRate > 0)) return;
    const ticksApart = Math.max(1, Math.round(tickRate / snapshotRate));
    if (ticksApart === this.ticksApart) return;
    this.ticksApart = ticksApart;
    this.settledAt = this.newestTick + SETTLING_TICKS;
    this.came.splice(0, this.came.length - 1);
  }

  pong(sentMs: number, nowMs: number): void {
    const rtt = nowMs - sentMs;
    if (!(rtt >= 0 && rtt < 60_000)) return;
    this.rtts.push(rtt);
    if (this.rtts.length > RTT_WINDOW) this.rtts.shift();
    // The middle one: a frame that came late must not look like the network.
    this.rttMs = [...this.rtts].sort((a, b) => a - b)[this.rtts.length >> 1]!;
  }

  /** A snapshot came. False: it had come before, or is seconds old. */
  snapshot(tick: number): boolean {
    if (this.newestTick === 0) {
      this.newestTick = tick;
      this.came.push(tick);
      return true;
    }
    const by = tick - this.newestTick;
    if (by === 0) return false;
    if (by > 0) {
      // Bit n is the snapshot of newest - 1 - n: the newest itself becomes bit by - 1.
      this.bits = by > 32 ? 0 : ((by === 32 ? 0 : this.bits << by) | (1 << (by - 1))) >>> 0;
      if (tick <= this.settledAt) this.came.length = 0;
      this.came.push(tick);
      const first = this.came.findIndex((one) => one > tick - LOSS_WINDOW_TICKS);
      this.came.splice(0, first);
      this.newestTick = tick;
      return true;
    }
    if (-by >= LOSS_WINDOW_TICKS) return false;
    const bit = -by - 1;
    if (bit < 32) {
      if ((this.bits >>> bit) % 2 === 1) return false;
      this.bits = (this.bits | (1 << bit)) >>> 0;
    }
    const at = this.came.findIndex((one) => one >= tick);
    if (this.came[at] === tick) return false;
    // Before the window begins, nothing was missed.
    if (at > 0) this.came.splice(at, 0, tick);
    return true;
  }

  get newest(): number {
    return this.newestTick;
  }
  get received(): number {
    return this.bits;
  }
  /**
   * 0 to 1. Snapshots bear no number of their own, and the server moves them by less than their distance to suit a player's
   * inputs, or lets one come late: only a gap with room for two of the distance, or more, is one where some were lost. A world
   * that makes fewer ticks than snapshots were promised sends none closer than its ticks: that is the distance then.
   */
  get loss(): number {
    let apart = Infinity;
    for (let i = 1; i < this.came.length; ++i) apart = Math.min(apart, this.came[i]! - this.came[i - 1]!);
    apart = Math.max(apart, this.ticksApart);
    let lost = 0;
    for (let i = 1; i < this.came.length; ++i) lost += Math.max(0, Math.floor((this.came[i]! - this.came[i - 1]!) / apart) - 1);
    return lost / Math.max(1, this.came.length + lost);
  }
}
