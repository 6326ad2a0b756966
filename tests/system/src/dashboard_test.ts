import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DESK, PHONE, Person, type Size } from "./support/browser";
import { GAME_ID, Muster } from "./support/muster";
import { until } from "./support/until";

/** Goal: what a person does with the dashboard works, in a real browser, against a real Muster and real containers. */

let muster: Muster;
const people: Person[] = [];

beforeAll(async () => {
  muster = await Muster.start();
});
afterAll(async () => {
  await muster?.stop();
});
afterEach(async ({ task }) => {
  for (const person of people.splice(0)) {
    if (task.result?.state === "fail") await person.keepEvidence();
    await person.leave();
  }
});

async function someone(name: string, size: Size = DESK, scheme: "light" | "dark" = "dark"): Promise<Person> {
  const person = await Person.arrive(name, muster, size, scheme);
  people.push(person);
  return person;
}

describe("the dashboard", () => {
  test("turns away a wrong token, and lets in the first admin", async () => {
    const anna = await someone("sign-in");
    await anna.signIn("not-a-token");
    await anna.page.getByText("This token is not accepted").waitFor();
    await anna.page.getByLabel("Token", { exact: true }).fill(muster.adminToken);
    await anna.page.getByRole("button", { name: "Sign in" }).click();
    await anna.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    await anna.page.locator(".live.good").waitFor();
    // The token stays with the visit, and a reload keeps it.
    await anna.page.reload();
    await anna.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
    await anna.page.getByRole("button", { name: "Sign out" }).click();
    await anna.page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await anna.page.evaluate(() => sessionStorage.length + localStorage.length)).toBe(0);
    expect(anna.faults).toEqual([]);
  });

  test("takes a server through its whole life", async () => {
    const anna = await someone("whole-life");
    const { page } = anna;
    await anna.enter();

    // Deploy: the form is made of the game's variables, and holds back what cannot be right.
    await page.getByRole("link", { name: "Deploy a server" }).first().click();
    await page.getByPlaceholder(/^Search/).fill("system test");
    await page.locator(`[data-game="${GAME_ID}"]`).click();
    await page.getByRole("heading", { name: "Deploy System test game" }).waitFor();
    await page.locator('input[name="name"]').fill("friday");
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.locator('[data-field="variables.PASSWORD"] .field-error').waitFor();
    await page.locator('input[name="variables.PASSWORD"]').fill("hidden");
    await page.locator('input[name="variables.PLAYERS_MAX"]').fill("12");
    await page.locator('select[name="variables.MODE"]').selectOption("wild");
    await page.locator('input[name="variables.FRIENDLY_FIRE"]').check();
    await page.getByRole("button", { name: "Deploy", exact: true }).click();

    // It becomes ready while one looks.
    await page.getByRole("heading", { name: "friday", level: 1 }).waitFor();
    await anna.sees("ready");
    const id = new URL(page.url()).pathname.split("/")[2]!;
    const made = await muster.get<{ variables: Record<string, string> }>(`/servers/${id}`);
    expect(made.variables).toEqual({ PASSWORD: "********", PLAYERS_MAX: "12", MODE: "wild", FRIENDLY_FIRE: "1" });

    // The console shows what was printed before one came, and answers.
    await anna.hears("Done! Server ready");
    const line = page.locator('input[name="console-line"]');
    await line.fill("say good evening");
    await line.press("Enter");
    await anna.hears("> say good evening");
    await line.press("ArrowUp");
    expect(await line.inputValue()).toBe("say good evening");

    // Charts have points, and get more.
    await anna.tab("charts");
    const points = (): Promise<number> => page.locator(".chart-plot").first().evaluate((element) => Number((element as HTMLElement).dataset.points));
    await page.locator(".chart-plot canvas").first().waitFor();
    const first = await until("the charts have points", async () => ((await points()) > 0 ? await points() : undefined));
    await until("the charts move on", async () => (await points()) > first);

    // Settings: a secret is not shown, a change is saved.
    await anna.tab("settings");
    expect(await page.locator('input[name="variables.PASSWORD"]').inputValue()).toBe("");
    await page.locator('input[name="variables.PLAYERS_MAX"]').fill("99");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator('[data-field="variables.PLAYERS_MAX"] .field-error').waitFor();
    await page.locator('input[name="variables.PLAYERS_MAX"]').fill("20");
    await page.locator('.settings input[name="name"]').fill("saturday");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The settings are saved.").waitFor();
    await page.getByRole("heading", { name: "saturday", level: 1 }).waitFor();
    expect((await muster.get<{ variables: Record<string, string> }>(`/servers/${id}`)).variables).toMatchObject({ PLAYERS_MAX: "20", PASSWORD: "********" });

    // Stop and start again: its data is kept.
    await anna.power("stop");
    await anna.sees("stopped");
    await anna.power("start");
    await anna.sees("ready");
    await anna.tab("activity");
    await page.locator(".operation", { hasText: "Deploy" }).first().waitFor();
    await page.locator(".operation", { hasText: "Stop" }).first().waitFor();

    // Remove it, and its data, which takes typing its name.
    await anna.tab("details");
    await page.getByRole("button", { name: "Remove…" }).click();
    await page.locator('dialog input[value="delete"]').check();
    expect(await page.locator('dialog button[type="submit"]').isDisabled()).toBe(true);
    await page.locator('input[name="confirm-name"]').fill("saturday");
    await page.locator('dialog button[type="submit"]').click();
    await page.getByRole("heading", { name: "Servers", level: 1 }).waitFor();
    await page.locator('[data-server="saturday"]').waitFor({ state: "detached" });
    await until("the coordinator has forgotten it", async () => (await muster.get<{ items: unknown[] }>("/servers")).items.length === 0);
    expect(anna.faults).toEqual([]);
  });

  test("shows the coordinator's complaint at the field it is about", async () => {
    const anna = await someone("complaint");
    await anna.enter();
    await anna.open(`/deploy/${GAME_ID}`);
    await anna.page.locator('input[name="variables.PASSWORD"]').fill("hidden");
    // The form cannot know how little memory is too little.
    await anna.page.locator('input[name="memory_bytes"]').fill("1 MB");
    await anna.page.getByRole("button", { name: "Deploy", exact: true }).click();
    await anna.page.locator('[data-field="memory_bytes"] .field-error').waitFor();
    expect(await anna.page.locator('input[name="memory_bytes"]').getAttribute("aria-invalid")).toBe("true");
    expect(anna.faults).toEqual([]);
  });

  test("lets a viewer look, and change nothing", async () => {
    const { token } = await muster.call<{ token: string }>("POST", "/tokens", { name: "guest", role: "viewer" });
    const { id } = await muster.deploy("looked-at");
    const guest = await someone("viewer");
    const { page } = guest;
    await guest.enter(token);
    for (const path of ["/", "/servers", "/nodes", "/games", `/servers/${id}/details`, `/deploy/${GAME_ID}`]) {
      await guest.open(path);
      await page.locator("h1").waitFor();
      await page.locator(".live.good").waitFor();
      for (const selector of ["[data-action]", "form", ".danger", "input[type=checkbox]", 'a[href="/tokens"]', 'a[href="/audit"]', 'a[href^="/deploy"]']) {
        expect(await page.locator(selector).count(), `${selector} on ${path}`).toBe(0);
      }
    }
    // It may read the console.
    await guest.open(`/servers/${id}`);
    await guest.hears("Done! Server ready");
    expect(await page.locator('input[name="console-line"]').count()).toBe(0);
    expect(guest.faults).toEqual([]);
    await muster.remove(id);
  });

  test.each(["light", "dark"] as const)("puts up no barriers, in %s", async (scheme) => {
    const { id } = await muster.deploy("open-door");
    const anna = await someone(`barriers-${scheme}`, DESK, scheme);
    await anna.open("/");
    await anna.page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await anna.barriers(), "the door").toEqual([]);
    await anna.enter();
    const node = (await muster.get<{ items: { id: string }[] }>("/nodes")).items[0]!;
    for (const path of ["/", "/servers", `/deploy/${GAME_ID}`, `/servers/${id}`, `/servers/${id}/charts`, `/servers/${id}/settings`, `/servers/${id}/details`, `/nodes/${node.id}`, "/tokens", "/audit"]) {
      await anna.open(path);
      await anna.page.locator("h1").waitFor();
      await anna.page.locator("main .loading").first().waitFor({ state: "detached" });
      await anna.page.locator(".live.good").waitFor();
      expect(await anna.barriers(), path).toEqual([]);
    }
    expect(anna.faults).toEqual([]);
    await muster.remove(id);
  });

  test("fits on a phone", async () => {
    const { id } = await muster.deploy("pocket");
    const anna = await someone("phone", PHONE);
    await anna.enter();
    const node = (await muster.get<{ items: { id: string }[] }>("/nodes")).items[0]!;
    const pages = [
      "/", "/servers", "/deploy", `/deploy/${GAME_ID}`, `/servers/${id}`, `/servers/${id}/charts`, `/servers/${id}/settings`, `/servers/${id}/activity`, `/servers/${id}/details`, "/nodes", `/nodes/${node.id}`,
      "/games", `/games/${GAME_ID}`, "/operations", "/tokens", "/audit", "/more",
    ];
    for (const path of pages) {
      await anna.open(path);
      await anna.page.locator("h1").waitFor();
      await anna.page.locator("main .loading").first().waitFor({ state: "detached" });
      expect(await anna.overflow(), `${path} is wider than the phone`).toBeLessThanOrEqual(0);
      expect(await anna.page.locator("nav.bottom").isVisible()).toBe(true);
    }
    await anna.open(`/servers/${id}`);
    await anna.hears("Done! Server ready");
    await anna.picture("phone");
    // The bar at the bottom leads everywhere.
    await anna.page.locator("nav.bottom").getByRole("link", { name: "More" }).click();
    await anna.page.getByRole("link", { name: "Audit" }).last().click();
    await anna.page.locator('[data-audit-valid="true"]').waitFor();
    expect(anna.faults).toEqual([]);
    await muster.remove(id);
  });

  test("says when the coordinator is away, and catches up when it is back", async () => {
    const { id } = await muster.deploy("survivor");
    const anna = await someone("away");
    await anna.enter();
    await anna.open(`/servers/${id}`);
    await anna.sees("ready");
    await anna.hears("Done! Server ready");
    await muster.kill();
    await anna.page.locator(".live.warn").waitFor();
    await muster.run();
    await anna.page.locator(".live.good").waitFor();
    await anna.sees("ready");
    // The same run of the same game: nobody was thrown out.
    const line = anna.page.locator('input[name="console-line"]');
    await anna.page.locator('[data-console="open"]').waitFor();
    await line.fill("say still here");
    await line.press("Enter");
    await anna.hears("> say still here");
    const log = await muster.get<string>(`/servers/${id}/logs?tail=1000`);
    expect(log.split("Done! Server ready").length - 1, "how often it was started").toBe(1);
    expect(anna.faults).toEqual([]);
    await muster.remove(id);
  });
});
