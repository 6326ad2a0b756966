import { Button } from "@muster/client/sim";

/** What a key does, by its place on the keyboard: WASD are where they are on every layout. */
export type Action =
  | { do: "hold"; button: Button }
  | { do: "slot"; slot: number }
  | { do: "chat"; team: boolean }
  | { do: "scores" }
  | { do: "menu" }
  | { do: "mute" };

const HOLDS: Record<string, Button> = {
  KeyW: Button.up, ArrowUp: Button.up, KeyS: Button.down, ArrowDown: Button.down, KeyA: Button.left, ArrowLeft: Button.left, KeyD: Button.right, ArrowRight: Button.right,
  KeyR: Button.reload, KeyV: Button.strike, Space: Button.fire,
};

export function actionOf(code: string): Action | undefined {
  const button = HOLDS[code];
  if (button !== undefined) return { do: "hold", button };
  const digit = /^(?:Digit|Numpad)([1-5])$/.exec(code);
  if (digit) return { do: "slot", slot: Number(digit[1]) };
  switch (code) {
    case "Enter":
    case "NumpadEnter": return { do: "chat", team: false };
    case "KeyT": return { do: "chat", team: true };
    case "Tab": return { do: "scores" };
    case "Escape": return { do: "menu" };
    case "KeyM": return { do: "mute" };
    default: return undefined;
  }
}

/** Which buttons are held: two keys may hold the same one. */
export class Held {
  private readonly codes = new Map<string, Button>();

  press(code: string, button: Button): void {
    this.codes.set(code, button);
  }
  release(code: string): void {
    this.codes.delete(code);
  }
  clear(): void {
    this.codes.clear();
  }
  get buttons(): number {
    let out = 0;
    for (const button of this.codes.values()) out |= button;
    return out;
  }
}

/** The next weapon that the player has, by the wheel: a slot, 1 to 5. */
export function nextSlot(current: number, weapons: number, by: 1 | -1): number {
  for (let i = 1; i <= 5; ++i) {
    const slot = ((((current - 1 + by * i) % 5) + 5) % 5) + 1;
    if (slot === 5 || weapons & (1 << (slot - 1))) return slot;
  }
  return current;
}

/** The direction of a stick, with a dead middle, as buttons: eight ways, as the world has them. */
export function buttonsOfStick(x: number, y: number): number {
  if (Math.hypot(x, y) < 0.28) return 0;
  const eighth = Math.round(Math.atan2(y, x) / (Math.PI / 4));
  const ways = [Button.right, Button.right | Button.down, Button.down, Button.down | Button.left, Button.left, Button.left | Button.up, Button.up, Button.up | Button.right];
  return ways[(eighth + 8) % 8]!;
}
