// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Hud, type Deeds } from "./hud";
import { Places } from "./places";
import { clockText, makeStore, ordinal, type Store } from "./store";
import { Teller } from "./teller";
import { Game } from "../game/game";
import { Fact, Meter, Mode, Phase, Scope, Team, Weapon } from "@muster/client";
import { load } from "../settings";

const EVIL = '<img src=x onerror="window.owned = true"><b>bold</b>';
const done: string[] = [];
const deeds: Deeds = {
  join: (player) => void done.push(`join ${player.world} ${player.name} ${player.team ?? "any"}`), refresh: () => undefined, leave: () => void done.push("leave"), say: (text, address) => void done.push(`say ${text} ${JSON.stringify(address)}`), party: (code) => void done.push(`party ${code}`),
  take: (slot) => void done.push(`take ${slot}`), hold: () => undefined, change: (change) => void done.push(JSON.stringify(change)), minimap: () => undefined,
};
const places = new Places({ servers: async () => ({ servers: [] }), ping: async () => new Map(), lastServers: () => [] });
let store: Store;
let root: HTMLElement;

function show(): void {
  act(() => render(<Hud store={store} places={places} deeds={deeds} />, root));
}

beforeEach(() => {
  done.length = 0;
  store = makeStore(load({ getItem: () => null }));
  root = document.createElement("div");
  document.body.append(root);
});
afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

describe("text of others", () => {
  it("is text wherever it is shown: names, chat, kills, results, notices, worlds", () => {
    store.screen.value = "playing";
    store.self.value = 1;
    store.scoresOpen.value = true;
    store.addChat({ from: 2, name: EVIL, text: EVIL, team: Team.red, to: Scope.person, whomName: EVIL });
    store.setParty({ code: EVIL, members: [{ id: 2, name: EVIL }] });
    store.addFeed({ killer: EVIL, victim: EVIL, weapon: Weapon.rifle, killerTeam: Team.red, victimTeam: Team.blue, mine: false, note: "" });
    store.addFeed({ killer: "", victim: "", weapon: Weapon.rifle, killerTeam: Team.red, victimTeam: Team.red, mine: false, note: EVIL });
    store.scores.value = { rows: [{ id: 1, team: Team.red, score: 1, kills: 1, deaths: 0, captures: 0, name: EVIL }], ownRank: 1, players: 1, bots: 0 };
    store.clock.value = { ...store.clock.value, mode: Mode.free_for_all, phase: Phase.ended, winner: EVIL };
    store.killer.value = EVIL;
    store.world.value = EVIL;
    store.tell(EVIL, 5_000);
    store.announce(EVIL, Team.red, 5_000);
    show();
    let shown = 0;
    const look = () => {
      expect(root.querySelectorAll("img")).toHaveLength(0);
      expect([...root.querySelectorAll("b")].filter((element) => element.textContent === "bold")).toHaveLength(0);
      shown += root.textContent!.split(EVIL).length - 1;
    };
    look();
    act(() => {
      store.scoresOpen.value = false;
    });
    look();
    act(() => {
      store.clock.value = { ...store.clock.value, phase: Phase.active };
    });
    look();
    act(() => {
      store.link.value = { at: "ended", reason: EVIL };
    });
    look();
    expect(shown).toBeGreaterThan(8 + 3 * 6);
    act(() => {
      store.clock.value = { ...store.clock.value, phase: Phase.active };
      store.screen.value = "lobby";
      store.worlds.value = { worlds: [{ name: EVIL, mode: EVIL, map: EVIL, people: 1, bots: 0, playersMax: 2, asleep: false, servers: 0, spread: false }], iceServers: [], keysUrl: "" };
      store.trouble.value = EVIL;
    });
    expect(root.querySelectorAll("img")).toHaveLength(0);
    expect((window as unknown as { owned?: boolean }).owned).toBeUndefined();
  });
});

