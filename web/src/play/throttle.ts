/**
 * How often the page works. While it is seen, with every frame of the browser's. While it is hidden, a few times a second: what comes
 * over the network is taken at once in any case, and the world is told that the player is still there. `?tab_throttle=0` keeps the full
 * pace in a hidden tab, for who plays in one and watches another.
 */
const HIDDEN_MS = 250;
const FULL_MS = 1000 / 60;

export interface Beat {
  isHidden(): boolean;
  frame(run: (now: number) => void): void;
  later(run: () => void, ms: number): void;
  now(): number;
}

export function throttles(search: string): boolean {
  return new URLSearchParams(search).get("tab_throttle") !== "0";
}

export class Pace {
  private stopped = false;
  private turn = 0;

  constructor(private readonly beat: Beat, private readonly throttle: boolean, private readonly run: (now: number, hidden: boolean) => void) {}

  start(): void {
    this.next();
  }

  /** The page was hidden or shown: what waits is for the other pace. */
  changed(): void {
    this.next();
  }

  stop(): void {
    this.stopped = true;
  }

  private next(): void {
    if (this.stopped) return;
    const turn = ++this.turn;
    const go = (now: number) => {
      if (turn !== this.turn || this.stopped) return;
      this.run(now, this.beat.isHidden());
      this.next();
    };
    if (!this.beat.isHidden()) this.beat.frame(go);
    else this.beat.later(() => go(this.beat.now()), this.throttle ? HIDDEN_MS : FULL_MS);
  }
}

export function browserBeat(): Beat {
  // Timers of a hidden page run once a second; those of a worker do not.
  let worker: Worker | undefined;
  const waiting: (() => void)[] = [];
  const viaWorker = (run: () => void, ms: number) => {
    if (!worker) {
      worker = new Worker(new URL("./timer_worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = () => waiting.shift()?.();
    }
    waiting.push(run);
    worker.postMessage(ms);
  };
  return {
    isHidden: () => document.hidden, frame: (run) => void requestAnimationFrame(run), now: () => performance.now(),
    later: (run, ms) => (ms < 100 ? viaWorker(run, ms) : void window.setTimeout(run, ms)),
  };
}
