import { Container, Sprite } from "pixi.js";
import { PICKUP_COLOURS } from "./colours";
import type { Camera } from "./camera";
import type { Textures } from "./textures";
import { PickupKind, type Pickup } from "@muster/client";

interface Shown { pickup: Pickup; root: Container; plate: Sprite; glow: Sprite; ring: Sprite; phase: number; presence: number }

export class PickupLayer {
  readonly container = new Container();
  private shown: Shown[] = [];

  constructor(private readonly textures: Textures) {}

  build(pickups: readonly Pickup[]): void {
    for (const child of this.container.removeChildren()) child.destroy({ children: true });
    this.shown = pickups.map((pickup, index) => {
      const root = new Container();
      const colour = PICKUP_COLOURS[pickup.kind];
      const glow = new Sprite(this.textures.glow);
      glow.anchor.set(0.5);
      glow.width = glow.height = 92;
      glow.tint = colour;
      glow.blendMode = "add";
      const ring = new Sprite(this.textures.dashRing);
      ring.tint = colour;
      const plate = new Sprite(pickup.kind === PickupKind.weapon_crate ? this.textures.crate[pickup.weapon] : this.textures.pickup[pickup.kind]);
      root.addChild(glow, ring, plate);
      root.position.set(pickup.x, pickup.y);
      root.visible = false;
      this.container.addChild(root);
      return { pickup, root, plate, glow, ring, phase: (index * 1.7) % 6.28, presence: pickup.available ? 1 : 0 };
    });
  }

  draw(camera: Camera, nowMs: number, passedMs: number, still: boolean): void {
    for (const one of this.shown) {
      one.presence += ((one.pickup.available ? 1 : 0) - one.presence) * Math.min(1, passedMs / 120);
      one.root.visible = camera.sees(one.pickup.x, one.pickup.y, 60);
      if (!one.root.visible) continue;
      const beat = still ? 0.5 : 0.5 + 0.5 * Math.sin(nowMs / 420 + one.phase);
      one.plate.scale.set((0.9 + 0.1 * beat) * (0.3 + 0.7 * one.presence));
      one.plate.alpha = one.presence;
      one.plate.y = still ? 0 : -2 * beat;
      one.glow.alpha = (0.2 + 0.22 * beat) * one.presence;
      one.ring.alpha = 0.14 + 0.4 * one.presence;
      one.ring.rotation = still ? 0 : nowMs / 2_400 + one.phase;
    }
  }
}
