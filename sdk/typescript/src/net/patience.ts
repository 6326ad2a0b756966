/** How long a server may say nothing before it counts as gone. */

export const SILENCE_MS = 1_500;         // three Pings unanswered, and 15 snapshots at the lowest rate that a world is started with
export const ALIVE_MS = 5_000;           // and never longer than this, whatever speaks for the server
export const SILENCE_AT_REST_MS = 4_000; // the least before the first message, and while nobody sees the page, when all is late
const INTERVALS = 20;                    // snapshots that may be missing in a row, when the server has said that it sends fewer
const GAPS = 2;                          // times the longest silence that ended by itself lately
const GAP_KEPT_MS = 15_000;
const STRIKE_KEPT_MS = 60_000;
const STRIKES_MAX = 2;

/**
 * Whoever resumes makes a server answer an offer, shake hands and welcome: far more than what a player costs that plays. A server that is late because it has too
 * much to do has more to do by everybody who takes it for dead. So what was seen of a server's lateness makes for patience:
 *
 * - it said that it shows its world less often;
 * - it fell silent and spoke again, all by itself;
 * - it fell silent, was left, and the same server answered: that was no death. Each such strike within a minute doubles the wait, here and before the next try.
 *
 * A server that was quick until it died has none of these to its credit, and is left after SILENCE_MS. ICE does not help there: Chromium still
 * calls a connection "connected" when it is left after 1.5 s without a datagram. It helps the other way round: one that is "disconnected" deserves no more than SILENCE_MS.
 */
export class Patience {
  private intervalMs = 0;
  private gapMs = 0;
  private gapAt = 0;
  private strikes = 0;
  private strikeAt = 0;

  /** Of a Welcome or a Notice: snapshots a second; 0 says nothing. */
  told(snapshotRate: number): void {
    if (snapshotRate > 0) this.intervalMs = 1_000 / snapshotRate;
  }

  /** A message came after a silence. */
  heard(quietMs: number, now: number): void {
    if (quietMs < this.gapMs && now - this.gapAt < GAP_KEPT_MS) return;
    this.gapMs = quietMs;
    this.gapAt = now;
  }

  /** The server that was left because it was silent lives. */
  wronged(now: number): void {
    this.strikes = Math.min(STRIKES_MAX, this.struck(now) + 1);
    this.strikeAt = now;
  }

  /** Another server: what was seen of the one before says nothing of it. */
  forget(): void {
    this.intervalMs = this.gapMs = this.strikes = 0;
  }

  /** 0 to 2: how often the server was left in vain lately. */
  struck(now: number): number {
    return now - this.strikeAt < STRIKE_KEPT_MS ? this.strikes : 0;
  }

  /** Milliseconds without a message, and without a datagram, after which the server is lost. */
  limit(now: number, isDisconnected: boolean): number {
    if (isDisconnected) return SILENCE_MS;
    const gap = now - this.gapAt < GAP_KEPT_MS ? this.gapMs : 0;
    return Math.min(ALIVE_MS, Math.max(SILENCE_MS * 2 ** this.struck(now), INTERVALS * this.intervalMs, GAPS * gap));
  }
}
