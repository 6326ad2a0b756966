import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { Muster } from "./muster";

/** The command line as a person types it, in a shell, against a running Muster. */

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

const ROOT = resolve(import.meta.dirname, "../../../..");

/** Runs one line of shell in which `muster` is the executable under test and finds its coordinator by the data folder. */
export function sh(muster: Muster, line: string, more: NodeJS.ProcessEnv = {}, input = ""): Promise<Outcome> {
  const binary = resolve(process.env["MUSTER_BIN"] ?? "muster");
  const child = spawn("bash", ["-c", `muster() { "${binary}" "$@"; }\n${line}`], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], HOME: muster.folder, MUSTER_DATA_DIR: muster.dataDir, ...more },
  });
  const outcome: Outcome = { code: null, out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (outcome.out += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (outcome.err += piece));
  child.stdin.end(input);
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => done({ ...outcome, code }));
  });
}

/** What it prints; an error that holds everything when it fails. */
export async function says(muster: Muster, line: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const outcome = await sh(muster, line, more);
  if (outcome.code !== 0) throw new Error(`${line}: exit code ${outcome.code}\n${outcome.out}\n${outcome.err}`);
  return outcome.out;
}
