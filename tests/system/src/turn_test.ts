import { spawn, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Person } from "./support/browser";
import { until } from "./support/until";
import { Worlds } from "./support/worlds";

/** Goal: who can send nowhere but to a TURN server plays all the same, with credentials made for one page. */

const SECRET = "system-test-secret";

let folder: string;
let turn: ChildProcess;
let turnPort: number;
let worlds: Worlds;
let person: Person;

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(() => done()));
  return port;
}

async function startTurn(): Promise<void> {
  turnPort = await freePort();
  const log = join(folder, "turn.log");
  turn = spawn("turnserver", [
    "-n", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", `${turnPort}`, "--realm", "muster.test", "--use-auth-secret", "--static-auth-secret", SECRET,
    "--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli", "--no-rfc5780", "--log-file", log, "--simple-log", "--verbose", "--pidfile", join(folder, "turn.pid"), "--userdb", join(folder, "turn.db"),
  ], { stdio: "ignore" });
  await until("coturn listens", () => {
    if (turn.exitCode !== null) throw new Error(`turnserver ended with ${turn.exitCode}`);
    return readFileSync(log, "utf8").includes("UDP listener opened");
  }, 30_000);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "muster-turn-"));
  await startTurn();
  worlds = await Worlds.start("--modes", "ffa", "--bots", "2", "--public-ip", "127.0.0.1", "--turn-url", `turn:127.0.0.1:${turnPort}?transport=udp`, "--turn-secret", SECRET);
  person = await Person.arrive("turn", worlds);
});
afterAll(async () => {
  await person?.leave();
  await worlds?.stop();
  turn?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** In the page: joins with relayed candidates alone, and tells the first bytes that come on each channel. */
async function joinByRelay(url: string): Promise<{ control: number; state: number; local: string }> {
  const listing = await (await fetch(`${url}/api/v1/worlds`)).json() as { ice_servers: RTCIceServer[] };
  const peer = new RTCPeerConnection({ iceServers: listing.ice_servers, iceTransportPolicy: "relay" });
  const control = peer.createDataChannel("control", { negotiated: true, id: 0 });
  const state = peer.createDataChannel("state", { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 });
  const first = (channel: RTCDataChannel): Promise<number> => new Promise((done, failed) => {
    channel.binaryType = "arraybuffer";
    channel.onmessage = (event: MessageEvent<ArrayBuffer>) => done(event.data.byteLength);
    channel.onclose = () => failed(new Error(`${channel.label} closed`));
  });
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(`${url}/api/v1/worlds/ffa/join`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ sdp: peer.localDescription!.sdp, name: "Relayed" }) });
  const joined = await answer.json() as { sdp: string };
  const bytes = Promise.all([first(control), first(state)]);
  await peer.setRemoteDescription({ type: "answer", sdp: joined.sdp });
  const [controlBytes, stateBytes] = await bytes;
  let local = "";
  for (const report of (await peer.getStats()).values()) {
    if (report.type === "local-candidate") local = report.candidateType;
  }
  peer.close();
  return { control: controlBytes, state: stateBytes, local };
}

test("a page that may only relay gets the world through coturn", async () => {
  await person.open("/play");
  const seen = await person.page.evaluate(joinByRelay, worlds.url);
  expect(seen.local).toBe("relay");
  expect(seen.control).toBeGreaterThan(100);
  expect(seen.state).toBeGreaterThan(40);
});

test("the credentials are made for this page, end, and are not the secret", async () => {
  const { ice_servers: servers } = await worlds.get<{ ice_servers: { urls: string[]; username?: string; credential?: string }[] }>("/api/v1/worlds");
  const relay = servers.find((server) => server.urls[0]?.startsWith("turn:"));
  const ends = Number(relay?.username?.split(":")[0]);
  expect(ends).toBeGreaterThan(Date.now() / 1000 + 60);
  expect(ends).toBeLessThan(Date.now() / 1000 + 7_200);
  expect(JSON.stringify(servers)).not.toContain(SECRET);
});
