import { Refused, Worlds } from "./worlds";
import { writeBye } from "../protocol/encode";

/** Two data channels to one world that come back by themselves for as long as the server keeps the player. */

export type LinkState =
  | { at: "joining" }
  | { at: "open" }
  | { at: "lost"; since: number; attempt: number }
  | { at: "stopped" }
  | { at: "ended"; reason: string };

export interface Player { world: string; name: string; team: "red" | "blue" | undefined }

export interface Surroundings {
  worlds: Worlds;
  makePeer(configuration: RTCConfiguration): RTCPeerConnection;
  store: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  now(): number;
  later(run: () => void, ms: number): number;
  forget(timer: number): void;
  /** In [0, 1). */
  random(): number;
}

export function surroundings(): Surroundings {
  return {
    worlds: new Worlds(), makePeer: (configuration) => new RTCPeerConnection(configuration), store: sessionStorage, now: () => performance.now(),
    later: (run, ms) => window.setTimeout(run, ms), forget: (timer) => window.clearTimeout(timer),
    random: () => Math.random(),
  };
}

export const RESUME_MS = 30_000;
const OPEN_MS = 10_000;       // from the answer to open channels
const SILENCE_MS = 4_000;     // without any message, the connection is lost
const WATCH_MS = 500;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 4_000;
const STOPPED_LOOK_MS = 5_000;          // from one look whether a stopped server is back to the next, and up to half as much again
const STOPPED_GIVE_UP_MS = 10 * 60_000;
const STATE_BUFFER_MAX = 16 << 10;  // what waits there is stale already
const STORE_KEY = "muster.play.resume";

export class Connection {
  onMessage: (bytes: Uint8Array) => void = () => undefined;
  onState: (state: LinkState) => void = () => undefined;
  /** The channels are new: everything that belonged to the old ones is void. */
  onFresh: () => void = () => undefined;
  iceServers: RTCIceServer[] = [];
  relayOnly = false;

  private player: Player | undefined;
  private ticket = "";
  private peer: RTCPeerConnection | undefined;
  private control: RTCDataChannel | undefined;
  private state: RTCDataChannel | undefined;
  private heardAt = 0;
  private lostAt = 0;
  private stoppedAt = 0;
  private attempt = 0;
  private timer = 0;
  private epoch = 0;
  private isOpen = false;

  constructor(private readonly around: Surroundings) {}

  get open(): boolean {
    return this.isOpen;
  }

  /** Throws Refused when the world does not take the player. */
  async join(player: Player): Promise<void> {
    this.end();
    this.player = player;
    this.onState({ at: "joining" });
    this.ticket = this.kept(player.world);
    try {
      await this.connect();
    } catch (error) {
      // A token that the server no longer knows must not keep anybody out.
      const stale = error instanceof Refused && error.status === 400 && this.ticket !== "";
      if (!stale) {
        this.end();
        throw error;
      }
      this.keep("");
      await this.connect().catch((again: unknown) => {
        this.end();
        throw again;
      });
    }
  }

  /** A token that a Welcome brought. */
  keep(token: string): void {
    this.ticket = token;
    if (!this.player) return;
    if (token) this.around.store.setItem(STORE_KEY, JSON.stringify({ world: this.player.world, token, at: Date.now() }));
    else this.around.store.removeItem(STORE_KEY);
  }

