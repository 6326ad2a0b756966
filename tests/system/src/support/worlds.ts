import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Hopeless, until } from "./until";

/** A real `muster world` with a data folder of its own, on ports that the system chose. Needs no engine. */

const ROOT = resolve(import.meta.dirname, "../../../..");

function binary(): string {
  const value = process.env.MUSTER_BIN;
  if (!value) throw new Error("MUSTER_BIN is not set; see tests/system/README.md");
  return resolve(value);
}

/** The environment without settings of Muster, so that none of the tests' own is refused. */
export function strangers(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MUSTER_")));
}

export class Worlds {
  readonly folder = mkdtempSync(join(tmpdir(), "muster-worlds-"));
  private process: ChildProcess | null = null;
  private http = "";
  private web = join(ROOT, "web/dist");

  static async start(...flags: string[]): Promise<Worlds> {
    return Worlds.serving(join(ROOT, "web/dist"), ...flags);
  }

  /** With the pages of that folder. */
  static async serving(web: string, ...flags: string[]): Promise<Worlds> {
    const worlds = new Worlds();
    worlds.web = web;
    try {
      await worlds.run(flags);
    } catch (error) {
      const log = worlds.log();
      await worlds.stop();
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n--- its log ---\n${log}`);
    }
    return worlds;
  }

  get url(): string {
    return this.http;
  }

  log(): string {
    const path = join(this.folder, "muster.log");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(-60).join("\n") : "";
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path, { signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
    return ((response.headers.get("Content-Type") ?? "").includes("json") ? JSON.parse(text) : text) as T;
  }

  async stop(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }
  /** As the kernel's out-of-memory killer would: no warning, no farewell. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const process_ = this.process;
    this.process = null;
    if (!process_ || process_.exitCode !== null || process_.signalCode !== null) return;
    process_.kill(signal);
    await until("it ends", () => process_.exitCode !== null || process_.signalCode !== null, 60_000).catch(() => process_.kill("SIGKILL"));
  }

  /** Starts the process; again with the same data folder when it ran before. */
  async run(flags: string[]): Promise<void> {
    const dataDir = join(this.folder, "data");
    const readyFile = join(dataDir, "ready.json");
    rmSync(readyFile, { force: true });
    const log = openSync(join(this.folder, "muster.log"), "a");
    const process_ = spawn(binary(), ["world", "--data-dir", dataDir, "--http", "127.0.0.1:0", "--udp", "0.0.0.0:0", "--web", this.web, ...flags], { stdio: ["ignore", log, log], cwd: ROOT, env: strangers() });
    closeSync(log);
    this.process = process_;
    const ready = await until("it says that it is ready", () => {
      if (process_.exitCode !== null || process_.signalCode !== null) throw new Hopeless(`it ended with ${process_.exitCode ?? process_.signalCode}`);
      return existsSync(readyFile) ? (JSON.parse(readFileSync(readyFile, "utf8")) as { http: string }) : undefined;
    });
    this.http = ready.http.replace(/\/$/, "");
  }
}
