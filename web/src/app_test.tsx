// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { App } from "./app";
import type { Game, Server } from "./api/types";
import { notices } from "./state/notices";
import { navigate } from "./state/router";
import { goodbye, restore, session, signOut } from "./state/session";
import { PATIENCE, Screen, fakeApi, noSockets } from "./testing";

const server = {
  id: "srv-1", name: "friday", description: "", game: "valheim", node_id: "node-1", state: "ready", desired: "running", reason: "", since: "2026-01-01T00:00:00Z", restarts: 0, exit_code: 0, image: "i:1",
  variables: { SERVER_NAME: "Ours", PASSWORD: "********" }, labels: {}, ports: [{ name: "game", inside: 1, outside: 2, protocol: "udp" }], address: "10.0.0.1:2", memory_bytes: 0, cpus: 0,
  restart_on_crash: true, data: "srv-1", created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z", generation: 1, version: "7", usage: null, operation: null,
} satisfies Server;
const crashed = { ...server, id: "srv-2", name: "broken", state: "crashed", reason: "It ended with code 139." } satisfies Server;
const node = { id: "node-1", name: "attic", state: "online", version: "0.1.0", cpus: 4, memory_bytes: 8e9, disk_bytes: 1e11, servers: 2, cordoned: false, labels: {}, last_seen: "2026-01-01T00:00:00Z", usage: null };
const game: Game = {
  id: "valheim", name: "Valheim", description: "Vikings", image: "i:1", ports: [{ name: "game", number: 2456, protocol: "udp" }],
  variables: [{ name: "SERVER_NAME", label: "Name in the list", required: true, default: "A server" }, { name: "PASSWORD", label: "Password", required: true, secret: true }],
};
const list = (...items: unknown[]) => ({ body: { items, next_cursor: null } });

function api(role = "admin", more: Parameters<typeof fakeApi>[0] = {}) {
  return fakeApi({
    "GET /whoami": { body: { id: "tok-1", name: "anna", role, servers: null } },
    "GET /servers": list(server, crashed), "GET /nodes": list(node), "GET /operations": list(), "GET /games": list(game), "GET /games/valheim": { body: game }, "GET /join-tokens": list(),
    ...more,
  });
}

async function signedIn(path: string, role = "admin", more: Parameters<typeof fakeApi>[0] = {}) {
  const heard = api(role, more);
  sessionStorage.setItem("muster.token", "secret");
  navigate(path, true);
  const screen = new Screen(<App />);
  await restore();
  return { screen, heard };
}

let open: Screen | null = null;
const draw = async (...all: Parameters<typeof signedIn>) => {
  const result = await signedIn(...all);
  open = result.screen;
  return result;
};

