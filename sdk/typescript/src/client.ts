import { Connection, type LinkState } from "./net/connection.js";
import { Meter } from "./net/meter.js";
import { surroundings, type Surroundings } from "./net/peer.js";
import { LastServers } from "./net/last.js";
import { ping, type PingOptions } from "./net/ping.js";
import { checkTicket, keyOf, readKeys, type TicketKeys } from "./net/tickets.js";
import type { Joined, JoinWish, Server, ServerList, WorldList } from "./net/worlds.js";
import { Decoder } from "./protocol/decode.js";
import { writeCustom, writeInputs, writeParty, writeSay, type Step } from "./protocol/encode.js";
import {
  NoticeKind, PROTOCOL_VERSION, Scope, type Address, type Chat, type Custom, type MatchState, type News, type Notice, type Party, type Person, type Pong, type Scores, type Snapshot, type Welcome, type WorldSays,
} from "./protocol/types.js";

const PING_MS = 500;

/** What a client tells. Snapshots are read into one object: whoever keeps something of one copies it. */
export interface Events {
  /**
   * What comes from now on is another connection's: of a new player, of the same one after a loss ("back"), or of the server that goes on with the player ("next"). Its Welcome is
   * the next event of the world.
   */
  connection: "new" | "back" | "next";
  welcome: Welcome;
  /** After the Welcome of the server that goes on with the player: nothing was interrupted. */
  moved: Welcome;
  /** Each once, and not in order: one may be older than the one before. */
  snapshot: Snapshot;
  people: Person[];
  match: MatchState;
  scores: Scores;
  news: News[];
  chat: Chat;
  /** The party that the player is in, and who is, whenever that changes. */
  party: Party;
  notice: Notice;
  custom: Custom;
  pong: Pong;
  state: LinkState;
  /** It is over, and nothing is tried any more. */
  closed: { reason: string };
  /** A connection to the server that may be the next is open; then, as that one's Pongs tell, the tick that it is at. */
  standby: undefined;
  standbyTick: number;
}
/** `isBefore`: chat, people and news that the server that one came from still had to say; ticks in them are its own. */
export type Listener<Name extends keyof Events> = (what: Events[Name], isBefore: boolean) => void;

export interface ClientOptions {
  /** Where the worlds are, as "https://play.example.org"; "": where the page is from. */
  url?: string;
  /** Only by the TURN servers of the list of worlds, or of `iceServers`. */
  relayOnly?: boolean;
  /** Instead of those that worlds() tells. */
  iceServers?: RTCIceServer[];
  /**
   * A JSON Web Key Set that all tickets must be signed with. Without it, a coordinator's tickets are checked against the keys that it publishes, and those of a world server
   * alone, which signs nothing, are taken as they are.
   */
  keys?: unknown;
  /** For tests and for what is no browser. */
  surroundings?: Partial<Surroundings>;
}

export interface JoinOptions extends Partial<Pick<JoinWish, "name" | "team" | "server" | "strategy" | "pings" | "last">> {
  world: string;
}

export interface Stats {
  /** The middle of the last round trips, in milliseconds; 0: none yet. */
  rttMs: number;
  /** Of snapshots: 0 to 1. */
  loss: number;
  /** Times that another server went on with the player, and the milliseconds without a snapshot at the last. */
  crossings: number;
  lastGapMs: number;
  /** Messages that were none. */
  faults: number;
}

/**
 * One player's way to the worlds of one address, for as long as a page lives. It holds one connection at a time, or two while a player goes from one server to
 * the next; it comes back when one breaks, and says why when that is not possible.
 */
export class MusterClient {
  readonly meter = new Meter();
  private readonly around: Surroundings;
  private readonly connection: Connection;
  private readonly decoder: Decoder;
  private readonly tail: Decoder;
  private readonly listeners = new Map<keyof Events, Set<(what: never, isBefore: boolean) => void>>();
  private readonly ownIceServers: boolean;
  private next: Events["connection"] = "new";
  private isWelcome = false;
  private tickRate = 60;
  private pinging = 0;
  private readonly last: LastServers;
  private readonly pinned: TicketKeys | undefined;
  private keys: TicketKeys = new Map();
  private keysUrl = "";
  private serverId = "";