describe("the chat", () => {
  const type = (line: string) => {
    act(() => {
      store.typing.value ||= "all";
    });
    const input = root.querySelector<HTMLInputElement>("#say")!;
    input.value = line;
    act(() => void root.querySelector(".chat form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  };
  const lines = () => [...root.querySelectorAll(".chat li")].map((line) => line.textContent!.trim());

  beforeEach(() => {
    store.screen.value = "playing";
    store.self.value = 1;
    show();
  });

  it("says whom a line is for, in words and in a class of its own", () => {
    act(() => {
      const line = { from: 2, name: "Ada", text: "hi", team: Team.red, whomName: "" };
      for (const to of [Scope.all, Scope.team, Scope.near, Scope.party]) store.addChat({ ...line, to });
      store.addChat({ ...line, to: Scope.person, whomName: "Me" });
      store.addChat({ ...line, from: 1, name: "Me", to: Scope.person, whomName: "Ada" });
    });
    expect(lines()).toEqual(["Ada hi", "[team] Ada hi", "[near] Ada hi", "[party] Ada hi", "Ada whispers hi", "to Ada hi"]);
    expect([...root.querySelectorAll(".chat li")].map((line) => line.className.split(" ")[0])).toEqual(["all", "team", "near", "party", "person", "person"]);
    act(() => store.addChat({ from: 0xffff, name: "", text: "We stop at eight.", team: Team.none, to: Scope.announcement, whomName: "" }));
    expect(lines().pop()).toBe("Announcement We stop at eight.");
  });

  it("does what is typed, and answers the last who whispered", () => {
    type("hello");
    type("/party Red-5");
    type("/leave");
    store.addChat({ from: 2, name: "Ada B", text: "psst", team: Team.red, to: Scope.person, whomName: "Me" });
    type("/r yes");
    expect(done).toEqual(['say hello {"to":0}', "party Red-5", "party ", 'say yes {"to":4,"name":"Ada B"}']);
    type("/nope");
    type("/help");
    expect(store.chat.value.filter((line) => line.system)).toHaveLength(4);
    expect(store.typing.value).toBe("");
  });

  it("changes with Tab whom one talks to: to a team and a party where there are some", () => {
    act(() => {
      store.typing.value = "all";
      store.clock.value = { ...store.clock.value, team: Team.red };
    });
    const press = () => act(() => void root.querySelector("#say")!.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true })));
    const label = () => root.querySelector(".chat label")!.textContent;
    const seen = [label()];
    for (let i = 0; i < 3; ++i) {
      press();
      seen.push(label());
    }
    expect(seen).toEqual(["All", "Team", "Near", "All"]);
    act(() => store.setParty({ code: "x", members: [{ id: 1, name: "Me" }] }));
    for (let i = 0; i < 3; ++i) press();
    expect(label()).toBe("Party");
    act(() => store.setParty({ code: "", members: [] }));
    expect(label()).toBe("All");
  });

  it("tells who comes into one's party and who goes", () => {
    const members = (...names: string[]) => names.map((name, id) => ({ id, name }));
    act(() => {
      store.setParty({ code: "x", members: members("Me") });
      store.setParty({ code: "x", members: members("Me", "Ada") });
      store.setParty({ code: "x", members: members("Me") });
      store.setParty({ code: "x", members: members("Me") });
    });
    expect(lines()).toEqual(["You are in the party x: Me", "Now in your party: Ada", "Gone from your party: Ada"]);
  });
});

