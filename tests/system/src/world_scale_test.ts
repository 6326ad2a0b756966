import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { request } from "node:http";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bus } from "./support/bus";
import { Coordinator } from "./support/coordinator";
import { Node } from "./support/node";
import { until } from "./support/until";
import { strangers } from "./support/worlds";

/** Goal: a world gets as many servers as were asked for, in containers of our own image, and nobody who plays notices when there are fewer or newer ones. */

interface Scaled {
  count: number; settled: boolean; problem: string;
  servers: { server_id: string; world_server_id: string | null; name: string; listed: boolean; leaving: boolean; people: number | null; regions: number; state: string }[];
}
interface Container { Id: string; Names: string[]; State: string; Image: string }
interface Told { joined: number; clients: number; dropped: number; crossings?: { players_lost: number; players_doubled: number } }

const BIN = () => resolve(process.env.MUSTER_BIN!);
let bus: Bus;
let coordinator: Coordinator;
let node: Node;
let gateway: string;

function engine<T>(path: string, method = "GET"): Promise<T> {
  const socketPath = (process.env.MUSTER_TEST_DOCKER_HOST ?? "").replace("unix://", "");
  return new Promise((done, failed) => {
    const asked = request({ socketPath, path: `/v1.41${path}`, method }, (answer) => {
      let text = "";
      answer.on("data", (piece: Buffer) => (text += piece.toString()));
      answer.on("end", () => (answer.statusCode! < 400 ? done((text ? JSON.parse(text) : undefined) as T) : failed(new Error(`${method} ${path}: ${answer.statusCode} ${text}`))));
    });
    asked.on("error", failed);
    asked.end();
  });
}
async function containers(): Promise<Container[]> {
  const ours = (await scaled()).servers.map((server) => server.server_id);
  const all = await engine<(Container & { Labels: Record<string, string> })[]>("/containers/json");
  return all.filter((container) => Object.values(container.Labels).some((label) => ours.includes(label)));
}
function muster(...words: string[]): string {
  return execFileSync(BIN(), [...words, "--url", coordinator.url, "--token", coordinator.adminToken], { encoding: "utf8", env: strangers(), timeout: 170_000 });
}
/** Does not stop the tests meanwhile, as people play. */
async function musterMeanwhile(...words: string[]): Promise<string> {
  return (await promisify(execFile)(BIN(), [...words, "--url", coordinator.url, "--token", coordinator.adminToken], { env: strangers(), timeout: 170_000 })).stdout;
}
const scaled = () => coordinator.call<Scaled>("GET", "/worlds/ffa/scale");

/** People of the real protocol who walk to and fro across the whole map; ends by itself. */
class Crowd {
  private out = "";
  private readonly process: ChildProcess;
  private readonly ended: Promise<number | null>;

  constructor(clients: number, seconds: number) {
    this.process = spawn(join(dirname(BIN()), "muster-load"), ["--url", coordinator.url, "--clients", String(clients), "--seconds", String(seconds), "--pattern", "walk", "--json", "--quiet"], { env: strangers() });
    const hear = (piece: Buffer) => (this.out += piece.toString());
    this.process.stdout!.on("data", hear);
    this.process.stderr!.on("data", hear);
    this.ended = new Promise((done) => this.process.once("exit", done));
  }
  get plays(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }
  /** What they saw; fails when somebody was dropped, lost or doubled. */
  async told(): Promise<Told> {
    const code = await this.ended;
    expect(code, this.out).toBe(0);
    return JSON.parse(this.out.trim().split("\n").at(-1)!) as Told;
  }
}

beforeAll(async () => {
  interface Network { IPAM: { Config: { Gateway?: string; Subnet: string }[] } }
  const network = (await engine<Network>("/networks/bridge")).IPAM.Config[0]!;
  gateway = network.Gateway ?? network.Subnet.replace(/\.\d+\/\d+$/, ".1");
  bus = await Bus.start("0.0.0.0");
  coordinator = await Coordinator.start("--grpc", "0.0.0.0:0", "--public-address", gateway);
  const { token } = await coordinator.call<{ token: string }>("POST", "/join-tokens", { name: "cellar" });
  node = await Node.start("--coordinator", coordinator.link.replace("0.0.0.0", "127.0.0.1"), "--join-token", token, "--advertise", "127.0.0.1");
});
afterAll(async () => {
  await coordinator?.call("PUT", "/worlds/ffa/scale", { count: 0, force: true }).catch(() => undefined);
  if (coordinator) await until("nothing is left", async () => (await scaled()).servers.length === 0).catch(() => undefined);
  await node?.stop();
  await coordinator?.stop();
  await bus?.stop();
});