describe("the dashboard", () => {
  beforeEach(() => {
    noSockets();
    localStorage.clear();
    sessionStorage.clear();
  });
  afterEach(() => {
    open?.close();
    open = null;
    signOut();
    goodbye.value = "";
    notices.value = [];
    vi.unstubAllGlobals();
  });

  test("says so when a token is wrong, and keeps none", async () => {
    fakeApi({ "GET /whoami": { status: 401, body: { detail: "no such token" } } });
    await restore();
    open = new Screen(<App />);
    open.type("input[name=token]", "wrong");
    open.submit();
    await open.sees("This token is not accepted");
    expect(sessionStorage.length + localStorage.length).toBe(0);
  });

  test.each([[false, "sessionStorage"], [true, "localStorage"]] as const)("keeps a right token as it was asked to (remember: %s)", async (remember, place) => {
    const heard = api();
    await restore();
    open = new Screen(<App />);
    open.type("input[name=token]", " secret ");
    if (remember) open.click("input[name=remember]");
    await Promise.resolve();
    open.submit();
    await open.sees("Needs attention");
    expect(globalThis[place].getItem("muster.token")).toBe("secret");
    expect(heard[0]!.headers.get("Authorization")).toBe("Bearer secret");
  });

  test("keeps the token of someone who comes while the coordinator is away", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
    sessionStorage.setItem("muster.token", "secret");
    open = new Screen(<App />);
    await restore();
    await open.sees("The coordinator cannot be reached");
    expect(sessionStorage.getItem("muster.token")).toBe("secret");
  });

  test("shows what needs attention, and why", async () => {
    const { screen } = await draw("/");
    await screen.sees("It ended with code 139.");
    expect(screen.find(".side .badge").textContent).toBe("1");
  });

  test("leads someone with nothing yet to their first steps", async () => {
    const { screen } = await draw("/", "admin", { "GET /servers": list(), "GET /nodes": list() });
    await screen.sees("First steps");
    expect(screen.has(".steps button.primary")).toBe(true);
  });

  test("shows a viewer no buttons that change anything, and no pages of admins", async () => {
    const { screen } = await draw("/servers", "viewer");
    await screen.sees("friday");
    for (const selector of ["[data-action]", "input[type=checkbox]", 'a[href="/deploy"]', 'a[href="/tokens"]', 'a[href="/audit"]']) expect(screen.has(selector), selector).toBe(false);
    navigate("/deploy/valheim");
    await screen.sees("Your token may not deploy servers");
    expect(screen.has("form")).toBe(false);
  });

  test("does not ask for what a token of some servers may not see", async () => {
    const { screen, heard } = await draw("/", "operator", { "GET /whoami": { body: { id: "tok-1", name: "anna", role: "operator", servers: ["srv-1"] } }, "GET /servers": list(server) });
    await screen.sees("Recent operations");
    for (const selector of ['a[href="/nodes"]', 'a[href="/deploy"]']) expect(screen.has(selector), selector).toBe(false);
    expect(heard.some((call) => call.path.startsWith("/nodes"))).toBe(false);
    navigate("/servers");
    await screen.sees("friday");
    expect(screen.has('[data-action="stop"]')).toBe(true);
  });

  test("asks for a power action once, and shows why it failed", async () => {
    const { screen, heard } = await draw("/servers", "operator", { "POST /servers/srv-1/stop": { status: 409, body: { detail: "an update is running" } } });
    await screen.sees("friday");
    screen.click('[data-server="friday"] [data-action=stop]');
    await screen.sees("Stop of friday failed: an update is running");
    expect(heard.filter((call) => call.method === "POST")).toHaveLength(1);
  });

  test("makes the deploy form from the game's variables, and shows the coordinator's complaint at its field", async () => {
    const { screen, heard } = await draw("/deploy/valheim", "operator", { "POST /servers": { status: 400, body: { detail: "port 2456 is taken", field: "ports.game" } } });
    await screen.sees("Deploy Valheim");
    screen.submit("form.deploy");
    await screen.sees("Password is required.");
    expect(heard.some((call) => call.method === "POST")).toBe(false);
    screen.type('input[name="variables.PASSWORD"]', "hidden");
    await vi.waitFor(() => expect(screen.find<HTMLInputElement>('input[name="variables.PASSWORD"]').value).toBe("hidden"), PATIENCE);
    screen.submit("form.deploy");
    await vi.waitFor(() => expect(screen.find('[data-field="ports.game"]').textContent).toContain("Port 2456 is taken."), PATIENCE);
    expect(screen.find('[data-field="ports.game"] input').getAttribute("aria-invalid")).toBe("true");
    expect(heard.find((call) => call.method === "POST")!.body).toMatchObject({ name: "valheim", variables: { PASSWORD: "hidden" } });
  });

  test("saves settings as a merge patch against the version it saw", async () => {
    const { screen, heard } = await draw("/servers/srv-1/settings", "operator", { "PATCH /servers/srv-1": { body: { ...server, name: "saturday", version: "8" }, headers: { ETag: '"8"' } } });
    await screen.sees("Settings of the server");
    screen.type('.settings input[name="name"]', "saturday");
    await vi.waitFor(() => expect(screen.find<HTMLButtonElement>(".settings button[type=submit]").disabled).toBe(false), PATIENCE);
    screen.submit("form.settings");
    await screen.sees("The settings are saved.");
    const patch = heard.find((call) => call.method === "PATCH")!;
    expect(patch.body).toEqual({ name: "saturday" });
    expect(patch.headers.get("If-Match")).toBe('"7"');
  });

  test("does not overwrite what someone else changed meanwhile", async () => {
    const { screen } = await draw("/servers/srv-1/settings", "operator", {
      "PATCH /servers/srv-1": { status: 412, body: { detail: "it changed" } }, "GET /servers/srv-1": { body: { ...server, description: "theirs", version: "9" } },
    });
    await screen.sees("Settings of the server");
    screen.type('.settings input[name="name"]', "saturday");
    await vi.waitFor(() => expect(screen.find<HTMLButtonElement>(".settings button[type=submit]").disabled).toBe(false), PATIENCE);
    screen.submit("form.settings");
    await screen.sees("Someone else changed these settings meanwhile.");
  });

  test("sends the same change again when only the server's state had moved on", async () => {
    let tries = 0;
    const { screen, heard } = await draw("/servers/srv-1/settings", "operator", {
      "PATCH /servers/srv-1": () => (++tries === 1 ? { status: 412, body: { detail: "it changed" } } : { body: { ...server, name: "saturday", version: "10" } }),
      "GET /servers/srv-1": { body: { ...server, state: "stopping", version: "9" } },
    });
    await screen.sees("Settings of the server");
    screen.type('.settings input[name="name"]', "saturday");
    await vi.waitFor(() => expect(screen.find<HTMLButtonElement>(".settings button[type=submit]").disabled).toBe(false), PATIENCE);
    screen.submit("form.settings");
    await screen.sees("The settings are saved.");
    expect(heard.filter((call) => call.method === "PATCH").map((call) => call.headers.get("If-Match"))).toEqual(['"7"', '"9"']);
  });

  test("deletes data only when the name was typed", async () => {
    const { screen, heard } = await draw("/servers/srv-1/details", "operator", { "DELETE /servers/srv-1": { status: 202, body: { id: "op-1", state: "queued", created_at: "2026-01-01T00:00:00Z", kind: "remove" } } });
    await screen.sees("Update and remove");
    screen.click("button.danger");
    await screen.sees("What about its data?");
    screen.click("input[value=delete]");
    await screen.sees("Type friday to delete its data");
    expect(screen.find<HTMLButtonElement>("dialog button[type=submit]").disabled).toBe(true);
    screen.type("input[name=confirm-name]", "friday");
    await vi.waitFor(() => expect(screen.find<HTMLButtonElement>("dialog button[type=submit]").disabled).toBe(false), PATIENCE);
    screen.submit("dialog form");
    await vi.waitFor(() => expect(heard.some((call) => call.method === "DELETE")).toBe(true), PATIENCE);
    await screen.sees("Servers");
  });

  test("shows a new token once, for copying", async () => {
    const { screen } = await draw("/tokens", "admin", { "GET /tokens": list(), "POST /tokens": { status: 201, body: { id: "tok-2", token: "mst_once" } } });
    await screen.sees("There are none");
    screen.click(".page-actions button");
    await screen.sees("Who or what will use it.");
    screen.type("input[name=token-name]", "friend");
    await vi.waitFor(() => expect(screen.find<HTMLButtonElement>("dialog button[type=submit]").disabled).toBe(false), PATIENCE);
    screen.submit("dialog form");
    await screen.sees("mst_once");
  });

  test("signs out when the token stops working", async () => {
    const { screen } = await draw("/audit", "admin", { "GET /audit/verify": { status: 401, body: { detail: "who?" } } });
    await screen.sees("Your token is no longer accepted");
    expect(session.value).toBeNull();
    expect(sessionStorage.getItem("muster.token")).toBeNull();
  });

  test("says when there is no such page", async () => {
    const { screen } = await draw("/nowhere");
    await screen.sees("There is nothing at /nowhere");
  });
});
