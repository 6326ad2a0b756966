import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Muster } from "./support/muster";
import { sh } from "./support/words";

/** Goal: the README's five minutes work as pasted, with a real game that Debian ships. */

let muster: Muster;
beforeAll(async () => {
  muster = await Muster.start();
});
afterAll(async () => {
  await muster?.stop();
});

function commands(): string[] {
  const readme = readFileSync(resolve(import.meta.dirname, "../../../README.md"), "utf8");
  const block = /## Five minutes[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1];
  if (!block) throw new Error("README.md has no five minutes");
  // The image is made before the tests, on the engine that they use.
  return block.split("\n").filter((line) => line.startsWith("muster "));
}

test("the README's tour runs as it is written", async () => {
  const seen: string[] = [];
  for (const line of commands()) {
    const { code, out, err } = await sh(muster, line);
    expect(code, `${line}\n${out}\n${err}`).toBe(0);
    seen.push(out);
  }
  const all = seen.join("\n");
  expect(all).toContain("teeworlds");
  expect(all).toContain("friday is ready; players connect to ");
  expect(all).toContain("server name is");
  expect(seen.at(-1)).toMatch(/^srv-/m);
});
