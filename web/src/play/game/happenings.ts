import type { Fact, PickupKind, Team, Weapon } from "@muster/client";

/** What is to be seen and heard, when it is to be seen and heard. Places in units, angles in radians. */
export type Happening =
  | { kind: "muzzle"; x: number; y: number; aim: number; weapon: Weapon; team: Team; own: boolean; strong: boolean }
  | { kind: "impact"; x: number; y: number; aim: number; weapon: Weapon; wall: number }
  | { kind: "hit"; x: number; y: number; aim: number; victim: number; damage: number; weapon: Weapon; byMe: boolean; onMe: boolean; team: Team; from: { x: number; y: number } | undefined }
  | { kind: "strike"; x: number; y: number; aim: number; own: boolean; team: Team }
  | { kind: "pickup"; x: number; y: number; pickup: PickupKind; index: number; own: boolean }
  | { kind: "pickup_back"; x: number; y: number; index: number }
  | { kind: "spawn"; x: number; y: number; own: boolean; team: Team }
  | { kind: "reloaded"; own: boolean; x: number; y: number }
  | { kind: "empty" }
  | { kind: "wall_gone"; index: number }
  | { kind: "wall_back"; index: number }
  | { kind: "wall_hurt"; index: number }
  | { kind: "death"; x: number; y: number; team: Team; own: boolean; byMe: boolean }
  | { kind: "flag"; fact: Fact; team: Team; x: number; y: number; ours: boolean }
  | { kind: "match"; fact: Fact; won: boolean | undefined }
  | { kind: "chat"; own: boolean };

const QUEUE_MAX = 1_024;

/** Happenings that wait for their tick. */
export class Timeline {
  private readonly queue: { tick: number; happening: Happening }[] = [];

  clear(): void {
    this.queue.length = 0;
  }

  /** Ticks that are `apart` more follow. */
  cross(apart: number): void {
    for (const one of this.queue) one.tick += apart;
  }

  add(tick: number, happening: Happening): void {
    // Nobody looked for long (a hidden page): the oldest are the least missed.
    if (this.queue.length >= QUEUE_MAX) this.queue.shift();
    this.queue.push({ tick, happening });
  }

  /** Gives out what is due; what is later than `staleTicks` behind is not worth seeing. */
  release(tick: number, staleTicks: number, out: (happening: Happening) => void): void {
    let kept = 0;
    for (const one of this.queue) {
      if (one.tick > tick) this.queue[kept++] = one;
      else if (one.tick > tick - staleTicks) out(one.happening);
    }
    this.queue.length = kept;
  }
}
