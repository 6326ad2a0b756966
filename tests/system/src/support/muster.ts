import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Hopeless, until } from "./until";

/** A real `muster up` with a data folder of its own, on ports that the system chose. */

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; see tests/system/README.md`);
  return value;
}

const ROOT = resolve(import.meta.dirname, "../../../..");

interface Ready {
  http: string;
  pid: number;
}

/** The environment without settings of Muster: it refuses those that it does not know, the tests' own among them. */
function strangers(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MUSTER_")));
}

/** Ports of its own for the servers, below those that the system hands out, so that whatever else runs on the machine is left alone. */
export function somePorts(): string {
  const first = 12_000 + 100 * Math.floor(Math.random() * 200);
  return `${first}-${first + 99}`;
}

export const GAME_ID = "system-test-game";

/** The game of tools/images/testgame. */
export const GAME = `
id = "${GAME_ID}"
name = "System test game"
description = "Says what it hears."
image = "muster-test/game:1"
memory_bytes = 67108864
notes = "Type \`say something\` into its console."

[ready]
pattern = "Done! Server ready"
timeout_seconds = 120

[stop]
command = "stop"
grace_seconds = 60

[[ports]]
name = "game"
number = 7000
protocol = "tcp"
description = "Answers pong."

[[variables]]
name = "PASSWORD"
label = "Password"
description = "What players must know."
secret = true
required = true
length_min = 5

[[variables]]
name = "PLAYERS_MAX"
label = "Players at most"
type = "integer"
default = 8
min = 1
max = 64

[[variables]]
name = "MODE"
label = "Mode"
type = "choice"
default = "calm"
choices = ["calm", "wild"]

[[variables]]
name = "FRIENDLY_FIRE"
label = "Friendly fire"
type = "boolean"
default = false
on = "1"
off = "0"

