// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { SERVER_STATES } from "../api/types";
import { LineHistory } from "./line_history";
import { match } from "./router";
import { STATE_MEANING, STATE_TONE, allowed, type PowerAction } from "./states";

describe("power actions", () => {
  test("every state has a tone and a meaning", () => {
    for (const state of SERVER_STATES) {
      expect(STATE_TONE[state]).toBeTruthy();
      expect(STATE_MEANING[state]).toMatch(/\.$/);
    }
  });
  test("nothing may be done to a server that is being removed", () => {
    for (const action of ["start", "stop", "restart", "kill", "pause", "unpause", "update"] as PowerAction[]) expect(allowed(action, { state: "removing", desired: "stopped" })).toBe(false);
  });
  test("a crashed server may be started, and stopped only while it would come back by itself", () => {
    expect(allowed("start", { state: "crashed", desired: "running" })).toBe(true);
    expect(allowed("stop", { state: "crashed", desired: "running" })).toBe(true);
    expect(allowed("stop", { state: "crashed", desired: "stopped" })).toBe(false);
  });
  test("a server that will not stop may be killed", () => expect(allowed("kill", { state: "stopping", desired: "stopped" })).toBe(true));
});

describe("match", () => {
  test("finds the parts of a path", () => expect(match("/servers/{id}/{tab}", "/servers/srv-1/charts")).toEqual({ id: "srv-1", tab: "charts" }));
  test("decodes them, and refuses what cannot be decoded", () => {
    expect(match("/games/{id}", "/games/a%20b")).toEqual({ id: "a b" });
    expect(match("/games/{id}", "/games/%zz")).toBeNull();
  });
  test("takes no shorter, longer or other path", () => {
    expect(match("/servers/{id}", "/servers")).toBeNull();
    expect(match("/servers/{id}", "/servers/a/b")).toBeNull();
    expect(match("/servers/{id}", "/nodes/a")).toBeNull();
    expect(match("/", "/")).toEqual({});
  });
});

describe("LineHistory", () => {
  const storage = () => {
    const kept = new Map<string, string>();
    return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  };
  test("steps back and forth, and gives back what was being typed", () => {
    const history = new LineHistory("k", storage());
    history.add("one");
    history.add("two");
    expect(history.step("older", "thr")).toBe("two");
    expect(history.step("older", "two")).toBe("one");
    expect(history.step("older", "one")).toBe("one");
    expect(history.step("newer", "one")).toBe("two");
    expect(history.step("newer", "two")).toBe("thr");
  });
  test("keeps its lines for the next page of the visit, each repetition once", () => {
    const kept = storage();
    const history = new LineHistory("k", kept);
    for (const line of ["a", "a", "b"]) history.add(line);
    const later = new LineHistory("k", kept);
    expect(later.step("older", "")).toBe("b");
    expect(later.step("older", "")).toBe("a");
    expect(later.step("older", "")).toBe("a");
  });
  test("does not stumble over a storage that holds something else", () => {
    expect(new LineHistory("k", { getItem: () => "{broken", setItem: () => undefined }).step("older", "x")).toBe("x");
  });
});
