import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PHONE } from "./support/browser";
import { Player, SMALL } from "./support/player";
import { until } from "./support/until";
import { Worlds } from "./support/worlds";

/** Goal: two people in two browsers meet in one world: they see each other move, shoot and talk. */

/** Well before a silent connection is given up. */
const SOON_MS = 12_000;

let quiet: Worlds;
let busy: Worlds;
const players: Player[] = [];

beforeAll(async () => {
  // A map with an open way from base to base: people find their way round crates, these two do not.
  quiet = await Worlds.start("--modes", "tdm", "--bots", "0", "--seed", "7", "--match", "15m", "--map", join(import.meta.dirname, "support/duel.json"));
  busy = await Worlds.start("--modes", "ctf", "--bots", "60", "--seed", "7", "--match", "15m");
});
afterAll(async () => {
  await quiet?.stop();
  await busy?.stop();
});
afterEach(async ({ task }) => {
  for (const player of players.splice(0)) {
    if (task.result?.state === "fail") await player.keepEvidence();
    await player.leave();
  }
});

async function someone(name: string, site: Worlds, ...more: [size?: { width: number; height: number }]): Promise<Player> {
  const player = await Player.arrive(name, site, ...more);
  players.push(player);
  return player;
}

describe("two people in one world", () => {
  test("see each other move, shoot and talk", async () => {
    const anna = await someone("Anna", quiet);
    const bert = await someone("Bert", quiet);
    await anna.join("Red");
    await bert.join("Blue");
    const a = await anna.state();
    const b = await bert.state();
    expect(a.self).not.toBe(b.self);

    // From their bases to the middle, where they see each other at the same place.
    await Promise.all([anna.walkTo(-60, 0, 45), bert.walkTo(60, 0, 45)]);
    await until("Anna sees Bert where he is", async () => {
      const [seen, is] = await Promise.all([anna.other(b.self), bert.state()]);
      return seen && seen.name === "Bert" && Math.hypot(seen.x - is.x, seen.y - is.y) < 3;
    });
    await until("Bert sees Anna where she is", async () => {
      const [seen, is] = await Promise.all([bert.other(a.self), anna.state()]);
      return seen && Math.hypot(seen.x - is.x, seen.y - is.y) < 3;
    });

    const before = (await anna.other(b.self))!;
    await bert.hold("KeyS");
    await until("Anna sees Bert walk down", async () => ((await anna.other(b.self))?.y ?? before.y) > before.y + 40);
    await bert.hold();

    // Talk.
    await anna.say("<b>hello</b> Bert");
    await bert.page.locator(".chat li", { hasText: "<b>hello</b> Bert" }).waitFor();
    expect(await bert.page.locator(".chat li b", { hasText: /^hello$/ }).count()).toBe(0);

    // Shoot, until he feels it, then until he falls.
    const aim = async () => {
      const at = await anna.other(b.self);
      if (at) await anna.aimAt(at.x, at.y);
      await anna.page.mouse.down();
    };
    await until("Bert is hurt", async () => {
      await aim();
      return (await bert.state()).health < 100;
    });
    await until("Anna sees that he is", async () => {
      await aim();
      const seen = await anna.other(b.self);
      return seen === undefined || seen.health < 100;
    });
    await until("Bert falls", async () => {
      await aim();
      return (await bert.state()).deaths >= 1;
    });
    await anna.page.mouse.up();
    expect((await anna.state()).kills).toBeGreaterThanOrEqual(1);
    await bert.page.getByText("Taken out by").waitFor();
    await until("Bert is back", async () => (await bert.state()).alive);

    expect(anna.faults).toEqual([]);
    expect(bert.faults).toEqual([]);
  });

  test("are predicted rightly: walking along walls is never corrected", async () => {
    const anna = await someone("Anna", quiet);
    await anna.join("Red");
    await anna.page.evaluate(() => {
      const page = window as unknown as { __muster_play: { correction: number }; worst: number };
      page.worst = 0;
      setInterval(() => (page.worst = Math.max(page.worst, page.__muster_play.correction)), 5);
    });
    for (const keys of [["KeyA"], ["KeyA", "KeyW"], ["KeyW", "KeyD"], ["KeyS", "KeyD"], ["KeyS"], ["KeyA", "KeyS"]]) {
      await anna.hold(...keys);
      const from = (await anna.state()).tick;
      await until("a second has passed", async () => (await anna.state()).tick > from + 60);
    }
    await anna.hold();
    expect(await anna.page.evaluate(() => (window as unknown as { worst: number }).worst)).toBe(0);
    const state = await anna.state();
    expect(state.rtt).toBeGreaterThan(0);
    expect(state.loss).toBeLessThan(0.1);
  });

  test("leave, and the place is free at once", async () => {
    // A browser that was killed says nothing: whoever played in the test before is still waited for.
    await until("nobody is left of others", async () => (await quiet.get<{ worlds: { people: number }[] }>("/api/v1/worlds")).worlds[0]?.people === 0);
    const anna = await someone("Anna", quiet);
    await anna.join();
    await anna.page.keyboard.press("Escape");
    await anna.page.getByRole("button", { name: "Leave the match" }).click();
    await anna.page.getByRole("button", { name: "Play" }).waitFor();
    await until("nobody is there", async () => (await quiet.get<{ worlds: { people: number }[] }>("/api/v1/worlds")).worlds[0]?.people === 0, SOON_MS);
    // A page that is closed says so, too.
    await anna.join();
    await anna.page.goto("about:blank");
    await until("nobody is there", async () => (await quiet.get<{ worlds: { people: number }[] }>("/api/v1/worlds")).worlds[0]?.people === 0, SOON_MS);
  });
});

