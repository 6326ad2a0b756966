import { Crossing } from "./crossing.js";
import { ALIVE_MS, Patience, SILENCE_AT_REST_MS, SILENCE_MS } from "./patience.js";
import { identityOf, Peer, type Surroundings } from "./peer.js";
import { Untrusted } from "./tickets.js";
import { Refused, type Joined, type JoinWish } from "./worlds.js";
import { writeBye, writePing } from "../protocol/encode.js";
import { readHandOver } from "../protocol/hand_over.js";

export type LinkState =
  | { at: "joining" }
  | { at: "open" }
  | { at: "lost"; since: number; attempt: number }
  | { at: "stopped" }
  | { at: "ended"; reason: string };

export interface Player extends Pick<JoinWish, "name" | "team" | "server" | "strategy" | "pings" | "last"> { world: string }

export const RESUME_MS = 30_000;
const OPEN_MS = 10_000;             // from the answer to open channels
const AGAIN_MS = 5_000;             // the same, and to the answer, when one comes back: another try is worth more than patience
const WATCH_MS = 125;
const STOOD_STILL_MS = 500;         // the most that one look counts: a page that looks later than this stood still itself
const PROBE_MS = 500;               // of silence, after which the browser is asked whether datagrams arrive
const HUSH_MS = 500;                // a loss that is over by then is not worth a word
const QUICK_TRIES = 8;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 4_000;
const SLOW_MS = 2_000;              // a try that ended without an answer after so long: the server has enough to do
const STOPPED_LOOK_MS = 5_000;      // from one look whether a stopped server is back to the next, and up to half as much again
const STOPPED_GIVE_UP_MS = 10 * 60_000;
const WELCOME_LOST_MS = 500;        // that a standby is waited for when the present connection breaks
const WELCOME_MOVED_MS = 1_500;     // and when the server has said that the player is the other's
const FAREWELL_MS = 2_000;          // that the connection before is listened to
const LINGER_MS = 250;              // and after its last message, so that what was said on it arrives
const HELD_MAX = 16;
const STANDBY_EVERY = 3;            // messages of inputs
const STORE_KEY = "muster.play.resume";
const STALE = new Set([400, 401, 403]);  // what a ticket that is good no more is refused with

/**
 * A player's way to one world: a connection to the server that has the player now, another one, made in time, to the server that has
 * it next, and ways back when all else fails, for as long as the world keeps the player.
 */
export class Connection {
  onMessage: (bytes: Uint8Array) => void = () => undefined;
  /** Of the server that one came from: words that were under way when one left it. */
  onTail: (bytes: Uint8Array) => void = () => undefined;
  onState: (state: LinkState) => void = () => undefined;
  /** A new connection to the world begins; `isBack`: for the same player as before. What comes of the old one is void. */
  onFresh: (isBack: boolean) => void = () => undefined;
  /** The next message is the Welcome of another server of the same world, which has the same player. */
  onCross: () => void = () => undefined;
  /** The tick of the server that may be the next. */
  onStandbyTick: (tick: number) => void = () => undefined;
  /** A connection to the next server is open: nothing is known of it yet. */
  onStandby: () => void = () => undefined;
  /** Before an answer is followed: throws Untrusted when it is not of whom it should be. */
  check: (joined: Joined) => Promise<void> = async () => undefined;
  onJoined: (joined: Joined) => void = () => undefined;
  iceServers: RTCIceServer[] = [];
  relayOnly = false;

  private player: Player | undefined;
  private ticket = "";
  private active: Peer | undefined;
  private before: Peer | undefined;
  private readonly crossing: Crossing;
  private held: Uint8Array<ArrayBuffer>[] = [];
  private lostAt = 0;
  private stoppedAt = 0;
  private attempt = 0;
  private timer = 0;
  private toldTimer = 0;
  private farewell = 0;
  private epoch = 0;
  private isOpen = false;
  private quietMs = 0;
  private heard = 0;
  private wasHidden = false;
  private readonly patience = new Patience();
  private unreachedMs = 0;            // since a datagram came, as far as is known
  private arrivals = 0;
  private messages = 0;               // of inputs
  /** Whose silence ended the connection before; "": it ended otherwise. */
  private silent = "";
  private tryAt = 0;
  private slowTries = 0;

