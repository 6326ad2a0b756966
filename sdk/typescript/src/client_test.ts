import { generateKeyPairSync, sign } from "node:crypto";
import { ByteBuffer } from "flatbuffers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MusterClient, type Events } from "./client.js";
import { Body, Message, NoticeKind } from "./generated/game_generated.js";
import { Stage, type FakePeer } from "./net/fakes.js";
import { Untrusted } from "./net/tickets.js";
import { answer, chat, invitation, moved, notice, pong, snapshot, welcome } from "./protocol/fakes.js";

let stage: Stage;
let client: MusterClient;
let heard: [string, unknown][];

beforeEach(() => {
  stage = new Stage();
  client = new MusterClient({ surroundings: stage.around() });
  heard = [];
  const kept: { [Name in keyof Events]?: (what: Events[Name], isBefore: boolean) => unknown } = {
    connection: (is) => is, welcome: ({ player }) => player, moved: ({ tick }) => tick, snapshot: ({ tick }) => tick, chat: ({ text }, isBefore) => (isBefore ? `${text}, before` : text),
    notice: ({ text }) => text, closed: ({ reason }) => reason,
  };
  for (const [name, what] of Object.entries(kept)) client.on(name as keyof Events, (event, isBefore) => void heard.push([name, (what as (event: unknown, isBefore: boolean) => unknown)(event, isBefore)]));
});

async function joined(): Promise<FakePeer> {
  await client.join({ world: "arena", name: "Zoë" });
  stage.peer.control.hear(welcome());
  stage.peer.state.hear(snapshot(100));
  return stage.peer;
}
const sent = (bytes: Uint8Array[]) => bytes.map((one) => Body[Message.getRootAsMessage(new ByteBuffer(one)).bodyType()]);

describe("a client", () => {
  it("joins, tells what comes, and sends what it is told to", async () => {
    const peer = await joined();
    peer.control.hear(chat("hello"));
    peer.state.hear(snapshot(102));
    peer.state.hear(snapshot(102));  // the network made two of it
    expect(heard).toEqual([["connection", "new"], ["welcome", 7], ["snapshot", 100], ["chat", "hello"], ["snapshot", 102]]);
    client.say("hi");
    client.custom(20, Uint8Array.of(1));
    client.sendInputs([{ sequence: 1, aim: 0, buttons: 0, slot: 0, shown: 98 }]);
    expect(sent(peer.control.sent)).toEqual(["Say", "Custom"]);
    expect(sent(peer.state.sent)).toEqual(["Ping", "Inputs"]);
    expect(client.open).toBe(true);
  });

  it("measures the way there and back twice a second, and stops when it leaves", async () => {
    const peer = await joined();
    await stage.pass(2_000, () => peer.state.hear(pong(stage.now - 80, 100)));
    expect(client.stats()).toMatchObject({ rttMs: 80, loss: 0, crossings: 0, faults: 0 });
    const pings = sent(peer.state.sent).length;
    expect(pings).toBeGreaterThanOrEqual(4);
    expect(pings).toBeLessThanOrEqual(6);
    client.leave();
    await stage.pass(5_000);
    expect(stage.timers).toEqual([]);
    expect(heard.at(-1)).toEqual(["closed", "You left."]);
    expect(client.open).toBe(false);
  });

  it("goes to the next server without an interruption, and hears the last words of the one before", async () => {
    const first = await joined();
    first.control.hear(invitation(1));
    await stage.settle();
    const second = stage.peer;
    first.control.hear(answer(1));
    await stage.settle();
    second.state.hear(snapshot(9_000));  // overtakes its Welcome
    stage.now += 40;
    second.control.hear(welcome({ tick: 9_000, resume: "token-2" }));
    first.control.hear(chat("bye"));
    second.state.hear(snapshot(9_002));
    first.control.hear(moved(true));
    expect(heard.slice(3)).toEqual([["connection", "next"], ["welcome", 7], ["moved", 9_000], ["snapshot", 9_000], ["chat", "bye, before"], ["snapshot", 9_002]]);
    expect(client.stats()).toMatchObject({ crossings: 1, lastGapMs: 40 });
  });

  it("comes back as the same player after a loss", async () => {
    const first = await joined();
    first.control.break();
    await stage.pass(1_000);
    stage.peer.state.hear(snapshot(200));
    stage.peer.control.hear(welcome({ tick: 300 }));
    stage.peer.state.hear(snapshot(302));
    expect(stage.joins.map(({ resume }) => resume)).toEqual([undefined, "token"]);
    expect(heard.slice(3)).toEqual([["connection", "back"], ["welcome", 7], ["snapshot", 302]]);
    expect(client.stats().crossings).toBe(0);
  });

  it("gives a server the more time the less often it shows its world", async () => {
    const peer = await joined();
    peer.control.hear(notice(NoticeKind.overload_rate, "busy", 5));
    await stage.pass(3_900);
    expect(stage.joins).toHaveLength(1);
    await stage.pass(1_000);
    expect(stage.joins).toHaveLength(2);
  });

  it.each([[NoticeKind.kicked, "You were rude."], [NoticeKind.replaced, "Elsewhere."]])("ends with the server's reason (%i)", async (kind, reason) => {
    const peer = await joined();
    peer.control.hear(notice(kind, reason));
    await stage.pass(60_000);
    expect(heard.slice(3)).toEqual([["notice", reason], ["closed", reason]]);
    expect(stage.joins).toHaveLength(1);
  });

  it("does not play on a server of another version, and says so", async () => {
    await client.join({ world: "arena" });
    stage.peer.control.hear(welcome({ version: 99 }));
    expect(heard.map(([name]) => name)).toEqual(["connection", "closed"]);
    expect(String(heard[1]![1])).toContain("another version");
  });

  it("is not stopped by a listener that throws, which is reported and no fault of the message", async () => {
    const thrown: (() => void)[] = [];
    vi.stubGlobal("queueMicrotask", (run: () => void) => void thrown.push(run));
    const off = client.on("chat", () => { throw new TypeError("mine"); });
    const peer = await joined();
    peer.control.hear(chat("one"));
    off();
    peer.control.hear(chat("two"));
    vi.unstubAllGlobals();
    expect(heard.slice(3)).toEqual([["chat", "one"], ["chat", "two"]]);
    expect(client.stats().faults).toBe(0);
    expect(thrown).toHaveLength(1);
    expect(thrown[0]!).toThrow("mine");
  });
});

