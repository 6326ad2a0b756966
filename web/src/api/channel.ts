/** A WebSocket that comes back: the events of the fleet and the console of a server both use it. */

export type ChannelState = "connecting" | "open" | "waiting" | "closed";

export interface ChannelOptions {
  open(): WebSocket;
  onMessage(text: string): void;
  onState?(state: ChannelState): void;
  /** From 0 to 1; tests make it certain. */
  random?: () => number;
  delayMsMax?: number;
}

const DELAY_MS_MIN = 400;
/** A connection that lived this long was a good one: the next attempt starts without a back-off. */
const SETTLED_MS = 5_000;

/** How long to wait before the given attempt (from 0): doubling, with jitter, so that many pages do not return at once. */
export function backOffMs(attempt: number, random: number, delayMsMax = 15_000): number {
  const ceiling = Math.min(DELAY_MS_MIN * 2 ** Math.min(attempt, 16), delayMsMax);
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

export class Channel {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private openedAt = 0;
  private stopped = false;
  state: ChannelState = "connecting";

  constructor(private readonly options: ChannelOptions) {
    this.connect();
  }

  /** False when the line is down: the caller says so rather than losing what was typed. */
  send(text: string): boolean {
    if (!this.socket || this.socket.readyState !== 1) return false;
    this.socket.send(text);
    return true;
  }

  /** Tries at once, for a page that became visible or a network that came back. */
  hurry(): void {
    if (this.stopped || this.state !== "waiting") return;
    clearTimeout(this.timer);
    this.attempt = 0;
    this.connect();
  }

  /** Gives up this connection for a new one, whose address may be another. */
  reopen(): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    this.connect();
  }

  close(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    this.become("closed");
  }

  private connect(): void {
    this.become("connecting");
    let socket: WebSocket;
    try {
      socket = this.options.open();
    } catch {
      this.later();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.openedAt = Date.now();
      this.become("open");
    };
    socket.onmessage = (event: MessageEvent) => {
      if (this.socket === socket && typeof event.data === "string") this.options.onMessage(event.data);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (this.openedAt && Date.now() - this.openedAt >= SETTLED_MS) this.attempt = 0;
      this.openedAt = 0;
      this.later();
    };
  }

  private later(): void {
    if (this.stopped) return;
    this.become("waiting");
    const delay = backOffMs(this.attempt++, (this.options.random ?? Math.random)(), this.options.delayMsMax);
    this.timer = setTimeout(() => this.connect(), delay);
  }

  private become(state: ChannelState): void {
    if (this.state === state && state !== "connecting") return;
    this.state = state;
    this.options.onState?.(state);
  }
}
