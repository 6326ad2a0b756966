import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, type Browser, type Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type State } from "./support/player";
import { DEADLINE_MS, until } from "./support/until";
import { Worlds } from "./support/worlds";

/** Goal: the game is played in Firefox too, whose ICE, DTLS and SCTP are not Chromium's. Driven over WebDriver BiDi. */

let site: Worlds;
let browser: Browser;
let page: Page;
const faults: string[] = [];
const profile = mkdtempSync(join(tmpdir(), "muster-firefox-"));

beforeAll(async () => {
  site = await Worlds.start("--modes", "ffa", "--bots", "40", "--seed", "7", "--match", "15m");
  browser = await launch({
    browser: "firefox", executablePath: process.env.MUSTER_TEST_FIREFOX ?? "/usr/bin/firefox-esr", headless: true, userDataDir: profile, protocolTimeout: DEADLINE_MS, timeout: DEADLINE_MS,
    // WebGL without a graphics card.
    extraPrefsFirefox: { "webgl.force-enabled": true, "webgl.disable-fail-if-major-performance-caveat": true },
  });
  page = await browser.newPage();
  page.on("pageerror", (error) => faults.push(String(error)));
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
  rmSync(profile, { recursive: true, force: true });
});

const state = () => page.evaluate(() => ({ ...(window as unknown as { __muster_play: State }).__muster_play }));

describe("a person with Firefox", () => {
  test("joins, sees others, walks, talks and leaves", async () => {
    await page.goto(`${site.url}/play`);
    await page.locator("::-p-aria([name='Your name'][role='textbox'])").fill("Frieda");
    await page.locator("::-p-aria([name='Play'][role='button'])").click();
    await until("she is alive in the world, among others", async () => {
      const now = await state();
      return now.open && now.alive && now.others > 0;
    });

    const from = await state();
    await page.keyboard.down("KeyD");
    await page.keyboard.down("KeyS");
    await until("she has walked", async () => {
      const now = await state();
      return !now.alive || Math.hypot(now.x - from.x, now.y - from.y) > 30;
    });
    await page.keyboard.up("KeyD");
    await page.keyboard.up("KeyS");

    await page.keyboard.press("Enter");
    await page.locator("#say").fill("hello from Firefox");
    await page.keyboard.press("Enter");
    await until("what she said comes back", () => page.evaluate(() => [...document.querySelectorAll(".chat li")].some((line) => line.textContent?.includes("hello from Firefox"))));

    const later = await state();
    expect(later.tick).toBeGreaterThan(from.tick);
    expect(later.rtt).toBeGreaterThan(0);
    await page.goto("about:blank");
    await until("the place is free", async () => (await site.get<{ worlds: { people: number }[] }>("/api/v1/worlds")).worlds[0]?.people === 0);
    expect(faults).toEqual([]);
  });
});