afterEach(() => void vi.unstubAllGlobals());

describe("whom a client follows", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const set = (kid: string) => ({ keys: [{ ...(publicKey.export({ format: "jwk" }) as object), kid }] });
  const FP = Array.from({ length: 32 }, () => "AB").join(":");
  const encode = (what: unknown) => Buffer.from(JSON.stringify(what)).toString("base64url");
  const signed = (kid: string, fp = FP): string => {
    const body = `${encode({ alg: "EdDSA", kid })}.${encode({ exp: Date.now() / 1_000 + 60, world: "arena", server: "server-1", secret: "x", fp })}`;
    return `${body}.${sign(null, Buffer.from(body), privateKey).toString("base64url")}`;
  };
  beforeEach(() => {
    stage.fingerprint = `sha-256 ${FP}`;
    stage.ticket = () => signed("k1");
    stage.keys = set("k1");
  });

  it("is the server that the coordinator's ticket names, by keys that are fetched when they are not known", async () => {
    await client.join({ world: "arena" });
    expect([client.open, client.server, stage.keysAsked]).toEqual([true, "server-1", 1]);
    await client.join({ world: "arena" });
    expect(stage.keysAsked).toBe(1);
    stage.ticket = () => signed("k2");
    stage.keys = set("k2");
    await client.join({ world: "arena" });
    expect([client.open, stage.keysAsked]).toEqual([true, 2]);
  });

  it("is known by the coordinator's own keys where a page may not fetch them from elsewhere", async () => {
    stage.keysUrl = "https://forbidden.example";
    await client.worlds();
    await client.join({ world: "arena" });
    expect([client.open, stage.keysAsked]).toEqual([true, 2]);
  });

  it("is nobody else: nothing is sent there", async () => {
    stage.fingerprint = `sha-256 ${FP.replace("AB", "AC")}`;
    const refused = await client.join({ world: "arena" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Untrusted);
    expect(stage.peer.remote).toEqual([]);
    expect(stage.peer.connectionState).toBe("closed");
  });

  it("is nobody else on the way back either, which ends it with the reason", async () => {
    // The runtime's own check takes its own time, which is not the stage's.
    vi.stubGlobal("crypto", { subtle: { importKey: async () => ({}), verify: async () => true } });
    await joined();
    stage.fingerprint = `sha-256 ${FP.replace("AB", "AC")}`;
    stage.peer.control.break();
    await stage.pass(1_000);
    await stage.pass(1_000);
    expect(heard.at(-1)).toEqual(["closed", expect.stringContaining("Another server")]);
    expect(stage.joins).toHaveLength(2);
  });

  it("is only whom the page's own keys speak for, when it has some", async () => {
    client = new MusterClient({ surroundings: stage.around(), keys: set("k1") });
    await client.join({ world: "arena" });
    expect([client.open, stage.keysAsked]).toEqual([true, 0]);
    stage.ticket = () => "0000-0001-unsigned";
    await expect(client.join({ world: "arena" })).rejects.toThrow("not signed");
  });

  it("is remembered by world, the last one first", async () => {
    stage.ticket = () => "0000-0001-unsigned";
    await client.join({ world: "arena" });
    expect(client.lastServers("arena")).toEqual(["server-1"]);
    expect(client.lastServers("field")).toEqual([]);
    stage.keptLong.set("muster.play.last", "[nonsense");
    expect(client.lastServers("arena")).toEqual([]);
    stage.keptLong.set("muster.play.last", JSON.stringify({ arena: ["a", 3, "server-1", "b", "c", "d"], field: ["x"] }));
    await client.join({ world: "arena", strategy: "lowest_ping", pings: new Map([["server-1", 12]]), last: client.lastServers("arena") });
    expect(client.lastServers("arena")).toEqual(["server-1", "a", "b", "c"]);
    expect(client.lastServers("field")).toEqual(["x"]);
    expect(stage.wishes.at(-1)).toMatchObject({ strategy: "lowest_ping", last: ["a", "server-1", "b", "c"] });
  });
});
