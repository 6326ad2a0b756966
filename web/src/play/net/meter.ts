/** How good the way to the server is: true round trips from Ping and Pong, true losses from which snapshots came. */

const RTT_WINDOW = 16;
const LOSS_WINDOW = 150;  // snapshots expected: five seconds at 30 Hz

export class Meter {
  rttMs = 0;
  private readonly rtts: number[] = [];
  private newestTick = 0;
  private bits = 0;
  private readonly recent: { tick: number; came: boolean }[] = [];
  private ticksApart = 2;
  bytes = 0;

  restart(snapshotRate: number, tickRate: number): void {
    this.newestTick = 0;
    this.bits = 0;
    this.recent.length = 0;
    this.rate(snapshotRate, tickRate);
  }

  rate(snapshotRate: number, tickRate: number): void {
    if (snapshotRate > 0) this.ticksApart = Math.max(1, Math.round(tickRate / snapshotRate));
  }

  pong(sentMs: number, nowMs: number): void {
    const rtt = nowMs - sentMs;
    if (!(rtt >= 0 && rtt < 60_000)) return;
    this.rtts.push(rtt);
    if (this.rtts.length > RTT_WINDOW) this.rtts.shift();
    // The middle one: a frame that came late must not look like the network.
    this.rttMs = [...this.rtts].sort((a, b) => a - b)[this.rtts.length >> 1]!;
  }

  /** A snapshot came. False: it had come before. */
  snapshot(tick: number): boolean {
    if (this.newestTick === 0) {
      this.newestTick = tick;
      this.recent.push({ tick, came: true });
      return true;
    }
    const by = tick - this.newestTick;
    if (by === 0) return false;
    if (by > 0) {
      // Bit n is the snapshot of newest - 1 - n: the newest itself becomes bit by - 1.
      this.bits = by > 32 ? 0 : ((by === 32 ? 0 : this.bits << by) | (1 << (by - 1))) >>> 0;
      for (let t = this.newestTick + this.ticksApart; t < tick && this.recent.length < 4 * LOSS_WINDOW; t += this.ticksApart) this.recent.push({ tick: t, came: false });
      this.recent.push({ tick, came: true });
      this.recent.splice(0, Math.max(0, this.recent.length - LOSS_WINDOW));
      this.newestTick = tick;
      return true;
    }
    const bit = -by - 1;
    const late = this.recent.find((one) => one.tick === tick);
    const known = late?.came === true || (bit < 32 && (this.bits >>> bit) % 2 === 1);
    if (known) return false;
    if (bit < 32) this.bits = (this.bits | (1 << bit)) >>> 0;
    if (late) late.came = true;
    return true;
  }

  get newest(): number {
    return this.newestTick;
  }
  get received(): number {
    return this.bits;
  }
  /** 0 to 1. */
  get loss(): number {
    return this.recent.length ? this.recent.filter((one) => !one.came).length / this.recent.length : 0;
  }
}
