import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Coordinator } from "./support/coordinator";
import { GAME, GAME_ID } from "./support/muster";
import { Node } from "./support/node";
import { Postgres } from "./support/postgres";
import { until } from "./support/until";

/** Goal: two coordinators on one PostgreSQL are one to whoever uses them, whichever of them and whatever else is killed. */

const BACK_WITHIN_MS = 10_000;

interface Server { id: string; name: string; state: string; ports: { outside: number }[] }

let postgres: Postgres;
let node: Node;
let leader: Coordinator;
let other: Coordinator;

async function join(): Promise<Coordinator> {
  // Both are listening where they will be dialled before the node is told.
  return Coordinator.start("--store-url", postgres.url, "--link-ping", "1s", "--link-lease", "5s");
}

beforeAll(async () => {
  postgres = await Postgres.start();
  leader = await join();
  other = await join();
  other.adminToken = leader.adminToken;
  const { token } = await leader.call<{ token: string }>("POST", "/join-tokens", { name: "attic" });
  // The one that stands by comes first in the list.
  node = await Node.start("--coordinator", `${other.link},${leader.link}`, "--join-token", token);
  await nodeIsOnline(other);
  await other.call("PUT", `/games/${GAME_ID}`, GAME, "application/toml");
});
afterAll(async () => {
  for (const { id } of (await leader?.call<{ items: Server[] }>("GET", "/servers").catch(() => undefined))?.items ?? []) {
    await leader.call("DELETE", `/servers/${id}?data=delete`).catch(() => undefined);
  }
  await until("the servers are gone", async () => (await leader.call<{ items: Server[] }>("GET", "/servers")).items.length === 0, 60_000).catch(() => undefined);
  await node?.stop();
  await other?.stop();
  await leader?.stop();
  await postgres?.stop();
});

async function nodeIsOnline(at: Coordinator): Promise<void> {
  await until("the node is online", async () => (await at.call<{ items: { name: string; state: string }[] }>("GET", "/nodes")).items.some((one) => one.name === "attic" && one.state === "online"));
}
async function serverIs(at: Coordinator, id: string, state: string): Promise<void> {
  await until(`${id} is ${state}`, async () => (await at.call<Server>("GET", `/servers/${id}`)).state === state);
}
async function deploy(at: Coordinator, name: string): Promise<string> {
  const { server } = await at.call<{ server: { id: string } }>("POST", "/servers", { name, game: GAME_ID, variables: { PASSWORD: "hidden" } });
  await serverIs(at, server.id, "ready");
  return server.id;
}
async function names(at: Coordinator): Promise<string[]> {
  return (await at.call<{ items: Server[] }>("GET", "/servers")).items.map((server) => server.name).sort();
}
/** What the game itself says, past all coordinators. */
async function gameAnswers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(5_000, () => socket.destroy());
    socket.once("data", () => { done(true); socket.destroy(); });
    socket.once("connect", () => socket.write("ping\n"));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
  });
}

test("a request at either is answered, and both say the same", async () => {
  const saturday = await deploy(other, "saturday");
  await deploy(leader, "sunday");
  expect(await names(leader)).toEqual(["saturday", "sunday"]);
  expect(await names(other)).toEqual(["saturday", "sunday"]);
  const { token } = await other.call<{ token: string }>("POST", "/tokens", { name: "guest", role: "viewer" });
  for (const one of [leader, other]) {
    const answer = await fetch(`${one.url}/api/v1/servers/${saturday}`, { headers: { Authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
  }
  expect((await fetch(`${other.url}/`)).status).toBe(200);
  expect(`${leader.log()}${other.log()}`).not.toContain(Postgres.password);
});

test("when the leader is killed the other leads, the node is back, and what was deployed before can be stopped", async () => {
  const [saturday] = (await other.call<{ items: Server[] }>("GET", "/servers")).items.filter((server) => server.name === "saturday");
  const port = saturday!.ports[0]!.outside;
  expect(await gameAnswers(port)).toBe(true);
  const killed = Date.now();
  await leader.kill();
  await nodeIsOnline(other);
  await until("it lists what was deployed", async () => (await names(other)).length === 2);
  // It was not touched.
  expect(await gameAnswers(port)).toBe(true);
  await other.call("POST", `/servers/${saturday!.id}/stop`);
  const took = Date.now() - killed;
  await serverIs(other, saturday!.id, "stopped");
  console.log(`a killed leader: the other answers for the node after ${took} ms, the server is stopped after ${Date.now() - killed} ms`);
  expect(took).toBeLessThan(BACK_WITHIN_MS);
  expect(other.log()).toContain("leads from now on");

  // The killed one comes back and stands by.
  [leader, other] = [other, leader];
  await other.run();
  expect(await names(other)).toEqual(["saturday", "sunday"]);
  expect(other.log().trim().split("\n").at(-2)).toContain("stands by");
});

test("when PostgreSQL is killed games go on, and when it is back all agree", async () => {
  const [sunday] = (await leader.call<{ items: Server[] }>("GET", "/servers")).items.filter((server) => server.name === "sunday");
  await postgres.kill();
  // What is known is still told, and what cannot be kept is refused.
  for (const one of [leader, other]) expect(await names(one)).toEqual(["saturday", "sunday"]);
  await expect(other.call("POST", "/tokens", { name: "never", role: "viewer" })).rejects.toThrow("503");
  expect(await gameAnswers(sunday!.ports[0]!.outside)).toBe(true);

  await postgres.run();
  const back = Date.now();
  await until("either takes changes again", async () => {
    for (const one of [leader, other]) await one.call("POST", "/tokens", { name: "after", role: "viewer" });
    return true;
  });
  await nodeIsOnline(other);
  const took = Date.now() - back;
  console.log(`PostgreSQL back: either takes changes after ${took} ms`);
  expect(took).toBeLessThan(BACK_WITHIN_MS);
  expect(await names(leader)).toEqual(await names(other));
  await other.call("POST", `/servers/${sunday!.id}/stop`);
  await serverIs(leader, sunday!.id, "stopped");
  expect((await leader.call<{ valid: boolean }>("GET", "/audit/verify")).valid).toBe(true);
});