  sendState(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.state?.readyState === "open" && this.state.bufferedAmount < STATE_BUFFER_MAX) this.state.send(bytes);
  }

  sendControl(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.control?.readyState === "open") this.control.send(bytes);
  }

  /** For good: the place is free at once. */
  leave(): void {
    this.sendControl(writeBye());
    if (this.player) this.around.worlds.leave(this.player.world, this.ticket);
    this.keep("");
    this.end();
  }

  /** As leave(), when the page goes away. */
  pageGoes(): void {
    if (this.player && this.ticket) this.around.worlds.leave(this.player.world, this.ticket);
    this.keep("");
  }

  /** The server said why this is over. */
  endBecause(reason: string): void {
    this.keep("");
    this.end();
    this.onState({ at: "ended", reason });
  }

  /** The server said that it stops. It may come back soon or never, and with or without a place for the player. */
  serverStops(): void {
    this.end();
    this.stoppedAt = this.around.now();
    this.again();
  }

  private kept(world: string): string {
    try {
      const kept = JSON.parse(this.around.store.getItem(STORE_KEY) ?? "{}") as { world?: string; token?: string; at?: number };
      if (kept.world === world && kept.token && Date.now() - (kept.at ?? 0) < RESUME_MS) return kept.token;
    } catch {
      // Somebody else's; written anew with the next Welcome.
    }
    return "";
  }

  private end(): void {
    ++this.epoch;
    this.isOpen = false;
    this.around.forget(this.timer);
    this.lostAt = 0;
    this.stoppedAt = 0;
    this.attempt = 0;
    this.drop();
  }

  private drop(): void {
    for (const channel of [this.control, this.state]) {
      if (!channel) continue;
      channel.onmessage = channel.onclose = channel.onopen = null;
      channel.close();
    }
    if (this.peer) {
      this.peer.onconnectionstatechange = null;
      this.peer.close();
    }
    this.peer = this.control = this.state = undefined;
  }

  private async connect(): Promise<void> {
    const player = this.player!;
    const epoch = ++this.epoch;
    this.drop();
    const peer = this.around.makePeer({ iceServers: this.iceServers, iceTransportPolicy: this.relayOnly ? "relay" : "all" });
    this.peer = peer;
    const control = (this.control = peer.createDataChannel("control", { negotiated: true, id: 0, ordered: true }));
    const state = (this.state = peer.createDataChannel("state", { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 }));
    control.binaryType = state.binaryType = "arraybuffer";
    const opened = new Promise<void>((done, failed) => {
      const look = () => {
        if (control.readyState === "open" && state.readyState === "open") done();
      };
      control.onopen = state.onopen = look;
      peer.onconnectionstatechange = () => {
        if (peer.connectionState === "failed") failed(new Refused(0, "No way to the server was found: a firewall may stop UDP.", "", 0));
      };
      this.timer = this.around.later(() => failed(new Refused(0, "The server's UDP port did not answer.", "", 0)), OPEN_MS + 10_000);
    });
    opened.catch(() => undefined);
    await peer.setLocalDescription(await peer.createOffer());
    const joined = await this.around.worlds.join(player.world, { sdp: peer.localDescription?.sdp ?? "", name: player.name, team: player.team, resume: this.ticket || undefined });
    if (epoch !== this.epoch) return;
    this.keep(joined.ticket);
    // The Welcome may come before this promise goes on.
    const hear = (event: MessageEvent) => {
      this.heardAt = this.around.now();
      if (event.data instanceof ArrayBuffer) this.onMessage(new Uint8Array(event.data));
    };
    control.onmessage = state.onmessage = hear;
    this.onFresh();
    await peer.setRemoteDescription({ type: "answer", sdp: joined.sdp });
    await opened;
    if (epoch !== this.epoch) return;
    this.around.forget(this.timer);
    this.isOpen = true;
    this.lostAt = 0;
    this.stoppedAt = 0;
    this.attempt = 0;
    this.heardAt = this.around.now();
    control.onclose = () => this.lose(epoch);
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === "failed" || peer.connectionState === "closed") this.lose(epoch);
    };
    this.onState({ at: "open" });
    this.watch(epoch);
  }

  private watch(epoch: number): void {
    this.timer = this.around.later(() => {
      if (epoch !== this.epoch) return;
      if (this.around.now() - this.heardAt > SILENCE_MS) this.lose(epoch);
      else this.watch(epoch);
    }, WATCH_MS);
  }

  private lose(epoch: number): void {
    if (epoch !== this.epoch) return;
    ++this.epoch;
    this.isOpen = false;
    this.around.forget(this.timer);
    this.drop();
    if (!this.lostAt) this.lostAt = this.around.now();
    this.again();
  }

  private again(atLeastMs = 0): void {
    const epoch = this.epoch;
    const stopped = this.stoppedAt > 0;
    const since = stopped ? this.stoppedAt : this.lostAt;
    if (this.around.now() - since > (stopped ? STOPPED_GIVE_UP_MS : RESUME_MS)) {
      this.endBecause(stopped ? "The server has stopped and did not come back." : "The connection was lost, and the server did not answer for 30 seconds.");
      return;
    }
    ++this.attempt;
    this.onState(stopped ? { at: "stopped" } : { at: "lost", since, attempt: this.attempt });
    // All heard at once that the server stops: they are not to come back at once, too.
    const pause = stopped ? STOPPED_LOOK_MS * (1 + this.around.random() / 2) : Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (this.attempt - 1));
    const wait = Math.max(atLeastMs, pause);
    this.timer = this.around.later(() => {
      if (epoch !== this.epoch) return;
      const attempt = this.connect();
      const mine = this.epoch;
      attempt.catch((error: unknown) => {
        if (mine !== this.epoch) return;  // it was ended, or joined anew
        this.drop();
        const refused = error instanceof Refused ? error : new Refused(0, String(error), "", 0);
        if (!refused.passing && refused.status === 400 && this.ticket) {
          // The server has let go of the player: come back as a new one.
          this.keep("");
          this.again();
        } else if (refused.passing) {
          this.again(refused.retryAfterMs);
        } else {
          this.endBecause(refused.message);
        }
      });
    }, wait);
  }
}