test("two servers of a spread world come up in containers, and are the coordinator's world servers", async () => {
  const started = Date.now();
  muster("worlds", "scale", "ffa", "2", "--spread", "--regions", "2", "--map", "2400x1800", "--bots", "0", "--bus-url", bus.url.replace(/\/\/[^:]+/, `//${gateway}`), "--memory", "256M", "--wait", "--timeout", "150s");
  console.log(`scaled to 2 in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  const now = await scaled();
  expect(now).toMatchObject({ count: 2, settled: true, problem: "" });
  expect((await coordinator.servers()).map((server) => server.name).sort()).toEqual(["ffa-1", "ffa-2"]);
  await until("each has a region", async () => (await scaled()).servers.every((server) => server.regions > 0));
  expect((await containers()).map((container) => container.State)).toEqual(["running", "running"]);
  expect(muster("worlds", "scale", "ffa")).toContain("2 of 2 open");
});

test("with fewer servers people play on at the other, and the one that goes leaves nothing", async () => {
  const crowd = new Crowd(8, 30);
  // So whichever goes has somebody to hand over.
  await until("there are people on both servers", async () => {
    const players = (await coordinator.servers()).map((server) => server.players);
    return players.length === 2 && Math.min(...players) > 0 && players[0]! + players[1]! >= 8;
  });
  const started = Date.now();
  await musterMeanwhile("worlds", "scale", "ffa", "1", "--wait", "--timeout", "150s");
  console.log(`scaled to 1 in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  expect(crowd.plays).toBe(true);
  expect(await coordinator.servers()).toHaveLength(1);
  expect(await containers()).toHaveLength(1);
  const told = await crowd.told();
  expect(told.crossings).toMatchObject({ players_lost: 0, players_doubled: 0 });
});

test("a server that is killed comes back as the same one, and an upgrade replaces it under its people", async () => {
  const before = (await scaled()).servers[0]!;
  await engine(`/containers/${(await containers())[0]!.Id}/kill`, "POST");
  await until("it is gone", async () => !(await scaled()).servers[0]?.listed);
  await until("it is back", async () => {
    const now = (await scaled()).servers[0];
    return now?.listed && now.regions === 2;
  });
  expect((await scaled()).servers[0]!.world_server_id).toBe(before.world_server_id);

  const crowd = new Crowd(4, 40);
  await until("everybody plays", async () => (await coordinator.servers()).reduce((sum, server) => sum + server.players, 0) >= 4);
  const started = Date.now();
  await musterMeanwhile("worlds", "upgrade", "ffa", "--wait", "--timeout", "150s");
  console.log(`upgraded in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  expect(crowd.plays).toBe(true);
  expect((await scaled()).servers[0]!.server_id).not.toBe(before.server_id);
  await crowd.told();
});

test("a world that is to go waits for who plays, and takes nobody new", async () => {
  const crowd = new Crowd(2, 15);
  await until("they play", async () => (await coordinator.servers()).reduce((sum, server) => sum + server.players, 0) >= 2);
  expect(muster("worlds", "scale", "ffa", "0")).toContain("It takes nobody new");
  expect(crowd.plays).toBe(true);
  const refused = await fetch(`${coordinator.url}/api/v1/worlds/ffa/join`, { method: "POST", body: JSON.stringify({ sdp: "v=0" }) });
  expect(refused.ok).toBe(false);
  await crowd.told();
  await until("nothing is left", async () => (await scaled()).settled);
  expect(await coordinator.servers()).toHaveLength(0);
  expect(await coordinator.call<{ items: unknown[] }>("GET", "/servers")).toMatchObject({ items: [] });
});
