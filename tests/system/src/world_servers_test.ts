import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Coordinator, type WorldServer } from "./support/coordinator";
import { Player } from "./support/player";
import { until } from "./support/until";
import { strangers, Worlds } from "./support/worlds";

/** Goal: whoever opens the coordinator's page plays on a world server elsewhere, whatever is killed meanwhile. */

const LEASE_MS = 3_000;

let coordinator: Coordinator;
const servers: Worlds[] = [];
const players: Player[] = [];

beforeAll(async () => {
  coordinator = await Coordinator.start("--link-ping", "1s", "--link-lease", `${LEASE_MS}ms`);
});
afterAll(async () => {
  await coordinator?.stop();
});
afterEach(async ({ task }) => {
  for (const player of players.splice(0)) {
    if (task.result?.state === "fail") await player.keepEvidence();
    await player.leave();
  }
  for (const server of servers.splice(0)) await server.stop();
  await until("nobody is listed any more", async () => (await coordinator.servers()).length === 0);
});

/** A world server of that name, once it is listed. */
async function join(name: string, ...flags: string[]): Promise<{ worlds: Worlds; listed: WorldServer }> {
  const token = await coordinator.joinToken(name);
  const worlds = await Worlds.start("--coordinator", coordinator.link, "--join-token", token, "--modes", "ffa", "--bots", "0", "--seed", "7", "--public-ip", "127.0.0.1", ...flags);
  servers.push(worlds);
  return { worlds, listed: await listed(name) };
}
async function listed(name: string): Promise<WorldServer> {
  return until(`${name} is listed`, async () => (await coordinator.servers()).find((server) => server.name === name));
}
async function someone(name: string): Promise<Player> {
  const player = await Player.arrive(name, coordinator);
  players.push(player);
  return player;
}
async function playsOn(player: Player): Promise<void> {
  const { tick, x, y } = await player.state();
  await player.hold("KeyD", "KeyS");
  await until(`${player.name} moves`, async () => {
    const now = await player.state();
    return now.open && now.tick > tick + 30 && Math.hypot(now.x - x, now.y - y) > 10;
  });
  await player.hold();
}

test("a page of the coordinator plays on a world server, and goes on while the coordinator is killed and comes back", async () => {
  const { listed: before } = await join("attic");
  const anna = await someone("Anna");
  await anna.join();
  await playsOn(anna);
  await until("the list counts Anna", async () => (await listed("attic")).players === 1);

  await coordinator.kill();
  await playsOn(anna);
  await coordinator.run();
  expect((await listed("attic")).id).toBe(before.id);
  await playsOn(anna);
  expect(await anna.state()).toMatchObject({ open: true, alive: true });

  // Leaving goes through the coordinator that never saw her come.
  await anna.page.keyboard.press("Escape");
  await anna.page.getByRole("button", { name: "Leave the match" }).click();
  await until("the place is free", async () => (await listed("attic")).players === 0);
});

test("two world servers share a world; one that is killed is delisted within its lease, and the page goes on at the other", async () => {
  const first = await join("first");
  const anna = await someone("Anna");
  await anna.join();
  const { listed: second } = await join("second");
  await until("the list counts Anna", async () => (await listed("first")).players === 1);

  // The emptier one takes the next.
  const bert = await someone("Bert");
  await bert.join();
  await until("Bert is on the second", async () => (await coordinator.servers()).find((server) => server.id === second.id)?.players === 1);

  const killed = Date.now();
  await first.worlds.kill();
  await until("the killed one is delisted", async () => (await coordinator.servers()).length === 1);
  expect(Date.now() - killed).toBeLessThan(LEASE_MS + 2_000);
  await until("Anna's page has found the other", async () => (await coordinator.servers())[0]?.players === 2, 60_000);
  await until("Anna plays again", async () => {
    const state = await anna.state();
    return state.open && state.alive;
  });
});

test("the page shows how far the servers of a world are, goes to the one that was chosen, and knows it the next time", async () => {
  await join("first");
  const { listed: second } = await join("second");
  const anna = await someone("Anna");
  await anna.open();
  const rows = anna.page.locator(".server[data-server]");
  await until("both are shown, and answer", async () => {
    const texts = await rows.allInnerTexts();
    return texts.length === 2 && texts.every((text) => /\d+\s*ms/.test(text));
  });
  expect(await anna.barriers()).toEqual([]);
  await anna.picture("lobby-servers");
  await anna.page.locator(`.server[data-server="${second.id}"]`).click();
  await anna.page.getByRole("button", { name: "Play" }).click();
  await until("she is on the second", async () => (await coordinator.servers()).find((server) => server.id === second.id)?.players === 1);
  await until("she plays", async () => (await anna.state()).open);
  await anna.open();
  await until("the page knows where she was", async () => (await anna.page.locator(`.server[data-server="${second.id}"]`).innerText()).includes("last time"));
});

test("the command line lists and drains them, and a drained one takes nobody", async () => {
  const { listed: attic } = await join("attic");
  const muster = (...words: string[]) =>
    execFileSync(resolve(process.env.MUSTER_BIN!), [...words, "--url", coordinator.url, "--token", coordinator.adminToken], { encoding: "utf8", env: strangers() });
  const table = muster("worlds", "servers");
  expect(table).toContain("attic");
  expect(table).toContain(`127.0.0.1:${attic.udp_port}`);
  expect((JSON.parse(muster("worlds", "servers", "--json")) as WorldServer[])[0]?.id).toBe(attic.id);
  muster("worlds", "drain", "attic");
  expect((await listed("attic")).draining).toBe(true);
  const refused = await fetch(`${coordinator.url}/api/v1/worlds/ffa/join`, { method: "POST", body: JSON.stringify({ sdp: "v=0" }) });
  expect(refused.status).toBe(404);
  muster("worlds", "drain", "attic", "--undo");
  await until("it takes players again", async () => !(await listed("attic")).draining);
  const wrong = await fetch(`${coordinator.url}/api/v1/worlds/ffa/join`, { method: "POST", body: JSON.stringify({ sdp: "v=0" }) });
  expect([wrong.status, ((await wrong.json()) as { field: string }).field]).toEqual([400, "sdp"]);
});

test("one that is revoked is sent away for good, while who plays on it plays on", async () => {
  const { worlds, listed: attic } = await join("attic");
  const anna = await someone("Anna");
  await anna.join();
  await coordinator.call("DELETE", `/world-servers/${attic.id}`);
  await until("it says so", () => worlds.log().includes("go on without a coordinator"));
  expect(await coordinator.servers()).toEqual([]);
  await playsOn(anna);
});
