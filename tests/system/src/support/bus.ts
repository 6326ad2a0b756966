import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until";

/** A real nats-server on a port that the system chose: what the servers of a spread world talk over. */
export class Bus {
  private constructor(private readonly process: ChildProcess, private readonly folder: string, readonly url: string) {}

  static async start(address = "127.0.0.1"): Promise<Bus> {
    const folder = mkdtempSync(join(tmpdir(), "muster-bus-"));
    const process_ = spawn("nats-server", ["--addr", address, "--port", "-1", "--ports_file_dir", folder], { stdio: "ignore" });
    const url = await until("nats-server says its port", () => {
      const file = readdirSync(folder).find((name) => name.endsWith(".ports"));
      return file && (JSON.parse(readFileSync(join(folder, file), "utf8")) as { nats: string[] }).nats[0];
    });
    return new Bus(process_, folder, url);
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGTERM");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