describe("a person among bots", () => {
  test("is in the fight within moments of pressing Play", async () => {
    const anna = await someone("Anna", busy);
    await anna.join();
    await until("others are in view", async () => (await anna.state()).others > 0);
    await until("snapshots keep coming", async () => (await anna.state()).tick > 100);
    await anna.page.keyboard.down("Tab");
    await anna.page.locator(".scoreboard tr.self").waitFor();
    await anna.page.keyboard.up("Tab");
    expect(await anna.page.locator(".minimap").isVisible()).toBe(true);
    expect(anna.faults).toEqual([]);
  });

  test("plays with two thumbs on a phone", async () => {
    const anna = await someone("Anna", busy, PHONE);
    await anna.join();
    const from = await anna.state();
    // A finger on the left half, pulled aside, and held.
    const touch = (kind: string, x: number, y: number) =>
      anna.page.evaluate(([type, clientX, clientY]) => {
        const stage = document.getElementById("stage")!;
        stage.setPointerCapture = () => undefined;
        stage.dispatchEvent(new PointerEvent(type as string, { pointerId: 7, pointerType: "touch", clientX: clientX as number, clientY: clientY as number, bubbles: true, cancelable: true }));
      }, [kind, x, y] as const);
    await touch("pointerdown", 90, 560);
    for (const [x, y] of [[150, 560], [30, 560], [90, 500], [90, 620]] as const) {
      await touch("pointermove", x, y);
      const { tick } = await anna.state();
      await until("some time has passed", async () => (await anna.state()).tick > tick + 25);
      const now = await anna.state();
      if (Math.hypot(now.x - from.x, now.y - from.y) > 20) break;
    }
    const now = await anna.state();
    expect(Math.hypot(now.x - from.x, now.y - from.y)).toBeGreaterThan(20);
    await anna.page.locator(".touch-button.reload").waitFor();
    expect(await anna.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    await anna.picture("play-phone");
  });
});

describe("the page", () => {
  test("says that its server has stopped, and promises nothing", async () => {
    const site = await Worlds.start("--modes", "ffa", "--bots", "0");
    try {
      const anna = await someone("Anna", site);
      await anna.join();
      await site.stop();
      await anna.page.getByRole("heading", { name: "The server has stopped" }).waitFor();
      await until("she looks whether it is back", async () => anna.faults.some((fault) => fault.includes("ERR_CONNECTION_REFUSED")));
      expect((await anna.state()).link).toBe("stopped");
      expect(await anna.page.locator(".link-trouble").innerText()).not.toMatch(/place|seconds|attempt/);
      await anna.page.getByRole("button", { name: "Back to the worlds" }).click();
      await anna.page.getByRole("button", { name: "Play" }).waitFor();
    } finally {
      await site.stop();
    }
  });

  test("has Play in view on a phone held sideways", async () => {
    const anna = await someone("Anna", busy, { width: 844, height: 390 });
    await anna.open();
    const button = (await anna.page.getByRole("button", { name: "Play" }).boundingBox())!;
    expect(button.y + button.height).toBeLessThanOrEqual(390);
  });

  test.each([SMALL, PHONE])("has no barriers that a program finds, at %o", async (size) => {
    const anna = await someone("Anna", busy, size);
    await anna.open();
    expect(await anna.barriers()).toEqual([]);
    await anna.page.getByRole("button", { name: "Settings" }).click();
    await anna.page.getByRole("heading", { name: "Settings" }).waitFor();
    expect(await anna.barriers()).toEqual([]);
    await anna.page.keyboard.press("Escape");
    await anna.join();
    expect(await anna.barriers()).toEqual([]);
  });

  test("is kept by browsers where its names change with it, and asked for again where they do not", async () => {
    const page = await fetch(`${busy.url}/play`);
    expect(page.headers.get("Cache-Control")).toBe("no-cache");
    expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'self'");
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())![1]!;
    const asset = await fetch(busy.url + script, { headers: { "Accept-Encoding": "gzip" } });
    expect(asset.headers.get("Cache-Control")).toContain("immutable");
    expect(asset.headers.get("Content-Encoding")).toBe("gzip");
  });
});
