import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { RESULTS, type Size } from "./browser";
import { DEADLINE_MS, until } from "./until";

/** Somebody who plays in a real browser: sees what `window.__muster_play` tells, and acts with keys, mouse and fingers. */

// WebGL without a graphics card.
const FLAGS = [
  "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage", "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows", "--mute-audio",
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface State {
  x: number; y: number; tick: number; shownTick: number; self: number; alive: boolean; health: number; score: number; kills: number; deaths: number; others: number; rtt: number; loss: number; delay: number;
  correction: number; pending: number; phase: number; link: string; open: boolean; aim: number; shots: number; crossings: number; lastGap: number;
}
export interface Other { x: number; y: number; health: number; name: string }
export interface Site { readonly url: string; log(): string }

export const SMALL: Size = { width: 760, height: 480 };

export class Player {
  readonly faults: string[] = [];

  private constructor(readonly name: string, readonly page: Page, private readonly context: BrowserContext, private readonly site: Site, private readonly profile: string) {}

  static async arrive(name: string, site: Site, size: Size = SMALL, settings: object = { quality: "low", shake: false }): Promise<Player> {
    const profile = mkdtempSync(join(tmpdir(), "muster-player-"));
    const phone = size.width < 600;
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.MUSTER_TEST_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS, headless: true, viewport: size, isMobile: phone, hasTouch: phone, timeout: DEADLINE_MS,
    });
    context.setDefaultTimeout(DEADLINE_MS);
    await context.addInitScript((kept) => localStorage.setItem("muster.play.settings", kept), JSON.stringify(settings));
    const page = context.pages()[0] ?? (await context.newPage());
    const player = new Player(name, page, context, site, profile);
    page.on("console", (message) => {
      if (message.type() === "error") player.faults.push(message.text());
    });
    page.on("pageerror", (error) => player.faults.push(`${error.message}\n${error.stack ?? ""}`));
    return player;
  }

  async leave(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  async keepEvidence(): Promise<void> {
    mkdirSync(RESULTS, { recursive: true });
    await this.page.screenshot({ path: join(RESULTS, `${this.name}.png`), timeout: 30_000 }).catch(() => undefined);
    const state = await this.state().catch(() => undefined);
    writeFileSync(join(RESULTS, `${this.name}.txt`), [this.page.url(), JSON.stringify(state), ...this.faults, this.site.log()].join("\n\n"));
  }

  async open(query = ""): Promise<void> {
    await this.page.goto(`${this.site.url}/play${query}`);
    await this.page.locator(".world").first().waitFor();
  }

  /** Opens the page, chooses and plays. */
  async join(team?: "Red" | "Blue", query = ""): Promise<void> {
    await this.open(query);
    await this.page.getByLabel("Your name").fill(this.name);
    if (team) await this.page.getByText(team, { exact: true }).click();
    await this.page.getByRole("button", { name: "Play" }).click();
    await until(`${this.name} is alive in the world`, async () => {
      const state = await this.state();
      return state.open && state.alive;
    });
  }

  async state(): Promise<State> {
    return this.page.evaluate(() => ({ ...(window as unknown as { __muster_play: State }).__muster_play }));
  }

  async other(id: number): Promise<Other | undefined> {
    return this.page.evaluate((wanted) => (window as unknown as { __muster_play: { other(id: number): Other | undefined } }).__muster_play.other(wanted), id);
  }

  private readonly down = new Set<string>();
  /** Holds exactly these keys. */
  async hold(...keys: string[]): Promise<void> {
    for (const key of [...this.down]) {
      if (keys.includes(key)) continue;
      await this.page.keyboard.up(key);
      this.down.delete(key);
    }
    for (const key of keys) {
      if (this.down.has(key)) continue;
      await this.page.keyboard.down(key);
      this.down.add(key);
    }
  }

  /** Walks until it is near, and aside for a moment whenever a wall is in the way. */
  async walkTo(x: number, y: number, near: number): Promise<void> {
    let last = { x: Infinity, y: Infinity };
    let aside: string | undefined;
    await until(`${this.name} has walked to ${x}, ${y}`, async () => {
      const at = await this.state();
      if (!at.alive) return false;
      const dx = x - at.x;
      const dy = y - at.y;
      if (Math.hypot(dx, dy) <= near) return true;
      const stuck = Math.hypot(at.x - last.x, at.y - last.y) < 3;
      last = at;
      const keys = [...(Math.abs(dx) > 8 ? [dx > 0 ? "KeyD" : "KeyA"] : []), ...(Math.abs(dy) > 8 ? [dy > 0 ? "KeyS" : "KeyW"] : [])];
      if (stuck && this.down.size > 0) aside = aside ? undefined : Math.abs(dx) > Math.abs(dy) ? (at.y > 0 ? "KeyW" : "KeyS") : at.x > 0 ? "KeyA" : "KeyD";
      else if (aside && Math.random() < 0.4) aside = undefined;
      await this.hold(...(aside ? [aside] : keys));
      return false;
    });
    await this.hold();
  }

  async aimAt(x: number, y: number): Promise<void> {
    const at = await this.page.evaluate(([wx, wy]) => (window as unknown as { __muster_play: { screen(x: number, y: number): { x: number; y: number } } }).__muster_play.screen(wx!, wy!), [x, y]);
    await this.page.mouse.move(at.x, at.y);
  }

  async say(text: string): Promise<void> {
    await this.page.keyboard.press("Enter");
    await this.page.locator("#say").fill(text);
    await this.page.keyboard.press("Enter");
  }

  async barriers(): Promise<string[]> {
    await this.page.evaluate(AXE);
    return this.page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(root: Document, options: object): Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary?: string }[] }[] }> } };
      const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
      return violations.map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${node.failureSummary ?? ""})`).join("; ")}`);
    });
  }

  async picture(name: string): Promise<string> {
    mkdirSync(RESULTS, { recursive: true });
    const path = join(RESULTS, `${name}.png`);
    await this.page.screenshot({ path, timeout: DEADLINE_MS });
    return path;
  }
}
