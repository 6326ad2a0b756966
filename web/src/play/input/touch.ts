import { buttonsOfStick } from "./keys";
import { Button } from "@muster/client/sim";

const RADIUS = 56;          // CSS pixels from the middle to the full deflection
const FIRE_FROM = 0.6;      // of the right stick: closer to the middle it only aims

export interface Stick { active: boolean; x: number; y: number; fromX: number; fromY: number }
const rest = (): Stick => ({ active: false, x: 0, y: 0, fromX: 0, fromY: 0 });

/** Two sticks that are where a finger comes down: left half moves, right half aims and, pushed out, fires. */
export class Sticks {
  readonly move = rest();
  readonly aim = rest();
  private readonly fingers = new Map<number, Stick>();

  constructor(stage: HTMLElement, private readonly aimFactor: () => number) {
    stage.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse") return;
      event.preventDefault();
      stage.setPointerCapture(event.pointerId);
      this.down(event.pointerId, event.clientX, event.clientY, stage.clientWidth);
    });
    stage.addEventListener("pointermove", (event) => this.drag(event.pointerId, event.clientX, event.clientY));
    for (const end of ["pointerup", "pointercancel"] as const) stage.addEventListener(end, (event) => this.up(event.pointerId));
  }

  down(id: number, x: number, y: number, width: number): void {
    const stick = x < width / 2 ? this.move : this.aim;
    if (stick.active) return;
    Object.assign(stick, { active: true, x: 0, y: 0, fromX: x, fromY: y });
    this.fingers.set(id, stick);
  }

  drag(id: number, x: number, y: number): void {
    const stick = this.fingers.get(id);
    if (!stick) return;
    const factor = stick === this.aim ? this.aimFactor() : 1;
    const dx = ((x - stick.fromX) / RADIUS) * factor;
    const dy = ((y - stick.fromY) / RADIUS) * factor;
    const length = Math.hypot(dx, dy);
    stick.x = length > 1 ? dx / length : dx;
    stick.y = length > 1 ? dy / length : dy;
    // Pulled further, the stick comes along: turning back must not take the whole way.
    if (stick === this.move && length > 1.35) {
      stick.fromX = x - stick.x * RADIUS * 1.35;
      stick.fromY = y - stick.y * RADIUS * 1.35;
    }
  }

  up(id: number): void {
    const stick = this.fingers.get(id);
    this.fingers.delete(id);
    if (stick) Object.assign(stick, rest());
  }

  clear(): void {
    this.fingers.clear();
    Object.assign(this.move, rest());
    Object.assign(this.aim, rest());
  }

  get buttons(): number {
    const fires = this.aim.active && Math.hypot(this.aim.x, this.aim.y) >= FIRE_FROM;
    return buttonsOfStick(this.move.x, this.move.y) | (fires ? Button.fire : 0);
  }
}

export const STICK_RADIUS = RADIUS;
