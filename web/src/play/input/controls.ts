import { Held, actionOf, nextSlot, type Action } from "./keys";
import { Sticks } from "./touch";
import type { Controls as Wish } from "../game/game";
import { Button } from "@muster/client/sim";

/** Keyboard, mouse and fingers, as what a step needs. */
export class Controls {
  /** For what is no step: chat, scores, menu, mute. */
  onAction: (action: Action, down: boolean) => void = () => undefined;
  /** Whether keys go to the game: not while somebody types. */
  listening: () => boolean = () => true;
  /** In CSS pixels. */
  pointer = { x: 0, y: 0 };
  touching = false;
  /** Bits of the weapons, and the one in hand, for the wheel. */
  weapons = 1;
  inHand = 1;
  readonly sticks: Sticks;
  private readonly held = new Held();
  private slot = 0;
  private mouse = 0;
  private touchAim = 0;

  constructor(stage: HTMLElement, touchFactor: () => number) {
    this.sticks = new Sticks(stage, touchFactor);
    this.pointer = { x: innerWidth / 2 + 100, y: innerHeight / 2 };
    window.addEventListener("keydown", (event) => this.key(event, true));
    window.addEventListener("keyup", (event) => this.key(event, false));
    window.addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => this.release());
    stage.addEventListener("pointermove", (event) => this.point(event));
    stage.addEventListener("pointerdown", (event) => this.press(event));
    window.addEventListener("pointerup", (event) => {
      if (event.pointerType === "mouse") this.mouse &= ~(event.button === 2 ? Button.strike : Button.fire);
    });
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (Math.abs(event.deltaY) > 3) this.take(nextSlot(this.slot || this.inHand, this.weapons, event.deltaY > 0 ? 1 : -1));
    }, { passive: false });
  }

  /** The weapon bar, or a key. */
  take(slot: number): void {
    this.slot = slot;
  }

  /** A button of the page, for fingers. */
  hold(name: string, button: Button, down: boolean): void {
    if (down) this.held.press(name, button);
    else this.held.release(name);
  }

  release(): void {
    this.held.clear();
    this.mouse = 0;
    this.sticks.clear();
  }

  /** `fromX`, `fromY`: where the player is on the screen. */
  step(fromX: number, fromY: number): Wish {
    const slot = this.slot;
    this.slot = 0;
    if (this.touching) {
      const { move, aim } = this.sticks;
      if (aim.active && Math.hypot(aim.x, aim.y) > 0.15) this.touchAim = Math.atan2(aim.y, aim.x);
      else if (!aim.active && move.active && Math.hypot(move.x, move.y) > 0.3) this.touchAim = Math.atan2(move.y, move.x);
      return { aim: this.touchAim, buttons: this.held.buttons | this.sticks.buttons, slot };
    }
    return { aim: Math.atan2(this.pointer.y - fromY, this.pointer.x - fromX), buttons: this.held.buttons | this.mouse, slot };
  }

  private point(event: PointerEvent): void {
    if (event.pointerType !== "mouse") return;
    this.touching = false;
    this.pointer.x = event.clientX;
    this.pointer.y = event.clientY;
  }

  private press(event: PointerEvent): void {
    if (event.pointerType !== "mouse") {
      this.touching = true;
      return;
    }
    this.point(event);
    // So that letting go outside of the window is noticed.
    if (event.target instanceof Element) event.target.setPointerCapture(event.pointerId);
    // A click into the arena ends typing.
    if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body) document.activeElement.blur();
    if (this.listening()) this.mouse |= event.button === 2 ? Button.strike : Button.fire;
  }

  private key(event: KeyboardEvent, down: boolean): void {
    const action = actionOf(event.code);
    if (!action) return;
    if (!down && action.do === "hold") this.held.release(event.code);
    if (!this.listening()) {
      if (action.do === "menu" && down && !event.repeat) this.onAction(action, down);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // A focused button of the page keeps its keys.
    const onButton = event.target instanceof HTMLElement && event.target.closest("button, a, input, select, textarea, dialog") !== null;
    if (onButton && (event.code === "Enter" || event.code === "Space" || event.code === "Tab")) return;
    event.preventDefault();
    if (event.repeat) return;
    if (action.do === "hold") {
      if (down) this.held.press(event.code, action.button);
    } else if (action.do === "slot") {
      if (down) this.take(action.slot);
    } else {
      this.onAction(action, down);
    }
  }
}