  constructor(private readonly around: Surroundings) {
    this.crossing = new Crossing(around, () => this.makePeer(), (bytes) => this.active?.sendControl(bytes));
    this.crossing.onStandby = (peer) => {
      this.onStandby();
      peer.sendState(writePing(around.now()));
    };
    this.crossing.onPong = (tick) => this.onStandbyTick(tick);
    this.crossing.onWelcome = (peer, welcome, early) => this.cross(peer, welcome, early);
    this.crossing.onForgotten = () => {
      if (this.isOpen && !this.active) this.fall();
    };
  }

  /** Whether what the player does has somewhere to go. */
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
      await this.connect(false);
    } catch (error) {
      // A token that the server no longer knows must not keep anybody out.
      const stale = error instanceof Refused && STALE.has(error.status) && this.ticket !== "";
      if (!stale) {
        this.end();
        throw error;
      }
      this.keep("");
      await this.connect(false).catch((again: unknown) => {
        this.end();
        throw again;
      });
    }
  }

  /** The token of a Welcome; "": the one that there is stays good. A ticket that a coordinator has signed, in three parts, stays in front of it: it takes no other. */
  welcomed(token: string): void {
    if (!token) return;
    const given = this.ticket.split("~")[0]!;
    this.keep(given.split(".").length === 3 ? `${given}~${token}` : token);
  }

  /** Of a Welcome or a Notice: how often the server shows its world, which says how long it may be silent. */
  told(snapshotRate: number): void {
    this.patience.told(snapshotRate);
  }

  /** As often as the server shows its world, if not less. `write`: the message; for the next server, whose ticks are not known yet, or for this one. */
  sendInputs(write: (isStandby: boolean) => Uint8Array<ArrayBuffer>): void {
    this.active?.sendState(write(false));
    // The next server needs them when the player comes: each message has all that it may lack.
    const isStandbysTurn = !this.active || this.messages++ % STANDBY_EVERY === 0;
    if (isStandbysTurn) this.crossing.standby?.sendState(write(true));
  }

  ping(): void {
    const bytes = writePing(this.around.now());
    this.active?.sendState(bytes);
    this.crossing.standby?.sendState(bytes);
  }

  sendControl(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.active) this.active.sendControl(bytes);
    else if (this.isOpen && this.held.length < HELD_MAX) this.held.push(bytes);
  }

  /** For good: the place is free at once. */
  leave(): void {
    (this.active ?? this.crossing.standby)?.sendControl(writeBye());
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

  private keep(token: string): void {
    this.ticket = token;
    if (!this.player) return;
    if (token) this.around.store.setItem(STORE_KEY, JSON.stringify({ world: this.player.world, token, at: Date.now() }));
    else this.around.store.removeItem(STORE_KEY);
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

  // ---- connections ---------------------------------------------------------------------------------

  private makePeer(): Peer {
    return new Peer(this.around, { iceServers: this.iceServers, iceTransportPolicy: this.relayOnly ? "relay" : "all" });
  }

  private end(): void {
    ++this.epoch;
    this.isOpen = false;
    this.lostAt = 0;
    this.stoppedAt = 0;
    this.attempt = 0;
    this.slowTries = 0;
    this.silent = "";
    this.drop();
  }

  private drop(): void {
    this.around.forget(this.timer);
    this.around.forget(this.toldTimer);
    this.crossing.forget();
    this.active?.close();
    this.before?.close();
    this.active = this.before = undefined;
    this.held = [];
  }

  private async connect(isBack: boolean): Promise<void> {
    const player = this.player!;
    const epoch = ++this.epoch;
    this.tryAt = this.around.now();
    this.crossing.forget();
    this.active?.close();
    const peer = (this.active = this.makePeer());
    this.take(peer);
    // The server that was chosen may be the one that died: whoever is on the way back goes wherever there is one.
    const { world, server, ...wishes } = player;
    const wish = { ...wishes, server: isBack ? undefined : server, sdp: await peer.offer(), resume: this.ticket || undefined };
    const joined = await this.around.worlds.join(world, wish, isBack ? AGAIN_MS : undefined);
    if (epoch === this.epoch) await this.check(joined);
    if (epoch !== this.epoch) return;
    this.keep(joined.ticket);
    this.onJoined(joined);
    if (this.silent && this.silent === identityOf(joined.sdp)) this.patience.wronged(this.around.now());
    else this.patience.forget();
    this.silent = "";
    // The Welcome may come before this function goes on.
    this.onFresh(isBack);
    const isOpen = await peer.connect(joined.sdp, isBack ? AGAIN_MS : OPEN_MS);
    if (!isOpen || epoch !== this.epoch) return;
    this.around.forget(this.toldTimer);
    this.isOpen = true;
    this.lostAt = 0;
    this.stoppedAt = 0;
    this.attempt = 0;
    this.slowTries = 0;
    this.onState({ at: "open" });
    this.watch(peer, epoch);
  }

  /** What comes of `peer` is the world's word from now on. */
  private take(peer: Peer): void {
    peer.onMessage = (bytes, isControl) => {
      const said = isControl ? readHandOver(bytes) : undefined;
      if (said?.is === "invitation") this.crossing.invited(said.number);
      else if (said?.is === "answer") this.crossing.answered(said.number, said.sdp);
      else if (said?.is === "moved") this.moved(peer, said.connected);
      else this.onMessage(bytes);
    };
    peer.onLost = () => this.lose(peer);
  }

  /** Tells silence from a page that stood still itself: what came meanwhile was not seen yet. */
  private watch(peer: Peer, epoch: number): void {
    this.quietMs = this.unreachedMs = this.arrivals = 0;
    this.heard = peer.heard;
    const look = (at: number) => {
      this.timer = this.around.later(() => {
        if (epoch !== this.epoch) return;
        const now = this.around.now();
        this.measure(peer, now, now - at);
        if (this.isSilent(peer, now)) {
          this.silent = peer.identity;
          this.lose(peer);
        } else {
          if (this.quietMs >= PROBE_MS) this.probe(peer, epoch);
          look(now);
        }
      }, WATCH_MS);
    };
    look(this.around.now());
  }

  private measure(peer: Peer, now: number, passedMs: number): void {
    const isHidden = this.around.hidden();
    if (peer.heard !== this.heard || isHidden !== this.wasHidden) {
      if (this.heard > 0 && peer.heard !== this.heard && !isHidden) this.patience.heard(this.quietMs, now);
      this.quietMs = this.unreachedMs = this.arrivals = 0;
    } else {
      const quiet = Math.min(passedMs, isHidden ? SILENCE_MS : STOOD_STILL_MS);
      this.quietMs += quiet;
      this.unreachedMs += quiet;
    }
    this.heard = peer.heard;
    this.wasHidden = isHidden;
  }

  /** Nothing was said for too long, and nothing came either; or nothing was said for so long that whatever comes is worth nothing. */
  private isSilent(peer: Peer, now: number): boolean {
    const least = this.wasHidden || peer.heard === 0 ? SILENCE_AT_REST_MS : 0;
    const limit = Math.max(least, this.patience.limit(now, peer.isDisconnected));
    return this.quietMs > limit && (this.unreachedMs > limit || this.quietMs > ALIVE_MS);
  }

  private probe(peer: Peer, epoch: number): void {
    peer.arrivals().then(
      (arrivals) => {
        if (epoch !== this.epoch || this.quietMs === 0) return;
        if (this.arrivals && arrivals > this.arrivals) this.unreachedMs = 0;
        this.arrivals = arrivals;
      },
      () => undefined,  // a browser that does not tell: messages alone count
    );
  }

  // ---- from one server to the next -----------------------------------------------------------------

  private cross(peer: Peer, welcome: Uint8Array, early: readonly Uint8Array[]): void {
    const epoch = ++this.epoch;
    this.around.forget(this.timer);
    if (this.active) this.retire(this.active, FAREWELL_MS);
    this.active = peer;
    this.lostAt = 0;
    this.silent = "";
    this.patience.forget();
    this.take(peer);
    this.onCross();
    this.onMessage(welcome);
    for (const bytes of early) if (epoch === this.epoch) this.onMessage(bytes);
    if (epoch !== this.epoch) return;  // it was a Welcome that ends it
    for (const bytes of this.held.splice(0)) peer.sendControl(bytes);
    this.watch(peer, epoch);
  }

  /** The connection before: of what is under way on it, only words to people still count. */
  private retire(peer: Peer, ms: number): void {
    this.before?.close();
    this.before = peer;
    peer.onLost = () => undefined;
    peer.onMessage = (bytes, isControl) => {
      if (!isControl) return;
      if (readHandOver(bytes).is === "moved") this.closeBefore(peer, LINGER_MS);
      else this.onTail(bytes);
    };
    this.closeBefore(peer, ms);
  }

  private closeBefore(peer: Peer, ms: number): void {
    this.around.forget(this.farewell);
    this.farewell = this.around.later(() => {
      peer.close();
      if (this.before === peer) this.before = undefined;
    }, ms);
  }

  private moved(peer: Peer, isConnected: boolean): void {
    if (peer !== this.active) return;
    if (isConnected && this.crossing.isComing) {
      this.retire(peer, LINGER_MS);
      this.awaitWelcome(WELCOME_MOVED_MS);
    } else {
      this.fall(true);
    }
  }

  private lose(peer: Peer): void {
    if (peer !== this.active) return;
    if (this.isOpen && this.crossing.standby) {
      peer.close();
      this.awaitWelcome(WELCOME_LOST_MS);
    } else {
      this.fall();
    }
  }

  /** The player's present server is gone, and the next one has not spoken yet. */
  private awaitWelcome(ms: number): void {
    const epoch = ++this.epoch;
    this.active = undefined;
    this.lostAt = this.around.now();
    this.around.forget(this.timer);
    this.timer = this.around.later(() => {
      if (epoch === this.epoch) this.fall();
    }, ms);
  }

  // ---- the ways back -------------------------------------------------------------------------------

  private fall(atOnce = false): void {
    ++this.epoch;
    this.isOpen = false;
    this.drop();
    if (!this.lostAt) this.lostAt = this.around.now();
    this.again(atOnce ? 0 : undefined);
  }

  private tellThatLost(since: number): void {
    const tell = () => this.onState({ at: "lost", since, attempt: this.attempt });
    this.around.forget(this.toldTimer);
    const hush = since + HUSH_MS - this.around.now();
    if (hush <= 0) tell();
    else this.toldTimer = this.around.later(tell, hush);
  }

  private pause(): number {
    const { random } = this.around;
    // All heard at once that the server stops: they are not to come back at once, too.
    if (this.stoppedAt) return STOPPED_LOOK_MS * (1 + random() / 2);
    // Servers that have too much to do are tried ever less often from the start, others after some quick refusals: somebody is about to take the place of one that died.
    const late = this.patience.struck(this.around.now()) + this.slowTries + Math.max(0, this.attempt - QUICK_TRIES);
    return Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** late) * (0.5 + random());
  }

  private again(pauseMs = this.pause(), atLeastMs = 0): void {
    const epoch = this.epoch;
    const stopped = this.stoppedAt > 0;
    const since = stopped ? this.stoppedAt : this.lostAt;
    if (this.around.now() - since > (stopped ? STOPPED_GIVE_UP_MS : RESUME_MS)) {
      this.endBecause(stopped ? "The server has stopped and did not come back." : "The connection was lost, and the server did not answer for 30 seconds.");
      return;
    }
    ++this.attempt;
    if (stopped) this.onState({ at: "stopped" });
    else this.tellThatLost(since);
    this.timer = this.around.later(() => {
      if (epoch !== this.epoch) return;
      const attempt = this.connect(true);
      const mine = this.epoch;
      attempt.catch((error: unknown) => {
        if (mine === this.epoch) this.failed(error);  // else it was ended, or joined anew
      });
    }, Math.max(atLeastMs, pauseMs));
  }

  private failed(error: unknown): void {
    this.active?.close();
    this.active = undefined;
    if (error instanceof Untrusted) {
      this.endBecause(error.message);
      return;
    }
    const refused = error instanceof Refused ? error : new Refused(0, String(error), "", 0);
    if (refused.status === 0 && this.around.now() - this.tryAt >= SLOW_MS) ++this.slowTries;
    if (STALE.has(refused.status) && this.ticket) {
      // The server has let go of the player: come back as a new one.
      this.keep("");
      this.again();
    } else if (refused.passing) {
      this.again(this.pause(), refused.retryAfterMs);
    } else {
      this.endBecause(refused.message);
    }
  }
}
