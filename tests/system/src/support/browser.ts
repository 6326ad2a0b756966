import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { DEADLINE_MS } from "./until";

/** Chromium without a window, and a person in it. */

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const RESULTS = resolve(import.meta.dirname, "../../test-results");

export interface Size {
  width: number;
  height: number;
}
export const DESK: Size = { width: 1280, height: 820 };
export const PHONE: Size = { width: 390, height: 844 };

/** What a person visits: a `muster up`, or a world server alone. */
export interface Place {
  readonly url: string;
  readonly adminToken?: string;
  log(): string;
}

export class Person {
  /** What the page complained about; a test ends with a look at it. */
  readonly faults: string[] = [];

  private constructor(readonly name: string, readonly page: Page, private readonly context: BrowserContext, private readonly place: Place, private readonly profile: string) {}

  static async arrive(name: string, place: Place, size: Size = DESK, scheme: "light" | "dark" = "dark"): Promise<Person> {
    const profile = mkdtempSync(join(tmpdir(), "muster-chromium-"));
    const phone = size.width < 600;
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.MUSTER_TEST_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS, headless: true, viewport: size, colorScheme: scheme, isMobile: phone, hasTouch: phone, reducedMotion: "reduce", timeout: DEADLINE_MS,
    });
    context.setDefaultTimeout(DEADLINE_MS);
    const page = context.pages()[0] ?? (await context.newPage());
    const person = new Person(name, page, context, place, profile);
    page.on("console", (message) => {
      // A refused policy or a failing module; what the coordinator refuses is some tests' subject, and shown on the page.
      if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) person.faults.push(message.text());
    });
    page.on("pageerror", (error) => person.faults.push(`${error.message}\n${error.stack ?? ""}`));
    return person;
  }

  async leave(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  /** For a test that failed: a picture, and what the coordinator said. */
  async keepEvidence(): Promise<void> {
    mkdirSync(RESULTS, { recursive: true });
    await this.page.screenshot({ path: join(RESULTS, `${this.name}.png`), timeout: 20_000 }).catch(() => undefined);
    writeFileSync(join(RESULTS, `${this.name}.txt`), [this.page.url(), ...this.faults, this.place.log()].join("\n\n"));
  }

  async open(path: string): Promise<void> {
    await this.page.goto(this.place.url + path);
  }

  async signIn(token: string): Promise<void> {
    await this.open("/");
    await this.page.getByLabel("Token", { exact: true }).fill(token);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  async enter(token = this.place.adminToken ?? ""): Promise<void> {
    await this.signIn(token);
    await this.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  }

  /** Waits until the page says that the server is in that state. */
  async sees(state: string): Promise<void> {
    await this.page.locator(`.server-summary .pill[data-state="${state}"]`).waitFor();
  }

  /** Waits until the console has a line with that text. The screen itself is a canvas of cells; this is what a screen reader is told. */
  async hears(text: string): Promise<void> {
    await this.page.waitForFunction((wanted) => document.querySelector("[data-console-text]")?.textContent?.includes(wanted), text);
  }

  async tab(id: string): Promise<void> {
    await this.page.locator(`.tabs a[data-tab="${id}"]`).click();
    await this.page.locator(`.tabs a[data-tab="${id}"][aria-current="page"]`).waitFor();
  }

  async power(action: string): Promise<void> {
    await this.page.locator(`.page-head [data-action="${action}"]`).click();
  }

  /** By how many pixels the page is wider than the window. */
  async overflow(): Promise<number> {
    return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }

  /** What of WCAG 2.1 A and AA, as far as a program can tell, the page breaks. */
  async barriers(): Promise<string[]> {
    // Not as a script of the page: its content security policy forbids foreign ones, and stays as it is.
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
    await this.page.screenshot({ path });
    return path;
  }
}
