import { describe, expect, test } from "vitest";
import type { GameVariable } from "../api/types";
import { MASK, complaint, complaints, initialValues, isOn, labelOf, spellSwitch, variablesPatch, variablesToSend, widgetOf } from "./variables";

const variable = (more: Partial<GameVariable>): GameVariable => ({ name: "X", ...more });

describe("widgetOf", () => {
  test.each([
    [{ type: "choice", choices: ["a", "b"] }, "choice"], [{ type: "text", choices: ["a"] }, "choice"], [{ type: "boolean" }, "switch"], [{ secret: true }, "secret"], [{ type: "number" }, "number"], [{ type: "integer" }, "number"], [{ multiline: true }, "lines"],
    [{}, "text"], [{ choices: [] }, "text"],
  ] as [Partial<GameVariable>, string][])("%j is a %s", (more, widget) => expect(widgetOf(variable(more))).toBe(widget));
});

test("a variable without a label is called by its name in words", () => {
  expect(labelOf(variable({ name: "SERVER_PASSWORD" }))).toBe("Server password");
  expect(labelOf(variable({ label: "Password" }))).toBe("Password");
});

describe("complaint", () => {
  test.each([
    [{ required: true, label: "Name" }, "", "Name is required."],
    [{}, "", ""],
    [{ type: "number", min: 1, max: 10 }, "11", "This must be from 1 to 10."],
    [{ type: "number", min: 1, max: 10 }, "10", ""],
    [{ type: "number", min: 0 }, "-1", "This must be at least 0."],
    [{ type: "number", max: 5 }, "6", "This must be at most 5."],
    [{ type: "number" }, "ten", "This must be a number."],
    [{ type: "number" }, " ", "This must be a number."],
    [{ type: "choice", choices: ["easy", "hard"] }, "soft", "Choose one of: easy, hard."],
    [{ length_max: 3 }, "äöü", ""],
    [{ length_max: 3 }, "äöüx", "This may be at most 3 characters long."],
    [{ length_min: 5 }, "four", "This must be at least 5 characters long."],
    [{ type: "integer" }, "1.5", "This must be a whole number."],
    [{ type: "boolean", on: "yes", off: "nope" }, "nope", ""],
    [{ pattern: "[a-z]+" }, "abc1", "This does not have the required form ([a-z]+)."],
    [{ pattern: "a|b" }, "ab", "This does not have the required form (a|b)."],
    [{ pattern: "(?P<bad>" }, "anything", ""],
    [{ secret: true, pattern: "[a-z]{5,}" }, MASK, ""],
    [{ type: "boolean" }, "perhaps", "This must be on or off."],
  ] as [Partial<GameVariable>, string, string][])("of %j about %j", (more, text, reason) => expect(complaint(variable(more), text)).toBe(reason));
  test("all of a form are found, each at its field", () => {
    const list = [variable({ name: "A", required: true }), variable({ name: "B", type: "number" }), variable({ name: "C" })];
    expect(Object.keys(complaints(list, { A: "", B: "x", C: "" }))).toEqual(["variables.A", "variables.B"]);
  });
});

test("a switch is read and written as its game writes it", () => {
  const one = variable({ type: "boolean", on: "1", off: "0" });
  expect(spellSwitch(one, true)).toBe("1");
  expect(spellSwitch(one, false)).toBe("0");
  expect(isOn(one, "1")).toBe(true);
  expect(isOn(one, "0")).toBe(false);
  expect(isOn(one, "true")).toBe(true);
  // A game may well call the opposite of a thing by that thing's name.
  expect(isOn(variable({ on: "off", off: "on" }), "off")).toBe(true);
  expect(spellSwitch(variable({}), true)).toBe("true");
});

test("a deploy sends only what differs from the defaults", () => {
  const list = [variable({ name: "A", default: "x" }), variable({ name: "B", default: 5, type: "number" }), variable({ name: "C" })];
  const values = { ...initialValues(list), B: "6" };
  expect(variablesToSend(list, values)).toEqual({ B: "6" });
  expect(variablesToSend(list, { ...values, A: "" })).toEqual({ A: "", B: "6" });
});

describe("variablesPatch", () => {
  const list = [variable({ name: "A" }), variable({ name: "B", required: true }), variable({ name: "S", secret: true })];
  const stored = { A: "1", B: "2", S: MASK };
  test("is empty when nothing changed, and never sends a mask back", () => {
    expect(variablesPatch(list, stored, stored)).toEqual({});
    expect(variablesPatch(list, stored, { ...stored, S: "" })).toEqual({});
  });
  test("holds what changed; emptying an optional one takes it back to its default", () => {
    expect(variablesPatch(list, stored, { A: "", B: "3", S: "new" })).toEqual({ A: null, B: "3", S: "new" });
  });
});
