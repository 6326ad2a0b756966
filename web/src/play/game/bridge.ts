const KEPT = 8;
const DOUBT_TICKS = 90;  // more than what a Welcome may be late by

/**
 * How many ticks the next server is ahead of the present one, as its Pongs tell while both are heard. One that was late tells too
 * little: the most of the last few is nearest.
 */
export class Bridge {
  private readonly told: number[] = [];

  clear(): void {
    this.told.length = 0;
  }

  take(apart: number): void {
    this.told.push(apart);
    if (this.told.length > KEPT) this.told.shift();
  }

  /** `byWelcome`: what the Welcome tells, which may be later than any Pong; all there is when none came, and when they tell of another time. */
  apart(byWelcome: number): number {
    const most = Math.max(byWelcome, ...this.told);
    return most - byWelcome > DOUBT_TICKS ? byWelcome : most;
  }
}