  constructor(options: ClientOptions = {}) {
    this.around = { ...surroundings(options.url ?? ""), ...options.surroundings };
    this.connection = new Connection(this.around);
    this.connection.relayOnly = options.relayOnly ?? false;
    this.connection.iceServers = options.iceServers ?? [];
    this.ownIceServers = options.iceServers !== undefined;
    this.last = new LastServers(this.around.longStore);
    this.pinned = options.keys === undefined ? undefined : readKeys(options.keys);
    this.connection.check = (joined) => this.check(joined);
    this.connection.onJoined = ({ world, server }) => {
      this.serverId = server;
      this.last.was(world, server);
    };
    this.decoder = new Decoder(this.says());
    this.tail = new Decoder(this.saysBefore());
    this.connection.onMessage = (bytes) => this.decoder.read(bytes);
    this.connection.onTail = (bytes) => this.tail.read(bytes);
    this.connection.onFresh = (isBack) => this.begins(isBack ? "back" : "new");
    this.connection.onCross = () => this.begins("next");
    this.connection.onStandby = () => this.tell("standby", undefined);
    this.connection.onStandbyTick = (tick) => this.tell("standbyTick", tick);
    this.connection.onState = (state) => this.stateIs(state);
  }

  /** Calls `listener` from now on. What is returned ends that. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Name>): () => void {
    const all = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, all);
    all.add(listener);
    return () => void all.delete(listener);
  }

  // ---- which world -----------------------------------------------------------------------------

  /** Throws Refused, as all that asks. */
  async worlds(): Promise<WorldList> {
    const list = await this.around.worlds.list();
    if (!this.ownIceServers) this.connection.iceServers = list.iceServers;
    this.keysUrl = list.keysUrl;
    return list;
  }

  /** A coordinator's world servers; none of a world server alone. */
  async servers(): Promise<ServerList> {
    return this.around.worlds.servers();
  }

  /** Milliseconds to each that answers, by its id. */
  async ping(servers: readonly Server[], options: PingOptions = {}): Promise<Map<string, number>> {
    return ping(servers, options);
  }

  /** Ids of servers of a world that this browser was on, the last one first. */
  lastServers(world: string): string[] {
    return this.last.of(world);
  }

  // ---- playing ---------------------------------------------------------------------------------

  /**
   * Until both channels are open. Throws Refused when the world does not take the player, and Untrusted when another server answered than the one that the ticket is
   * for.
   */
  async join(options: JoinOptions): Promise<void> {
    await this.connection.join({ team: undefined, ...options, name: options.name ?? "" });
  }

  /** The id of the server that took the player, of a coordinator's; "" else. Not told when another goes on with it. */
  get server(): string {
    return this.serverId;
  }

  /** Where the list of worlds says that they are; a page whose policy forbids that finds them at the coordinator, too, which has told the place after all. */
  private async published(): Promise<TicketKeys> {
    const { worlds } = this.around;
    return readKeys(await worlds.keys(this.keysUrl).catch((error: unknown) => {
      if (!this.keysUrl) throw error;
      return worlds.keys("");
    }));
  }

  private async check({ ticket, sdp, world }: Joined): Promise<void> {
    const id = keyOf(ticket);
    if (id === undefined && !this.pinned) return;
    // A key that is not known may be a new one.
    if (!this.pinned && id !== undefined && !this.keys.has(id)) this.keys = await this.published();
    await checkTicket(ticket, sdp, world, this.pinned ?? this.keys, Date.now());
  }

  /** Whether what the player does has somewhere to go. */
  get open(): boolean {
    return this.connection.open;
  }

  /**
   * The newest steps, oldest first, those that were sent before included: at most STEPS_MAX go out, and repeat what may have been lost. `tickThere`: the tick that the
   * server is at when the message arrives; 0: not known.
   */
  sendInputs(steps: readonly Step[], tickThere = 0): void {
    const { newest, received } = this.meter;
    this.connection.sendInputs((isStandby) => (isStandby || !newest ? writeInputs(steps, 0, 0, tickThere) : writeInputs(steps, newest, received)));
  }

  /** At most CHAT_CHARACTERS_MAX characters of it. Why it has reached nobody, a notice tells. */
  say(text: string, address: Address = { to: Scope.all }): void {
    this.connection.sendControl(writeSay(text, address));
  }

  /** To be in the party of that code, and in no other; "": in none. A "party" or a notice answers. */
  party(code: string): void {
    this.connection.sendControl(writeParty(code));
  }

