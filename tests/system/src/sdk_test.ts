import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Person } from "./support/browser";
import { until } from "./support/until";
import { Worlds } from "./support/worlds";

/** Goal: a page of somebody else's, made with the client package alone, plays in a world. */

const PACKAGE = resolve(import.meta.dirname, "../../../sdk/typescript");

let site: Worlds;
let someone: Person | undefined;

beforeAll(async () => {
  execFileSync("npm", ["run", "--silent", "example:build"], { cwd: PACKAGE, stdio: ["ignore", "ignore", "inherit"] });
  site = await Worlds.serving(join(PACKAGE, "examples/dist"), "--modes", "ffa", "--bots", "30", "--seed", "7");
});
afterAll(async () => {
  await site?.stop();
});
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await someone?.keepEvidence();
  await someone?.leave();
});

test("dots are seen, and one's own moves", async () => {
  someone = await Person.arrive("Dora", site);
  await someone.open("/");
  const { page } = someone;
  const said = () => page.locator("#status").innerText();
  await until("she sees others", async () => /: [1-9]\d* in sight, \d+ ms/.test(await said()));
  // What is drawn is around oneself: the arena moves the other way.
  const picture = async () => (await page.locator("#arena").screenshot()).toString("base64");
  const before = await picture();
  await page.keyboard.down("KeyD");
  await until("the world says that she is there", async () => (await site.get<{ worlds: { people: number }[] }>("/api/v1/worlds")).worlds[0]!.people === 1);
  await until("the picture changes", async () => (await picture()) !== before);
  await page.keyboard.up("KeyD");
  await someone.picture("sdk-dots");
  expect(someone.faults).toEqual([]);
});
