import { beforeEach, describe, expect, it } from "vitest";
import { Connection, type LinkState, type Surroundings } from "./connection";
import { Refused, Worlds } from "./worlds";

class FakeChannel {
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
}
class FakePeer {
  connectionState = "new";
  channels: FakeChannel[] = [];
  localDescription: { sdp: string } | null = null;
  onconnectionstatechange: (() => void) | null = null;
  opens = true;
  constructor(readonly configuration: RTCConfiguration) {}
  createDataChannel(label: string, init: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, init);
    this.channels.push(channel);
    return channel;
  }
  async createOffer() { return { type: "offer", sdp: "offer" }; }
  async setLocalDescription(description: { sdp: string }) { this.localDescription = description; }
  async setRemoteDescription() {
    if (!this.opens) return;
    for (const channel of this.channels) {
      channel.readyState = "open";
      channel.onopen?.();
    }
  }
  close(): void { this.connectionState = "closed"; }
}

let now = 0;
let timers: { at: number; run: () => void; id: number }[] = [];
let peers: FakePeer[] = [];
let joins: { world: string; resume: string | undefined }[] = [];
let refusal: ((resume: string | undefined) => Refused | undefined) | undefined;
let states: LinkState[] = [];
let kept: Map<string, string>;
let left: string[];
let luck: number;

const settle = async () => { for (let i = 0; i < 12; ++i) await Promise.resolve(); };
async function pass(ms: number): Promise<void> {
  for (const end = now + ms; ; ) {
    await settle();
    timers.sort((a, b) => a.at - b.at);
    const next = timers[0];
    if (!next || next.at > end) {
      now = end;
      return;
    }
    timers.shift();
    now = next.at;
    next.run();
  }
}

function connection(): Connection {
  class FakeWorlds extends Worlds {
    override async join(world: string, wish: { resume: string | undefined }) {
      joins.push({ world, resume: wish.resume });
      const refused = refusal?.(wish.resume);
      if (refused) throw refused;
      return { sdp: "answer", ticket: `ticket-${joins.length}`, player: 1, world };
    }
    override leave(world: string, ticket: string): void { left.push(`${world} ${ticket}`); }
  }
  const around: Surroundings = {
    worlds: new FakeWorlds(), now: () => now, later: (run, ms) => { const id = Math.random(); timers.push({ at: now + ms, run, id }); return id; },
    forget: (id) => { timers = timers.filter((one) => one.id !== id); },
    makePeer: (configuration) => { const peer = new FakePeer(configuration); peers.push(peer); return peer as unknown as RTCPeerConnection; },
    random: () => luck,
    store: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) },
  };
  const made = new Connection(around);
  made.onState = (state) => void states.push(state);
  return made;
}
const player = { world: "arena", name: "Zoë", team: undefined };

beforeEach(() => {
  now = 1_000;
  timers = [];
  peers = [];
  joins = [];
  refusal = undefined;
  states = [];
  kept = new Map();
  left = [];
  luck = 0.5;
});

