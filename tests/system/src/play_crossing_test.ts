import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Bus } from "./support/bus";
import { Coordinator } from "./support/coordinator";
import { Player } from "./support/player";
import { until } from "./support/until";
import { Worlds } from "./support/worlds";

/** Goal: a player walks over the border between two servers of one world, and the page shows no sign of it; nor for long when one is killed. */

interface Seen { frames: number; step: number; links: string[]; blinks: number; alive: boolean }

const NAMES = ["west", "east"];
let bus: Bus;
let coordinator: Coordinator;
const servers: Worlds[] = [];
const players: Player[] = [];

beforeAll(async () => {
  bus = await Bus.start();
  coordinator = await Coordinator.start();
  for (const name of NAMES) {
    const token = await coordinator.joinToken(name);
    servers.push(await Worlds.start(
      "--coordinator", coordinator.link, "--join-token", token, "--modes", "tdm", "--bots", "0", "--seed", "7", "--match", "30m", "--public-ip", "127.0.0.1",
      "--map", join(import.meta.dirname, "support/plain.json"), "--spread", "--regions", "2", "--bus-url", bus.url,
    ));
  }
  await until("both have a region", async () => {
    const listed = (await coordinator.servers()) as unknown as { regions: unknown[] }[];
    return listed.length === 2 && listed.every((server) => server.regions.length > 0);
  });
});
afterAll(async () => {
  for (const server of servers) await server.stop();
  await coordinator?.stop();
  await bus?.stop();
});
afterEach(async ({ task }) => {
  for (const player of players.splice(0)) {
    if (task.result?.state === "fail") await player.keepEvidence();
    await player.leave();
  }
});

async function someone(name: string, team: "Red" | "Blue"): Promise<Player> {
  const player = await Player.arrive(name, coordinator);
  players.push(player);
  await player.join(team);
  return player;
}

/** Watches every frame: how far one is moved in a frame beyond what one can walk in it, the words about the connection, and whether `other` vanishes. */
async function watch(player: Player, other: number): Promise<void> {
  await player.page.evaluate((id) => {
    const page = window as unknown as { __muster_play: { x: number; y: number; alive: boolean; link: string; other(id: number): unknown }; seen: Seen };
    const seen = (page.seen = { frames: 0, step: 0, links: [] as string[], blinks: 0, alive: true as boolean });
    let before = { x: page.__muster_play.x, y: page.__muster_play.y, at: performance.now() };
    const look = () => {
      const play = page.__muster_play;
      const now = { x: play.x, y: play.y, at: performance.now() };
      const walked = 0.16 * (now.at - before.at);
      ++seen.frames;
      seen.step = Math.max(seen.step, Math.hypot(now.x - before.x, now.y - before.y) - walked);
      if (!seen.links.includes(play.link)) seen.links.push(play.link);
      if (id >= 0 && !play.other(id)) ++seen.blinks;
      seen.alive = seen.alive && play.alive;
      before = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, other);
}
const seenBy = (player: Player) => player.page.evaluate(() => (window as unknown as { seen: Seen }).seen);

test("who walks over the border between two servers sees no sign of it, sees who is near, and talks on", async () => {
  const anna = await someone("Anna", "Red");
  const bert = await someone("Bert", "Blue");
  await Promise.all([anna.walkTo(-120, 0, 40), bert.walkTo(0, 60, 40)]);
  const { self } = await bert.state();
  await until("Anna sees Bert", async () => anna.other(self));
  await watch(anna, self);
  const before = (await anna.state()).crossings;
  for (const x of [160, -160, 160, -160]) await anna.walkTo(x, 0, 40);
  const state = await anna.state();
  expect(state.crossings - before).toBeGreaterThanOrEqual(2);
  expect(state.lastGap).toBeLessThan(500);
  const seen = await seenBy(anna);
  expect(seen).toMatchObject({ links: ["open"], blinks: 0, alive: true });
  expect(seen.step).toBeLessThan(40);
  for (let line = 1; line <= 3; ++line) {
    await anna.say(`line ${line}`);
    await anna.walkTo(line % 2 === 1 ? 160 : -160, 0, 40);
  }
  await until("Bert has read it all, once", async () => (await bert.page.locator(".chat").innerText()).match(/line [123]/g)?.join() === "line 1,line 2,line 3");
  expect(anna.faults).toEqual([]);
});

/** The index of the server that owns the part of the world in which x is. */
async function owner(x: number): Promise<number> {
  const world = await coordinator.call<{ regions: { area: { left: number; right: number }; server?: string }[] }>("GET", "/worlds/tdm");
  const region = world.regions.find(({ area }) => area.left <= x && x < area.right);
  const listed = (await coordinator.servers()) as unknown as { id: string; name: string }[];
  return NAMES.indexOf(listed.find(({ id }) => id === region?.server)?.name ?? "");
}

test("a server that is killed is missed for a moment: its player plays on at the other", async () => {
  const anna = await someone("Anna", "Red");
  // For longer than it takes until the other server has a copy of her.
  for (const y of [120, -120, 0]) await anna.walkTo(-200, y, 40);
  const before = await anna.state();
  const index = await owner(before.x);
  expect(index).toBeGreaterThanOrEqual(0);
  await servers[index]!.kill();
  const killed = Date.now();
  await until("the other owns it all", async () => (await owner(before.x)) === 1 - index, 20_000);
  const { tick } = await anna.state();
  // Near the border her page has a second connection, and may notice nothing but a standstill.
  await until("Anna plays on", async () => {
    const state = await anna.state();
    return state.open && state.alive && state.tick !== tick;
  }, 20_000);
  expect(Date.now() - killed).toBeLessThan(15_000);
  await anna.walkTo(before.x, 150, 40);
  expect((await anna.state()).self).toBe(before.self);
});
