// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Lobby } from "./lobby";
import { Places } from "./places";
import { makeStore, type Store } from "./store";
import { load } from "../settings";
import type { JoinOptions, Server, World } from "@muster/client";

const EVIL = '<img src=x onerror="window.owned = true">';
const server = (id: string, more: Partial<Server> = {}): Server => ({
  id, name: `${id}-name`, version: "1", location: "", addresses: [], udpPort: 1, players: 0, capacity: 400, load: 0, draining: false, worlds: [{ name: "arena", people: 40, playersMax: 400 }], ...more,
});
const world = (more: Partial<World> = {}): World => ({ name: "arena", mode: "ctf", map: "classic", people: 80, bots: 0, playersMax: 800, asleep: false, servers: 2, spread: false, ...more });

let root: HTMLElement;
let store: Store;
let joins: JoinOptions[];

async function show(servers: Server[], pings: [string, number][], last: string[] = [], worlds = [world()]): Promise<void> {
  const places = new Places({ servers: async () => ({ servers }), ping: async () => new Map(pings), lastServers: () => last }, () => 0);
  store.worlds.value = { worlds, iceServers: [], keysUrl: "" };
  await places.refresh(worlds);
  act(() => render(<Lobby store={store} places={places} onJoin={(join) => void joins.push(join)} onRefresh={() => undefined} />, root));
}
const rows = () => [...root.querySelectorAll(".server[data-server]")].map((row) => row.textContent!);
const play = () => act(() => root.querySelector<HTMLButtonElement>("button.go")!.click());

beforeEach(() => {
  localStorage.clear();
  root = document.createElement("div");
  document.body.append(root);
  store = makeStore(load({ getItem: () => null }));
  joins = [];
});
afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

describe("the servers of a world", () => {
  it("are shown with where they stand, how far and how full they are; the nearest is taken when nobody chooses", async () => {
    await show([server("a"), server("b", { location: "eu-west" }), server("c", { location: EVIL, worlds: [{ name: "arena", people: 400, playersMax: 400 }] })], [["a", 88.4], ["b", 12]]);
    expect(rows()).toEqual(["eu-west12 msb-name40 / 400", "a-name88 ms40 / 400", `${EVIL}no answerfull400 / 400`]);
    expect(root.querySelector("img")).toBeNull();
    expect(root.querySelector(".server.best")!.textContent).toBe("Best for youeu-west, 12 ms away");
    expect(root.querySelector<HTMLInputElement>('[data-server="c"] input')!.disabled).toBe(true);
    play();
    expect(joins[0]).toMatchObject({ world: "arena", strategy: "lowest_ping", pings: new Map([["b", 30], ["a", 88.4]]) });
    expect(joins[0]!.server).toBeUndefined();
  });

  it("may be chosen, and one is told where one was", async () => {
    await show([server("a"), server("b")], [["b", 12]], ["a"]);
    expect(rows()[1]).toContain("last time");
    expect(root.querySelector(".server.best")!.textContent).toContain("a-name, where you were");
    act(() => root.querySelector<HTMLInputElement>('[data-server="b"] input')!.click());
    play();
    expect(joins[0]!.server).toBe("b");
  });

  it.each([["of one that its servers compute together", world({ spread: true })], ["of one server", world({ servers: 1 })]])("are no choice %s", async (_, one) => {
    await show(one.spread ? [server("a"), server("b")] : [server("a")], [["a", 1]], [], [one]);
    expect(root.querySelector(".servers")).toBeNull();
    play();
    expect(joins[0]).toEqual({ world: "arena", name: "", team: undefined });
  });
});
