import { describe, expect, it } from "vitest";
import { Held, actionOf, buttonsOfStick, nextSlot } from "./keys";
import { Sticks } from "./touch";
import { Button } from "@muster/client/sim";

describe("keys", () => {
  it.each([
    ["KeyW", Button.up], ["ArrowUp", Button.up], ["KeyA", Button.left], ["KeyS", Button.down], ["KeyD", Button.right], ["ArrowRight", Button.right], ["KeyR", Button.reload], ["KeyV", Button.strike],
  ])("%s holds a button", (code, button) => expect(actionOf(code)).toEqual({ do: "hold", button }));

  it("choose weapons, chat, scores, the menu and silence", () => {
    for (let slot = 1; slot <= 5; ++slot) expect(actionOf(`Digit${slot}`)).toEqual({ do: "slot", slot });
    expect(actionOf("Digit6")).toBeUndefined();
    expect(actionOf("Enter")).toEqual({ do: "chat", team: false });
    expect(actionOf("KeyT")).toEqual({ do: "chat", team: true });
    expect(actionOf("Tab")).toEqual({ do: "scores" });
    expect(actionOf("Escape")).toEqual({ do: "menu" });
    expect(actionOf("KeyM")).toEqual({ do: "mute" });
    expect(actionOf("F5")).toBeUndefined();
  });

  it("hold a button for as long as one of its keys is down", () => {
    const held = new Held();
    held.press("KeyW", Button.up);
    held.press("ArrowUp", Button.up);
    held.press("KeyD", Button.right);
    held.release("KeyW");
    expect(held.buttons).toBe(Button.up | Button.right);
    held.release("ArrowUp");
    expect(held.buttons).toBe(Button.right);
    held.clear();
    expect(held.buttons).toBe(0);
  });

  it("of the wheel go round the weapons that one has", () => {
    expect(nextSlot(1, 0b0001, 1)).toBe(5);
    expect(nextSlot(5, 0b0001, 1)).toBe(1);
    expect(nextSlot(1, 0b0101, 1)).toBe(3);
    expect(nextSlot(1, 0b0101, -1)).toBe(5);
  });
});

describe("sticks", () => {
  const element = () => ({ addEventListener: () => undefined, clientWidth: 400 }) as unknown as HTMLElement;

  it("move in eight directions, with a quiet middle", () => {
    expect(buttonsOfStick(0.1, 0.1)).toBe(0);
    expect(buttonsOfStick(1, 0)).toBe(Button.right);
    expect(buttonsOfStick(0.7, -0.7)).toBe(Button.right | Button.up);
    expect(buttonsOfStick(-1, 0.05)).toBe(Button.left);
    expect(buttonsOfStick(-0.1, 1)).toBe(Button.down);
  });

  it("move with the left half, aim with the right, and fire when pushed out", () => {
    const sticks = new Sticks(element(), () => 1);
    sticks.down(1, 100, 300, 400);
    sticks.drag(1, 100, 240);
    sticks.down(2, 300, 300, 400);
    sticks.drag(2, 320, 300);
    expect(sticks.buttons).toBe(Button.up);
    sticks.drag(2, 350, 300);
    expect(sticks.buttons).toBe(Button.up | Button.fire);
    sticks.up(2);
    sticks.up(1);
    expect(sticks.buttons).toBe(0);
  });
});
