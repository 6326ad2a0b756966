import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Hopeless, until } from "./until";
import { strangers } from "./worlds";

/** A real `muster coordinator` with a data folder of its own, on ports that the system chose and that it keeps. Needs no engine. */

const ROOT = resolve(import.meta.dirname, "../../../..");

export interface WorldServer {
  id: string; name: string; players: number; capacity: number; load: number; draining: boolean; udp_port: number;
  worlds: { name: string; people: number; bots: number; players_max: number }[];
}

export class Coordinator {
  readonly folder = mkdtempSync(join(tmpdir(), "muster-coordinator-"));
  private readonly flags: string[];
  private process: ChildProcess | null = null;
  private http = "";
  private grpc = "";
  adminToken = "";

  private constructor(flags: string[]) {
    this.flags = flags;
  }

  static async start(...flags: string[]): Promise<Coordinator> {
    const coordinator = new Coordinator(flags);
    try {
      await coordinator.run();
      // One that stands by for another has made none.
      const token = join(coordinator.folder, "data", "admin.token");
      if (existsSync(token)) coordinator.adminToken = readFileSync(token, "utf8").trim();
    } catch (error) {
      const log = coordinator.log();
      await coordinator.stop();
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n--- its log ---\n${log}`);
    }
    return coordinator;
  }

  get url(): string {
    return this.http;
  }
  /** Where world servers dial. */
  get link(): string {
    return this.grpc;
  }

  log(): string {
    const path = join(this.folder, "muster.log");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(-60).join("\n") : "";
  }

  async call<T>(method: string, path: string, body?: unknown, type = "application/json"): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method, headers: { Authorization: `Bearer ${this.adminToken}`, ...(body !== undefined && { "Content-Type": type }) },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }), signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async joinToken(name: string): Promise<string> {
    return (await this.call<{ token: string }>("POST", "/join-tokens", { kind: "world_server", name })).token;
  }
  async servers(): Promise<WorldServer[]> {
    return (await this.call<{ items: WorldServer[] }>("GET", "/world-servers")).items;
  }

  /** Starts the process; again on the same ports when it ran before, as a supervisor would. */
  async run(): Promise<void> {
    const binary = process.env.MUSTER_BIN;
    if (!binary) throw new Error("MUSTER_BIN is not set; see tests/system/README.md");
    const dataDir = join(this.folder, "data");
    const readyFile = join(dataDir, "ready.json");
    rmSync(readyFile, { force: true });
    const log = openSync(join(this.folder, "muster.log"), "a");
    const http = this.http ? new URL(this.http).host : "127.0.0.1:0";
    const process_ = spawn(resolve(binary), ["coordinator", "--data-dir", dataDir, "--http", http, ...(this.flags.includes("--grpc") ? [] : ["--grpc", this.grpc || "127.0.0.1:0"]), "--web", join(ROOT, "web/dist"), ...this.flags], { stdio: ["ignore", log, log], cwd: ROOT, env: strangers() });
    closeSync(log);
    this.process = process_;
    const ready = await until("it says that it is ready", () => {
      if (process_.exitCode !== null || process_.signalCode !== null) throw new Hopeless(`it ended with ${process_.exitCode ?? process_.signalCode}`);
      return existsSync(readyFile) ? (JSON.parse(readFileSync(readyFile, "utf8")) as { http: string; grpc: string }) : undefined;
    });
    this.http = ready.http.replace(/\/$/, "");
    this.grpc = ready.grpc;
  }

  /** As the kernel's out-of-memory killer would: no warning, no farewell. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }
  async stop(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const process_ = this.process;
    this.process = null;
    if (!process_ || process_.exitCode !== null || process_.signalCode !== null) return;
    process_.kill(signal);
    await until("it ends", () => process_.exitCode !== null || process_.signalCode !== null, 60_000).catch(() => process_.kill("SIGKILL"));
  }
}
