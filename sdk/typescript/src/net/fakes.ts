import { Connection, type LinkState } from "./connection.js";
import type { Surroundings } from "./peer.js";
import { Refused, Worlds, type JoinWish } from "./worlds.js";

/** Peer connections, a world and time for tests: nothing happens but what the test says. */

export class FakeChannel {
  readyState = "connecting";
  bufferedAmount = 0;
  binaryType = "";
  sent: Uint8Array[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  constructor(readonly label: string, readonly init: RTCDataChannelInit) {}
  send(bytes: Uint8Array): void { this.sent.push(bytes); }
  close(): void { this.readyState = "closed"; }
  hear(bytes: Uint8Array): void { this.onmessage?.({ data: bytes.slice().buffer as ArrayBuffer }); }
  break(): void {
    this.readyState = "closed";
    this.onclose?.();
  }
}

export class FakePeer {
  connectionState = "new";
  iceConnectionState = "connected";
  /** Datagrams that came, whatever they carried. */
  arrived = 1;
  channels: FakeChannel[] = [];
  localDescription: { sdp: string } | null = null;
  remote: string[] = [];
  onconnectionstatechange: (() => void) | null = null;
  opens = true;
  constructor(readonly configuration: RTCConfiguration, private readonly sdp: string) {}
  get control(): FakeChannel { return this.channels[0]!; }
  get state(): FakeChannel { return this.channels[1]!; }
  createDataChannel(label: string, init: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, init);
    this.channels.push(channel);
    return channel;
  }
  async createOffer() { return { type: "offer", sdp: this.sdp }; }
  async setLocalDescription(description: { sdp: string }) { this.localDescription = description; }
  async setRemoteDescription(description: { sdp: string }) {
    this.remote.push(description.sdp);
    if (this.opens) this.open();
  }
  async getStats() { return new Map([["T", { type: "transport", packetsReceived: this.arrived }], ["C", { type: "codec", packetsReceived: this.arrived + performance.now() }]]); }
  open(): void {
    for (const channel of this.channels) {
      channel.readyState = "open";
      channel.onopen?.();
    }
  }
  close(): void { this.connectionState = "closed"; }
}

export class Stage {
  now = 1_000;
  timers: { at: number; run: () => void; id: number }[] = [];
  peers: FakePeer[] = [];
  joins: { world: string; resume: string | undefined; at: number }[] = [];
  wishes: JoinWish[] = [];
  refusal: ((resume: string | undefined) => Refused | undefined) | undefined;
  /** Before a join is answered. */
  delay: (() => Promise<void>) | undefined;
  states: LinkState[] = [];
  kept = new Map<string, string>();
  keptLong = new Map<string, string>();
  keys: unknown = { keys: [] };
  keysAsked = 0;
  keysUrl = "";
  left: string[] = [];
  luck = 0.5;
  hidden = false;
  offer = "offer";
  ticket = (count: number): string => `ticket-${count}`;
  /** Of whoever answers. */
  fingerprint = "sha-256 AA";

  /** The newest. */
  get peer(): FakePeer { return this.peers.at(-1)!; }
  get ats(): string[] { return this.states.map((state) => state.at); }

  around(): Surroundings {
    const stage = this;
    class FakeWorlds extends Worlds {
      override async list() { return { worlds: [], iceServers: [], keysUrl: stage.keysUrl }; }
      override async join(world: string, wish: JoinWish) {
        stage.joins.push({ world, resume: wish.resume, at: stage.now });
        stage.wishes.push(wish);
        await stage.delay?.();
        const refused = stage.refusal?.(wish.resume);
        if (refused) throw refused;
        return { sdp: `v=0\r\na=fingerprint:${stage.fingerprint}\r\n`, ticket: stage.ticket(stage.joins.length), player: 1, world, server: "server-1" };
      }
      override async keys(url: string) {
        ++stage.keysAsked;
        if (url === "https://forbidden.example") throw new Refused(0, "forbidden", "", 0);
        return stage.keys;
      }
      override leave(world: string, ticket: string): void { stage.left.push(`${world} ${ticket}`); }
    }
    let timers = 0;
    return {
      worlds: new FakeWorlds(), now: () => this.now, random: () => this.luck, hidden: () => this.hidden,
      later: (run, ms) => { this.timers.push({ at: this.now + ms, run, id: ++timers }); return timers; },
      forget: (id) => { this.timers = this.timers.filter((one) => one.id !== id); },
      makePeer: (configuration) => { const peer = new FakePeer(configuration, this.offer); this.peers.push(peer); return peer as unknown as RTCPeerConnection; },
      longStore: { getItem: (key) => this.keptLong.get(key) ?? null, setItem: (key, value) => void this.keptLong.set(key, value) },
      store: { getItem: (key) => this.kept.get(key) ?? null, setItem: (key, value) => void this.kept.set(key, value), removeItem: (key) => void this.kept.delete(key) },
    };
  }

  connection(): Connection {
    const made = new Connection(this.around());
    made.onState = (state) => void this.states.push(state);
    return made;
  }

  async settle(): Promise<void> { for (let i = 0; i < 16; ++i) await Promise.resolve(); }

  /** `beat`: called every 50 ms on the way. */
  async pass(ms: number, beat: () => void = () => undefined): Promise<void> {
    const end = this.now + ms;
    for (let beatAt = this.now + 50; ; ) {
      await this.settle();
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers[0];
      const due = Math.min(next?.at ?? Infinity, beatAt, end);
      this.now = Math.max(this.now, due);
      if (next && next.at <= due) {
        this.timers.shift();
        next.run();
      } else if (beatAt <= due) {
        beatAt += 50;
        beat();
      } else {
        return;
      }
    }
  }
}

export const player = { world: "arena", name: "Zoë", team: undefined };
