import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { somePorts } from "./muster";
import { Hopeless, until } from "./until";
import { strangers } from "./worlds";

/** A real `muster node` with a data folder of its own, on the tests' Docker Engine. */
export class Node {
  readonly folder = mkdtempSync(join(tmpdir(), "muster-node-"));
  private process: ChildProcess | null = null;

  static async start(...flags: string[]): Promise<Node> {
    const node = new Node();
    const engine = process.env.MUSTER_TEST_DOCKER_HOST;
    if (!engine || !process.env.MUSTER_BIN) throw new Error("MUSTER_BIN and MUSTER_TEST_DOCKER_HOST must be set; see tests/system/README.md");
    const dataDir = join(node.folder, "data");
    const log = openSync(join(node.folder, "muster.log"), "a");
    const process_ = spawn(resolve(process.env.MUSTER_BIN), ["node", "--data-dir", dataDir, "--docker", engine, "--ports", somePorts(), ...flags], { stdio: ["ignore", log, log], env: strangers() });
    closeSync(log);
    node.process = process_;
    await until("the node says that it is ready", () => {
      if (process_.exitCode !== null || process_.signalCode !== null) throw new Hopeless(node.log());
      return existsSync(join(dataDir, "ready.json"));
    });
    return node;
  }

  log(): string {
    const path = join(this.folder, "muster.log");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(-60).join("\n") : "";
  }

  async stop(): Promise<void> {
    const process_ = this.process;
    process_?.kill("SIGTERM");
    await until("the node ends", () => !process_ || process_.exitCode !== null || process_.signalCode !== null, 60_000).catch(() => process_?.kill("SIGKILL"));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
