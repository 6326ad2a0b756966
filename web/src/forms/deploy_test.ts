import { describe, expect, test } from "vitest";
import type { Game, Server } from "../api/types";
import { deployBody, deployComplaints, emptyForm, freeName, knownFields, labelsText, parseLabels, placeProblem } from "./deploy";
import { settingsComplaints, settingsOf, settingsPatch } from "./settings";

const game: Game = {
  id: "valheim", name: "Valheim", description: "", image: "i:1", memory_bytes: 2 * 1024 ** 3, cpus: 2,
  ports: [{ name: "game", number: 2456, protocol: "udp" }],
  variables: [{ name: "SERVER_NAME", required: true, default: "A server" }, { name: "PASSWORD", secret: true, required: true }],
};

describe("the deploy form", () => {
  test("starts with the game's defaults and a name that is free", () => {
    const form = emptyForm(game, new Set(["valheim", "valheim-2"]));
    expect(form).toMatchObject({ name: "valheim-3", memory: "2 GB", cpus: "2", variables: { SERVER_NAME: "A server", PASSWORD: "" }, ports: { game: "" }, start: true });
    expect(freeName("x", new Set())).toBe("x");
  });
  test("finds what is missing or wrong, by field", () => {
    const form = { ...emptyForm(game, new Set()), name: " ", ports: { game: "70000" }, memory: "lots", cpus: "two", labels: "=x" };
    expect(Object.keys(deployComplaints(game, form)).sort()).toEqual(["cpus", "labels", "memory_bytes", "name", "ports.game", "variables.PASSWORD"]);
  });
  test("sends what the API documents", () => {
    const form = { ...emptyForm(game, new Set()), variables: { SERVER_NAME: "A server", PASSWORD: "secret" }, ports: { game: "2500" }, labels: "team=red", node: "node-1" };
    expect(deployBody(game, form)).toEqual({
      name: "valheim", game: "valheim", node_id: "node-1", variables: { PASSWORD: "secret" }, ports: { game: 2500 }, memory_bytes: 2 * 1024 ** 3, cpus: 2, labels: { team: "red" },
      description: "", start: true, restart_on_crash: true,
    });
  });
  test("leaves the choice of node and ports to the coordinator unless told", () => {
    expect(deployBody(game, emptyForm(game, new Set()))).toMatchObject({ node_id: null, ports: {} });
  });
});

describe("placeProblem", () => {
  const known = knownFields(game);
  test.each([["variables.PASSWORD", "variables.PASSWORD"], ["ports.game", "ports.game"], ["PASSWORD", "variables.PASSWORD"], ["server.name", "name"], ["variables", ""], ["", ""], ["mystery", ""]])("%j belongs at %j", (field, place) =>
    expect(placeProblem(field, known)).toBe(place),
  );
});

test("labels are read and written back", () => {
  expect(parseLabels("team=red, size: small,,urgent")).toEqual({ team: "red", size: "small", urgent: "" });
  expect(parseLabels("url=a:b")).toEqual({ url: "a:b" });
  expect(parseLabels("=red")).toBeNull();
  expect(parseLabels(labelsText({ a: "1", b: "" }))).toEqual({ a: "1", b: "" });
});

describe("the settings form", () => {
  const server = {
    id: "srv-1", name: "friday", description: "", game: "valheim", labels: { team: "red" }, variables: { SERVER_NAME: "Ours", PASSWORD: "********" }, memory_bytes: 1234567890, cpus: 0,
    restart_on_crash: true, version: "3",
  } as unknown as Server;
  test("changes nothing when nothing was changed, whatever the sizes round to", () => {
    expect(settingsPatch(game, server, settingsOf(game, server))).toEqual({});
  });
  test("sends a merge patch of what was changed", () => {
    const form = settingsOf(game, server);
    expect(settingsPatch(game, server, { ...form, name: "saturday ", memory: "", labels: "size=big", restart: false, variables: { ...form.variables, SERVER_NAME: "Theirs" } })).toEqual({
      name: "saturday", memory_bytes: 0, labels: { team: null, size: "big" }, restart_on_crash: false, variables: { SERVER_NAME: "Theirs" },
    });
  });
  test("still works for a server whose game was removed", () => {
    const form = settingsOf(undefined, server);
    expect(settingsPatch(undefined, server, { ...form, variables: { ...form.variables, SERVER_NAME: "x" } })).toEqual({ variables: { SERVER_NAME: "x" } });
    expect(settingsComplaints(undefined, server, { ...form, name: "" })).toEqual({ name: "Give the server a name." });
  });
});
