import { Container, Sprite } from "pixi.js";
import { SHOT_COLOURS, coloursOf, mix } from "./colours";
import type { Camera } from "./camera";
import type { Textures } from "./textures";
import type { Game } from "../game/game";
import { Weapon } from "@muster/client";

const LENGTH: Record<Weapon, number> = { [Weapon.pistol]: 26, [Weapon.shotgun]: 16, [Weapon.rifle]: 34, [Weapon.sniper]: 110, [Weapon.melee]: 0 };
const WIDTH: Record<Weapon, number> = { [Weapon.pistol]: 7, [Weapon.shotgun]: 5.5, [Weapon.rifle]: 6, [Weapon.sniper]: 7, [Weapon.melee]: 0 };

/** Projectiles: a bright streak and its light. */
export class ShotLayer {
  readonly container = new Container();
  private readonly bolts: Sprite[] = [];
  private readonly lights: Sprite[] = [];

  constructor(private readonly textures: Textures) {}

  draw(game: Game, camera: Camera, lights: boolean): void {
    const shown = game.clock.showing;
    const own = game.ownTick + game.part - 1;
    let used = 0;
    for (const flight of game.shots.flights) {
      const age = (flight.own ? own : shown) - flight.tick;
      if (age < 0) continue;
      const x = flight.x + flight.vx * age;
      const y = flight.y + flight.vy * age;
      if (!camera.sees(x, y, 120)) continue;
      const bolt = this.sprite(this.bolts, used, this.textures.bolt, 0.92);
      const colour = mix(SHOT_COLOURS[flight.weapon], coloursOf(flight.team).main, 0.45);
      const strong = flight.strong ? 1.35 : 1;
      // A streak does not reach back behind the muzzle.
      const length = Math.min(LENGTH[flight.weapon] * strong, 8 + age * Math.hypot(flight.vx, flight.vy));
      bolt.position.set(x, y);
      bolt.rotation = Math.atan2(flight.vy, flight.vx);
      bolt.width = length;
      bolt.height = WIDTH[flight.weapon] * strong;
      bolt.tint = flight.strong ? mix(colour, 0xe07bff, 0.5) : colour;
      const light = this.sprite(this.lights, used, this.textures.glow, 0.5);
      light.visible = lights;
      light.position.set(x, y);
      light.width = light.height = flight.weapon === Weapon.sniper ? 56 : 34 * strong;
      light.tint = flight.strong ? 0xe07bff : coloursOf(flight.team).main;
      light.alpha = 0.5;
      ++used;
    }
    for (let i = used; i < this.bolts.length; ++i) this.bolts[i]!.visible = this.lights[i]!.visible = false;
  }

  private sprite(pool: Sprite[], at: number, texture: Textures["bolt"], anchor: number): Sprite {
    let sprite = pool[at];
    if (!sprite) {
      sprite = new Sprite(texture);
      sprite.anchor.set(anchor, 0.5);
      sprite.blendMode = "add";
      pool[at] = sprite;
      this.container.addChild(sprite);
    }
    sprite.visible = true;
    return sprite;
  }
}