describe("a connection", () => {
  it("negotiates a reliable channel and one that repeats nothing", async () => {
    const link = connection();
    link.iceServers = [{ urls: ["stun:example:3478"] }];
    await link.join(player);
    expect(peers[0]!.channels.map(({ label, init }) => [label, init])).toEqual([
      ["control", { negotiated: true, id: 0, ordered: true }], ["state", { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 }],
    ]);
    expect(peers[0]!.configuration.iceServers).toEqual([{ urls: ["stun:example:3478"] }]);
    expect(states.map((state) => state.at)).toEqual(["joining", "open"]);
    const heard: number[] = [];
    link.onMessage = (bytes) => void heard.push(bytes.length);
    peers[0]!.channels[1]!.onmessage!({ data: new ArrayBuffer(9) });
    expect(heard).toEqual([9]);
  });

  it("is lost after silence and comes back with its token", async () => {
    const link = connection();
    await link.join(player);
    link.keep("resume-me");
    await pass(6_000);
    expect(states.map((state) => state.at)).toEqual(["joining", "open", "lost", "open"]);
    expect(joins).toEqual([{ world: "arena", resume: undefined }, { world: "arena", resume: "resume-me" }]);
  });

  it("tries again ever more slowly and gives up after 30 seconds", async () => {
    const link = connection();
    await link.join(player);
    refusal = () => new Refused(0, "nobody", "", 0);
    peers[0]!.channels[0]!.onclose!();
    await pass(60_000);
    const last = states.at(-1)!;
    expect(last.at).toBe("ended");
    expect(joins.length).toBeGreaterThan(6);
    expect(joins.length).toBeLessThan(16);
  });

  it.each([0, 0.5, 0.999])("looks now and then whether a server that stopped is back, and promises nothing (luck %f)", async (chance) => {
    luck = chance;
    const link = connection();
    await link.join(player);
    refusal = () => new Refused(0, "nobody", "", 0);
    link.serverStops();
    expect(link.open).toBe(false);
    expect(peers[0]!.connectionState).toBe("closed");
    await pass(120_000);
    expect(states.slice(2).every((state) => state.at === "stopped")).toBe(true);
    expect(joins.length).toBeGreaterThan(12);
    expect(joins.length).toBeLessThan(26);
    refusal = (resume) => (resume ? new Refused(400, "unknown token", "resume", 0) : undefined);
    // Two looks at most: the first finds its place gone, the next asks for a new one.
    for (let waited = 0; states.at(-1)!.at !== "open" && waited < 15_000; waited += 500) await pass(500);
    expect(states.at(-1)!.at).toBe("open");
    // From then on it is a connection like any other.
    refusal = undefined;
    peers.at(-1)!.channels[0]!.onclose!();
    expect(states.at(-1)!.at).toBe("lost");
  });

  it("does not look for a stopped server for ever, nor after one has left", async () => {
    const link = connection();
    await link.join(player);
    refusal = () => new Refused(503, "stopping", "", 0);
    link.serverStops();
    await pass(11 * 60_000);
    expect(states.at(-1)).toEqual({ at: "ended", reason: "The server has stopped and did not come back." });
    const looked = joins.length;
    await pass(60_000);
    expect(joins).toHaveLength(looked);
    refusal = undefined;
    await link.join(player);
    link.serverStops();
    link.leave();
    await pass(60_000);
    expect(joins).toHaveLength(looked + 1);
  });

  it("comes back as a new player when the server has let go of the old one", async () => {
    const link = connection();
    await link.join(player);
    refusal = (resume) => (resume ? new Refused(400, "unknown token", "resume", 0) : undefined);
    peers[0]!.channels[0]!.onclose!();
    await pass(3_000);
    expect(joins.at(-1)).toEqual({ world: "arena", resume: undefined });
    expect(link.open).toBe(true);
  });

  it("says why a world refuses, and holds nothing open", async () => {
    refusal = () => new Refused(409, "The world is full.", "", 0);
    const link = connection();
    await expect(link.join(player)).rejects.toThrow("The world is full.");
    expect(peers[0]!.connectionState).toBe("closed");
    await pass(60_000);
    expect(joins).toHaveLength(1);
  });

  it("fails with words when no way is found", async () => {
    const link = connection();
    const joined = link.join(player).catch((error: unknown) => error);
    peers[0]!.opens = false;
    await pass(25_000);
    expect(String(await joined)).toContain("UDP");
  });

  it("leaves for good: the token goes, and nothing is tried again", async () => {
    const link = connection();
    await link.join(player);
    link.leave();
    await pass(60_000);
    expect(left).toEqual(["arena ticket-1"]);
    expect(kept.size).toBe(0);
    expect(joins).toHaveLength(1);
    expect(peers[0]!.channels[0]!.sent).toHaveLength(1);  // Bye
  });

  it("drops state that would queue up", async () => {
    const link = connection();
    await link.join(player);
    const state = peers[0]!.channels[1]!;
    state.bufferedAmount = 1 << 20;
    link.sendState(new Uint8Array(4));
    expect(state.sent).toHaveLength(0);
  });
});

describe("worlds", () => {
  it("are listed, and nonsense is not", async () => {
    const answer = { worlds: [{ name: "arena", mode: "capture_the_flag", map: "classic", people: 2, bots: "many", players_max: 400, asleep: false }], ice_servers: [{ urls: ["stun:a"] }, { urls: 3 }, { urls: ["turn:b"], username: "u", credential: "c" }] };
    const worlds = new Worlds("", async () => new Response(JSON.stringify(answer)));
    const list = await worlds.list();
    expect(list.worlds[0]).toEqual({ name: "arena", mode: "capture_the_flag", map: "classic", people: 2, bots: 0, playersMax: 400, asleep: false });
    expect(list.iceServers).toEqual([{ urls: ["stun:a"] }, { urls: ["turn:b"], username: "u", credential: "c" }]);
  });

  it("refuse with the problem's own words, its field and when to come again", async () => {
    const worlds = new Worlds("", async () => new Response(JSON.stringify({ title: "Too many", detail: "Too many joins.", field: "sdp" }), { status: 429, headers: { "Retry-After": "3" } }));
    const refused = await worlds.join("a b", { sdp: "", name: "", team: "red", resume: undefined }).catch((error: unknown) => error as Refused);
    expect(refused).toMatchObject({ status: 429, message: "Too many joins.", field: "sdp", retryAfterMs: 3_000, passing: true });
  });
});
