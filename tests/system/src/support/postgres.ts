import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hopeless, until } from "./until";

/** A real PostgreSQL server of its own, on a socket in its folder and no port. As root it runs as the user postgres, for it refuses root. */

function programs(): string {
  const versions = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(a) - Number(b));
  return join("/usr/lib/postgresql", versions.at(-1)!, "bin");
}

/** Whom the server runs as; empty: us. */
function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (what: string) => Number(execFileSync("id", [what, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

export class Postgres {
  readonly folder = mkdtempSync(join(tmpdir(), "muster-pg-"));
  private readonly as = user();
  private process: ChildProcess | null = null;
  static readonly password = "system-test-password";

  static async start(): Promise<Postgres> {
    const postgres = new Postgres();
    const { uid, gid } = postgres.as;
    if (uid !== undefined && gid !== undefined) chownSync(postgres.folder, uid, gid);
    execFileSync(join(programs(), "initdb"), ["-D", "data", "-U", "muster", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"], { ...postgres.as, cwd: postgres.folder, stdio: "ignore" });
    await postgres.run();
    return postgres;
  }

  get url(): string {
    return `postgresql://muster:${Postgres.password}@/postgres?host=${this.folder}`;
  }

  /** Again, on the same data. */
  async run(): Promise<void> {
    const log = openSync(join(this.folder, "log"), "a");
    const process_ = spawn(join(programs(), "postgres"), ["-D", "data", "-k", this.folder, "-c", "listen_addresses=", "-c", "shared_buffers=8MB"], { ...this.as, cwd: this.folder, stdio: ["ignore", log, log] });
    closeSync(log);
    this.process = process_;
    await until("PostgreSQL takes connections", () => {
      if (process_.exitCode !== null || process_.signalCode !== null) throw new Hopeless(readFileSync(join(this.folder, "log"), "utf8"));
      execFileSync(join(programs(), "pg_isready"), ["-q", "-h", this.folder]);
      return true;
    });
  }

  /** The server and all of its sessions, without a farewell. */
  async kill(): Promise<void> {
    const process_ = this.process;
    this.process = null;
    if (!process_?.pid || process_.exitCode !== null || process_.signalCode !== null) return;
    process_.kill("SIGSTOP");  // it must not start anything while the rest is ended
    const sessions = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === process_.pid);
    for (const session of sessions) process.kill(Number(session), "SIGKILL");
    process_.kill("SIGKILL");
    await until("PostgreSQL is dead", () => process_.signalCode !== null);
  }
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;  // it has ended meanwhile
  }
}
