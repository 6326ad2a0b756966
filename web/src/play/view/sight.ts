import { Container, Graphics, Sprite } from "pixi.js";
import { GOLD, coloursOf } from "./colours";
import { drawFlag } from "./player_layer";
import type { Camera } from "./camera";
import type { Textures } from "./textures";
import type { Game } from "../game/game";
import { FlagWhere, Mode, Team, Weapon } from "@muster/client";
import { MELEE_UNITS, rulesOf } from "@muster/client/sim";

/** The line of aim, the crosshair with the progress of reloading, and what a hit feels like. */
export class Sight {
  readonly line: Sprite;
  readonly screen = new Container();
  private readonly cross: Sprite;
  private readonly progress = new Graphics();
  private readonly marker = new Graphics();
  private hitAt = -1e9;
  private shownProgress = -1;

  constructor(textures: Textures) {
    this.line = new Sprite(textures.beam);
    this.line.anchor.set(0, 0.5);
    this.line.blendMode = "add";
    this.cross = new Sprite(textures.crosshair);
    for (const angle of [0, 1, 2, 3]) {
      const a = (angle * Math.PI) / 2 + Math.PI / 4;
      this.marker.moveTo(Math.cos(a) * 7, Math.sin(a) * 7).lineTo(Math.cos(a) * 14, Math.sin(a) * 14);
    }
    this.marker.stroke({ width: 2.4, color: 0xffffff });
    this.screen.addChild(this.progress, this.cross, this.marker);
  }

  confirm(nowMs: number, kill: boolean): void {
    this.hitAt = nowMs;
    this.marker.tint = kill ? 0xff5566 : 0xffffff;
    this.marker.scale.set(kill ? 1.35 : 1);
  }

  draw(game: Game, pointer: { x: number; y: number } | undefined, nowMs: number): void {
    const { prediction } = game;
    const { alive } = prediction;
    const weapon = game.trigger.weapon(prediction);
    const rules = rulesOf(weapon);
    this.line.visible = alive;
    if (alive) {
      const range = weapon === Weapon.melee ? MELEE_UNITS : Math.min(620, rules.speed * rules.lifetime);
      const cos = Math.cos(game.aim);
      const sin = Math.sin(game.aim);
      const { part } = game.walls.cast(game.x, game.y, cos * range, sin * range);
      const from = 30;
      const length = Math.max(0, range * part - from);
      this.line.position.set(game.x + cos * from, game.y + sin * from);
      this.line.rotation = game.aim;
      this.line.setSize(length, 2.2);
      this.line.tint = coloursOf(game.team).light;
      this.line.alpha = 0.34;
    }
    this.screen.visible = pointer !== undefined;
    if (!pointer) return;
    this.screen.position.set(pointer.x, pointer.y);
    this.cross.tint = prediction.own.reloadTicks > 0 ? 0x8693ab : 0xffffff;
    this.cross.alpha = alive ? 0.95 : 0.5;
    this.cross.scale.set(0.9);
    this.marker.alpha = Math.max(0, 1 - (nowMs - this.hitAt) / 200);
    const part = alive && prediction.own.reloadTicks > 0 && rules.reload ? 1 - prediction.own.reloadTicks / rules.reload : 0;
    const step = Math.round(part * 60);
    if (step !== this.shownProgress) {
      this.shownProgress = step;
      this.progress.clear();
      if (part > 0) this.progress.circle(0, 0, 19).stroke({ width: 3, color: 0xffffff, alpha: 0.16 }).beginPath().arc(0, 0, 19, -Math.PI / 2, -Math.PI / 2 + part * Math.PI * 2).stroke({ width: 3, color: GOLD });
    }
  }
}

const EDGE = 34;

/** The flags where they stand or lie, and arrows at the edge of the screen to those that are elsewhere. */
export class FlagLayer {
  readonly world = new Container();
  readonly screen = new Container();
  private readonly poles = new Map<Team, Graphics>();
  private readonly arrows = new Map<Team, { root: Container; arrow: Sprite }>();

  constructor(private readonly textures: Textures) {}

  draw(game: Game, camera: Camera, nowMs: number): void {
    const on = game.welcomed?.mode === Mode.capture_the_flag;
    this.world.visible = this.screen.visible = on;
    if (!on) return;
    for (const flag of game.flags) {
      const pole = this.pole(flag.team);
      pole.visible = flag.where !== FlagWhere.carried;
      pole.position.set(flag.x, flag.y);
      pole.rotation = flag.where === FlagWhere.dropped ? 0.5 : 0.04 * Math.sin(nowMs / 400);
      pole.scale.set(1.15);
      pole.alpha = flag.where === FlagWhere.dropped ? 0.75 + 0.25 * Math.sin(nowMs / 160) : 1;
      const at = this.placeOf(game, flag.team, flag.where, flag.carrier, flag);
      this.point(flag.team, at, camera);
    }
  }

  private placeOf(game: Game, _team: Team, where: FlagWhere, carrier: number, at: { x: number; y: number }): { x: number; y: number } | undefined {
    if (where !== FlagWhere.carried) return at;
    if (carrier === game.self) return undefined;
    return game.others.tracks.get(carrier) ?? at;
  }

  private point(team: Team, at: { x: number; y: number } | undefined, camera: Camera): void {
    let one = this.arrows.get(team);
    if (!one) {
      const root = new Container();
      const arrow = new Sprite(this.textures.arrow);
      const icon = new Graphics();
      drawFlag(icon, team);
      icon.scale.set(0.5);
      icon.position.set(-5, 9);
      arrow.tint = coloursOf(team).main;
      root.addChild(arrow, icon);
      this.screen.addChild(root);
      one = { root, arrow };
      this.arrows.set(team, one);
    }
    one.root.visible = at !== undefined && !camera.sees(at.x, at.y, -20);
    if (!at || !one.root.visible) return;
    const x = camera.toScreenX(at.x);
    const y = camera.toScreenY(at.y);
    const dx = x - camera.width / 2;
    const dy = y - camera.height / 2;
    const part = Math.min((camera.width / 2 - EDGE) / Math.max(1, Math.abs(dx)), (camera.height / 2 - EDGE) / Math.max(1, Math.abs(dy)));
    one.root.position.set(camera.width / 2 + dx * part, camera.height / 2 + dy * part);
    const angle = Math.atan2(dy, dx);
    one.arrow.rotation = angle;
    one.arrow.position.set(Math.cos(angle) * 20, Math.sin(angle) * 20);
  }

  private pole(team: Team): Graphics {
    let pole = this.poles.get(team);
    if (!pole) {
      pole = new Graphics();
      drawFlag(pole, team);
      this.poles.set(team, pole);
      this.world.addChild(pole);
    }
    return pole;
  }
}
