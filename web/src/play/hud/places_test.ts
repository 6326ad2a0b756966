import { describe, expect, it } from "vitest";
import { barsOf, Places, type Asked } from "./places";
import type { Server, World } from "@muster/client";

const world = (more: Partial<World> = {}): World => ({ name: "arena", mode: "ctf", map: "classic", people: 0, bots: 0, playersMax: 400, asleep: false, servers: 3, spread: false, ...more });
const server = (id: string, more: Partial<Server> = {}): Server => ({
  id, name: `${id}-name`, version: "1", location: "", addresses: ["192.0.2.1"], udpPort: 1, players: 0, capacity: 400, load: 0, draining: false, worlds: [{ name: "arena", people: 3, playersMax: 400 }], ...more,
});

class Fleet implements Asked {
  list: Server[] = [server("a"), server("b", { location: "eu-west" }), server("c", { worlds: [{ name: "field", people: 1, playersMax: 9 }] })];
  pings = new Map([["a", 80], ["b", 20]]);
  last: string[] = [];
  listed = 0;
  pinged: string[][] = [];
  async servers() {
    ++this.listed;
    return { servers: this.list };
  }
  async ping(servers: readonly Server[]) {
    this.pinged.push(servers.map(({ id }) => id));
    return this.pings;
  }
  lastServers() { return this.last; }
}

describe("places of a world", () => {
  it("are the servers that have it, the nearest first, by where they stand", async () => {
    const fleet = new Fleet();
    fleet.last = ["a"];
    const places = new Places(fleet, () => 0);
    await places.refresh([world()]);
    expect(places.of(world()).map(({ id, title, name, ping, wasLast }) => [id, title, name, ping, wasLast])).toEqual([["b", "eu-west", "b-name", 20, false], ["a", "a-name", "", 80, true]]);
    expect(places.of(world({ spread: true }))).toEqual([]);
    expect(places.of(undefined)).toEqual([]);
  });

  it("are listed every few seconds, and each asked how far it is once a minute", async () => {
    const fleet = new Fleet();
    let now = 0;
    const places = new Places(fleet, () => now);
    for (now = 0; now <= 50_000; now += 1_000) await places.refresh([world()]);
    expect(fleet.listed).toBe(13);
    fleet.list = [...fleet.list, server("d")];
    now = 55_000;
    await places.refresh([world()]);
    expect(fleet.pinged).toEqual([["a", "b", "c"], ["d"]]);
    now = 120_000;
    await places.refresh([world()]);
    expect(fleet.pinged[2]).toEqual(["a", "b", "c", "d"]);
  });

  it("are not asked for where a world server is alone, and their trouble is nobody's", async () => {
    const fleet = new Fleet();
    let now = 0;
    const places = new Places(fleet, () => now);
    await places.refresh([world({ servers: 0 })]);
    expect(fleet.listed).toBe(0);
    fleet.servers = async () => { throw new Error("no answer"); };
    await places.refresh([world()]);
    expect(places.of(world())).toEqual([]);
    now = 10_000;
    fleet.servers = Fleet.prototype.servers;
    await places.refresh([world()]);
    expect(places.of(world())).toHaveLength(2);
  });

  it("are full or leaving", async () => {
    const fleet = new Fleet();
    fleet.list = [server("a", { worlds: [{ name: "arena", people: 4, playersMax: 4 }] }), server("b", { draining: true })];
    const places = new Places(fleet, () => 0);
    await places.refresh([world()]);
    expect(places.of(world()).map(({ id, isFull, isLeaving }) => [id, isFull, isLeaving])).toEqual([["b", false, true], ["a", true, false]]);
  });

  it("a join goes to the one that was chosen, or to the nearest, and home first", async () => {
    const fleet = new Fleet();
    fleet.last = ["a", "x"];
    const places = new Places(fleet, () => 0);
    await places.refresh([world()]);
    expect(places.wish(world(), "a")).toEqual({ server: "a" });
    expect(places.wish(world(), "gone")).toEqual({ strategy: "lowest_ping", pings: new Map([["b", 30], ["a", 80]]), last: ["a"] });
    expect(places.wish(world({ spread: true }), "")).toEqual({});
    fleet.pings.clear();
    const silent = new Places(fleet, () => 0);
    await silent.refresh([world()]);
    expect(silent.wish(world(), "")).toEqual({ last: ["a"] });
  });

  it("have bars for how near they are", () => {
    expect([undefined, 3, 44, 60, 120, 400].map(barsOf)).toEqual([0, 4, 4, 3, 2, 1]);
  });
});