  /** To the world's plugins: a command of 0 to 255, and at most CUSTOM_BYTES_MAX bytes. */
  custom(command: number, payload: Uint8Array): void {
    this.connection.sendControl(writeCustom(command, payload));
  }

  /** For good: the place is free at once. */
  leave(): void {
    this.connection.leave();
    this.stopPings();
    this.tell("closed", { reason: "You left." });
  }

  /** As leave(), for the event "pagehide": by a request that outlives the page. */
  pageGoes(): void {
    this.connection.pageGoes();
  }

  stats(): Stats {
    const { rttMs, loss, crossings, lastGapMs } = this.meter;
    return { rttMs, loss, crossings, lastGapMs, faults: this.decoder.faults + this.tail.faults };
  }

  // ---- what the world says ---------------------------------------------------------------------

  private tell<Name extends keyof Events>(name: Name, what: Events[Name], isBefore = false): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        (listener as Listener<Name>)(what, isBefore);
      } catch (error) {
        // A fault of the page's, which is neither the message's nor the other listeners'.
        queueMicrotask(() => { throw error; });
      }
    }
  }

  private begins(connection: Events["connection"]): void {
    this.next = connection;
    this.isWelcome = false;
    this.tell("connection", connection);
  }

  private says(): WorldSays {
    return {
      onWelcome: (welcome) => this.welcomed(welcome),
      onSnapshot: (snapshot) => this.showed(snapshot),
      onNotice: (notice) => this.noticed(notice),
      onPong: (pong) => {
        this.meter.pong(pong.time, this.around.now());
        this.tell("pong", pong);
      },
      onPeople: (people) => this.tell("people", people), onMatch: (match) => this.tell("match", match), onScores: (scores) => this.tell("scores", scores),
      onNews: (news) => this.tell("news", news), onChat: (chat) => this.tell("chat", chat), onParty: (party) => this.tell("party", party), onCustom: (custom) => this.tell("custom", custom),
    };
  }

  /** Of the server that one came from, words to people still count. */
  private saysBefore(): WorldSays {
    const nothing = () => undefined;
    return {
      onPeople: (people) => this.tell("people", people, true), onChat: (chat) => this.tell("chat", chat, true), onNews: (news) => this.tell("news", news, true),
      onWelcome: nothing, onMatch: nothing, onScores: nothing, onNotice: nothing, onSnapshot: nothing, onPong: nothing,
    };
  }

  private welcomed(welcome: Welcome): void {
    if (welcome.version !== PROTOCOL_VERSION) {
      this.connection.endBecause("The server speaks another version of the protocol than this page. Load the page again.");
      return;
    }
    this.connection.welcomed(welcome.resume);
    this.connection.told(welcome.snapshotRate);
    this.tickRate = welcome.tickRate;
    if (this.next === "next") this.meter.cross(welcome.snapshotRate, welcome.tickRate);
    else this.meter.restart(welcome.snapshotRate, welcome.tickRate);
    this.isWelcome = true;
    this.tell("welcome", welcome);
    if (this.next === "next") this.tell("moved", welcome);
  }

  /** One that overtakes its Welcome is of a connection that nothing is known of yet. */
  private showed(snapshot: Snapshot): void {
    if (!this.isWelcome || !this.meter.snapshot(snapshot.tick)) return;
    this.meter.clocked(this.around.now());
    this.tell("snapshot", snapshot);
  }

  private noticed(notice: Notice): void {
    this.connection.told(notice.snapshotRate);
    this.meter.rate(notice.snapshotRate, this.tickRate);
    this.tell("notice", notice);
    if (notice.kind === NoticeKind.replaced) this.connection.endBecause(notice.text || "You play on in another window.");
    else if (notice.kind === NoticeKind.kicked) this.connection.endBecause(notice.text || "You were removed from the match.");
    else if (notice.kind === NoticeKind.stopping) this.connection.serverStops();
  }

  private stateIs(state: LinkState): void {
    if (state.at === "open") this.measure();
    this.tell("state", state);
    if (state.at === "ended") {
      this.stopPings();
      this.tell("closed", { reason: state.reason });
    }
  }

  private measure(): void {
    this.stopPings();
    this.connection.ping();
    this.pinging = this.around.later(() => this.measure(), PING_MS);
  }

  private stopPings(): void {
    this.around.forget(this.pinging);
  }
}