[[volumes]]
name = "data"
target = "/data"
`;

export class Muster {
  readonly folder = mkdtempSync(join(tmpdir(), "muster-system-"));
  readonly dataDir = join(this.folder, "data");
  readonly dockerHost = needed("MUSTER_TEST_DOCKER_HOST");
  private readonly binary = resolve(needed("MUSTER_BIN"));
  private process: ChildProcess | null = null;
  private ready: Ready | null = null;
  private readonly ports = somePorts();
  adminToken = "";

  static async start(): Promise<Muster> {
    const muster = new Muster();
    try {
      await muster.run();
      muster.adminToken = await until("the first admin token is in its file", () => readFileSync(join(muster.dataDir, "admin.token"), "utf8").trim());
      await until("its own node is online", async () => (await muster.get<{ items: { state: string }[] }>("/nodes")).items.some((node) => node.state === "online"));
      await muster.call("PUT", `/games/${GAME_ID}`, GAME, "application/toml");
    } catch (error) {
      const log = muster.log();
      await muster.stop();
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n--- its log ---\n${log}`);
    }
    return muster;
  }

  get url(): string {
    const address = this.ready?.http ?? "";
    return (address.includes("://") ? address : `http://${address}`).replace(/\/$/, "");
  }

  log(): string {
    const path = join(this.folder, "muster.log");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(-60).join("\n") : "";
  }

  /** Starts the process; again on the same port when it ran before, as a supervisor would. */
  async run(): Promise<void> {
    const http = this.ready ? new URL(this.url).host : "127.0.0.1:0";
    const config = join(this.folder, "muster.toml");
    writeFileSync(config, `[docker]\nbase_url = "${this.dockerHost}"\n\n[web]\nfolder = "${join(ROOT, "web/dist")}"\n`);
    const readyFile = join(this.dataDir, "ready.json");
    rmSync(readyFile, { force: true });
    const log = openSync(join(this.folder, "muster.log"), "a");
    const process_ = spawn(this.binary, ["up", "--config", config, "--data-dir", this.dataDir, "--http", http, "--grpc", "127.0.0.1:0", "--udp", "0.0.0.0:0", "--ports", this.ports], { stdio: ["ignore", log, log], cwd: ROOT, env: strangers() });
    closeSync(log);
    this.process = process_;
    this.ready = await until("it says that it is ready", () => {
      if (process_.exitCode !== null || process_.signalCode !== null) throw new Hopeless(`it ended with ${process_.exitCode ?? process_.signalCode}`);
      return existsSync(readyFile) ? (JSON.parse(readFileSync(readyFile, "utf8")) as Ready) : undefined;
    });
  }

  /** As the kernel's out-of-memory killer would: no warning, no farewell. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Removes its servers with their data, ends it, and removes what it left. Never throws: the test's own result counts. */
  async stop(): Promise<void> {
    try {
      if (this.ready && this.process && this.adminToken) await this.removeServers();
    } catch (error) {
      console.error("cleaning up:", error);
    }
    await this.end("SIGTERM");
    await this.removeContainers().catch((error: unknown) => console.error("cleaning up:", error));
    rmSync(this.folder, { recursive: true, force: true });
  }

  async get<T>(path: string): Promise<T> {
    return this.call<T>("GET", path);
  }

  async call<T>(method: string, path: string, body?: unknown, type = "application/json", token = this.adminToken): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method, headers: { Authorization: `Bearer ${token}`, ...(body !== undefined && { "Content-Type": type }) },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }), signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text && (response.headers.get("Content-Type") ?? "").includes("json") ? JSON.parse(text) : text) as T;
  }

  /** Deploys over the API, for tests whose subject is something else. */
  async deploy(name: string): Promise<{ id: string }> {
    const answer = await this.call<{ server: { id: string } }>("POST", "/servers", { name, game: GAME_ID, variables: { PASSWORD: "hidden" } });
    await this.serverIs(answer.server.id, "ready");
    return answer.server;
  }

  /** Removes it, and waits until it is gone: its port is free for the next only then. */
  async remove(id: string): Promise<void> {
    await this.call("DELETE", `/servers/${id}?data=delete`);
    await until(`${id} is gone`, async () => !(await this.get<{ items: { id: string }[] }>("/servers")).items.some((server) => server.id === id));
  }

  async serverIs(id: string, state: string): Promise<void> {
    await until(`${id} is ${state}`, async () => {
      const server = await this.get<{ state: string; reason: string }>(`/servers/${id}`);
      // A refused deploy leaves a crashed server with a reason; waiting longer changes nothing.
      if (server.state === "crashed" && state !== "crashed") throw new Hopeless(`${id} should become ${state}, and is crashed: ${server.reason}`);
      return server.state === state;
    });
  }

  private async removeServers(): Promise<void> {
    const { items } = await this.get<{ items: { id: string }[] }>("/servers");
    for (const server of items) await this.call("DELETE", `/servers/${server.id}?data=delete`).catch(() => undefined);
    await until("its servers are gone", async () => (await this.get<{ items: unknown[] }>("/servers")).items.length === 0, 60_000);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const process_ = this.process;
    this.process = null;
    if (!process_ || process_.exitCode !== null || process_.signalCode !== null) return;
    process_.kill(signal);
    await until("it ends", () => process_.exitCode !== null || process_.signalCode !== null, 60_000).catch(() => process_.kill("SIGKILL"));
  }

  /** Containers that a failed run left, by the folder that they have mounted: nobody else's are touched. */
  private async removeContainers(): Promise<void> {
    const all = JSON.parse(await this.docker("GET", "/containers/json?all=1")) as { Id: string; Mounts?: { Source?: string }[] }[];
    for (const container of all) {
      if (container.Mounts?.some((mount) => mount.Source?.startsWith(this.folder))) await this.docker("DELETE", `/containers/${container.Id}?force=1`);
    }
  }

  private docker(method: string, path: string): Promise<string> {
    const socketPath = this.dockerHost.replace(/^unix:\/\//, "");
    return new Promise((done, failed) => {
      const call = request({ socketPath, method, path, timeout: 30_000 }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => (text += piece));
        response.on("end", () => done(text));
      });
      call.on("error", failed);
      call.end();
    });
  }
}
