import { Container, Graphics, Sprite, TilingSprite } from "pixi.js";
import { FRAME, GROUND, coloursOf } from "./colours";
import type { Camera } from "./camera";
import type { Textures } from "./textures";
import type { Game } from "../game/game";
import { Mode, Team, type Welcome } from "@muster/client";

/** The floor, the border of the map and the bases. */
export class Ground {
  readonly container = new Container();
  private readonly floor: TilingSprite;
  private readonly marks = new Container();
  private readonly lights = new Container();
  private readonly own: Sprite;

  constructor(private readonly textures: Textures) {
    this.floor = new TilingSprite({ texture: textures.tile, width: 16, height: 16 });
    this.own = new Sprite(textures.glow);
    this.own.anchor.set(0.5);
    this.own.setSize(760);
    this.own.blendMode = "add";
    this.container.addChild(this.floor, this.lights, this.own, this.marks);
  }

  build(welcome: Welcome, game: Game): void {
    for (const child of [...this.marks.removeChildren(), ...this.lights.removeChildren()]) child.destroy();
    const { left, top, width, height } = welcome;
    const outside = 3_000;
    const frame = new Graphics();
    frame.rect(left - outside, top - outside, width + 2 * outside, outside).rect(left - outside, top + height, width + 2 * outside, outside);
    frame.rect(left - outside, top, outside, height).rect(left + width, top, outside, height).fill(0x05080d);
    for (const [grow, alpha] of [[10, 0.08], [6, 0.12], [2, 0.35]] as const) frame.rect(left - grow, top - grow, width + 2 * grow, height + 2 * grow).stroke({ width: 3, color: FRAME, alpha });
    const light = (x: number, y: number, size: number, tint: number, alpha: number) => {
      const sprite = new Sprite(this.textures.glow);
      sprite.anchor.set(0.5);
      sprite.position.set(x, y);
      sprite.width = sprite.height = size;
      sprite.tint = tint;
      sprite.alpha = alpha;
      sprite.blendMode = "add";
      this.lights.addChild(sprite);
    };
    light(left + width / 2, top + height / 2, Math.min(width, height) * 1.1, 0x3b5488, 0.26);
    if (welcome.mode !== Mode.free_for_all) {
      light(left, top + height / 2, Math.min(height * 1.2, 1_600), coloursOf(Team.red).main, 0.2);
      light(left + width, top + height / 2, Math.min(height * 1.2, 1_600), coloursOf(Team.blue).main, 0.2);
    }
    this.marks.addChild(frame);
    if (welcome.mode !== Mode.capture_the_flag) return;
    for (const team of [Team.red, Team.blue]) {
      const base = game.baseOf(team);
      if (!base) continue;
      const { main } = coloursOf(team);
      const pad = new Graphics();
      pad.circle(0, 0, 62).fill({ color: main, alpha: 0.07 }).circle(0, 0, 62).stroke({ width: 2, color: main, alpha: 0.5 });
      pad.circle(0, 0, 25).stroke({ width: 2.5, color: main, alpha: 0.8 });
      for (let i = 0; i < 24; ++i) {
        const angle = (i * Math.PI) / 12;
        pad.moveTo(Math.cos(angle) * 66, Math.sin(angle) * 66).lineTo(Math.cos(angle) * 72, Math.sin(angle) * 72).stroke({ width: 2, color: main, alpha: 0.45 });
      }
      pad.position.set(base.x, base.y);
      this.marks.addChild(pad);
    }
  }

  draw(camera: Camera, game: Game, lights: boolean): void {
    this.lights.visible = lights;
    // A light that goes with the player: the eye finds it in a crowd.
    this.own.visible = lights && game.prediction.alive;
    this.own.position.set(game.x, game.y);
    this.own.tint = coloursOf(game.team).light;
    this.own.alpha = 0.15;
    const margin = 40;
    const x = camera.left - margin;
    const y = camera.top - margin;
    this.floor.position.set(x, y);
    this.floor.width = camera.width / camera.scale + 2 * margin;
    this.floor.height = camera.height / camera.scale + 2 * margin;
    this.floor.tilePosition.set(-x, -y);
  }
}

export const CLEAR = GROUND;