describe("the lobby", () => {
  const world = (name: string, mode: string) => ({ name, mode, map: "m", people: 0, bots: 0, playersMax: 9, asleep: false, servers: 0, spread: false });

  it("joins the chosen world with name and team", () => {
    store.worlds.value = { worlds: [world("one", "capture_the_flag"), world("two", "team_deathmatch")], iceServers: [], keysUrl: "" };
    show();
    act(() => root.querySelectorAll<HTMLInputElement>("input[name=world]")[1]!.click());
    act(() => root.querySelectorAll<HTMLInputElement>("input[name=team]")[2]!.click());
    const name = root.querySelector<HTMLInputElement>("input[name=name]")!;
    act(() => {
      name.value = "  Zoë ";
      name.dispatchEvent(new Event("input", { bubbles: true }));
    });
    act(() => void root.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    expect(done).toEqual(["join two Zoë blue"]);
  });

  it("offers no team where there are none, and no button where there is no world", () => {
    store.worlds.value = { worlds: [world("all", "free_for_all")], iceServers: [], keysUrl: "" };
    show();
    expect(root.querySelector<HTMLFieldSetElement>(".teams")!.disabled).toBe(true);
    act(() => {
      store.worlds.value = { worlds: [], iceServers: [], keysUrl: "" };
    });
    expect(root.querySelector<HTMLButtonElement>("button.go")!.disabled).toBe(true);
  });
});

describe("what is shown of the match", () => {
  it("takes a weapon only that one has", () => {
    store.screen.value = "playing";
    store.vitals.value = { ...store.vitals.value, alive: true, weapons: 0b0101, weapon: Weapon.rifle };
    show();
    const slots = [...root.querySelectorAll<HTMLButtonElement>(".slot")];
    expect(slots.map((slot) => slot.disabled)).toEqual([false, true, false, true, false]);
    expect(slots[2]!.getAttribute("aria-pressed")).toBe("true");
    act(() => slots[4]!.click());
    expect(done).toEqual(["take 5"]);
  });

  it("tells kills by the names that are known, and leaves room for one's own", () => {
    const game = new Game(new Meter(), { happened: () => undefined, welcomed: () => undefined, crossed: () => undefined, chatted: () => undefined, noticed: () => undefined, newsCame: () => undefined, scored: () => undefined });
    game.onPeople([{ id: 4, generation: 0, team: Team.red, bot: true, name: "Raven" }]);
    const teller = new Teller(store, game, new Meter());
    const news = { fact: Fact.killed, tick: 1, team: Team.none, weapon: Weapon.sniper, index: 0, player: 4, other: 9, playerName: "", otherName: "Ada", x: 0, y: 0 };
    for (let i = 0; i < 10; ++i) teller.news(news);
    expect(store.feed.value).toHaveLength(4);
    expect(store.feed.value[0]).toMatchObject({ killer: "Raven", victim: "Ada", killerTeam: Team.red });
  });

  it("shows oneself among the scores, however far behind", () => {
    store.screen.value = "playing";
    store.scoresOpen.value = true;
    store.self.value = 99;
    store.clock.value = { ...store.clock.value, mode: Mode.team_deathmatch };
    const row = (id: number, score: number) => ({ id, team: Team.red, score, kills: 0, deaths: 0, captures: 0, name: `player ${id}` });
    store.scores.value = { rows: [...Array.from({ length: 20 }, (_, i) => row(i, 1_000 - i)), row(99, -200)], ownRank: 60, players: 80, bots: 70 };
    show();
    expect(root.querySelectorAll(".scoreboard .red tbody tr")).toHaveLength(10);
    expect(root.querySelector(".scoreboard tr.self")!.textContent).toContain("player 99");
  });

  it("lays one sheet over the arena at a time: why one is cut off, else the scores, else the result", () => {
    store.screen.value = "playing";
    store.self.value = 1;
    store.clock.value = { ...store.clock.value, mode: Mode.team_deathmatch, phase: Phase.ended };
    show();
    const sheets = () => [...root.querySelectorAll(".result, .scoreboard, .respawn, .link-trouble")].map((element) => element.className.split(" ")[0]);
    expect(sheets()).toEqual(["result"]);
    act(() => {
      store.scoresOpen.value = true;
    });
    expect(sheets()).toEqual(["scoreboard"]);
    act(() => {
      store.link.value = { at: "lost", since: 0, attempt: 1 };
    });
    expect(sheets()).toEqual(["link-trouble"]);
  });

  it("lets fingers close the scores, which lie over the button that opened them", () => {
    store.screen.value = "playing";
    store.scoresOpen.value = true;
    show();
    expect(root.querySelector(".scoreboard .close")).toBeNull();
    act(() => {
      store.touching.value = true;
    });
    act(() => root.querySelector<HTMLButtonElement>(".scoreboard .close")!.click());
    expect(root.querySelector(".scoreboard")).toBeNull();
  });

  it("says that a server has stopped, offers the way out and promises nothing", () => {
    store.screen.value = "playing";
    store.link.value = { at: "stopped" };
    show();
    const trouble = root.querySelector(".link-trouble")!;
    expect(trouble.querySelector("h2")!.textContent).toBe("The server has stopped");
    expect(trouble.textContent).not.toMatch(/place|kept|seconds|attempt/);
    act(() => trouble.querySelector("button")!.click());
    expect(done).toEqual(["leave"]);
  });

  it("numbers places as English does", () => {
    expect([1, 2, 3, 4, 10, 11, 12, 13, 21, 31, 42, 53, 100, 101, 111, 112, 1_000].map(ordinal).join(" ")).toBe("1st 2nd 3rd 4th 10th 11th 12th 13th 21st 31st 42nd 53rd 100th 101st 111th 112th 1000th");
  });

  it("counts the clock in minutes", () => {
    expect([clockText(0), clockText(59.2), clockText(61), clockText(-3)]).toEqual(["0:00", "1:00", "1:01", "0:00"]);
  });
});
