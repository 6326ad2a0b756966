import "pixi.js/unsafe-eval";
import { Container, WebGLRenderer } from "pixi.js";
import { Camera } from "./camera";
import { CLEAR, Ground } from "./ground";
import { Effects } from "./effects";
import { PickupLayer } from "./pickup_layer";
import { PlayerLayer } from "./player_layer";
import { ShotLayer } from "./shot_layer";
import { FlagLayer, Sight } from "./sight";
import { makeTextures } from "./textures";
import { WallLayer } from "./wall_layer";
import type { Game } from "../game/game";
import type { Happening } from "../game/happenings";
import type { Welcome } from "@muster/client";
import { rulesOf } from "@muster/client/sim";
import type { Quality, Settings } from "../settings";

export const QUALITIES: Record<Quality, { resolutionMax: number; effects: number; lights: boolean; antialias: boolean }> = {
  low: { resolutionMax: 1, effects: 0.35, lights: false, antialias: false },
  medium: { resolutionMax: 1.5, effects: 0.7, lights: true, antialias: true },
  high: { resolutionMax: 3, effects: 1, lights: true, antialias: true },
};

/** Steps down from the chosen quality for a machine that cannot keep up: less to fill. */
const STRAINS = [{ resolution: 1, lights: true }, { resolution: 0.75, lights: true }, { resolution: 0.6, lights: false }, { resolution: 0.45, lights: false }] as const;
const SLOW_MS = 34;
const FAST_MS = 18;
const JUDGE_MS = 2_500;

/** Without a graphics card, every pixel costs the processor: begin low. */
function drawsInSoftware(): boolean {
  const gl = document.createElement("canvas").getContext("webgl");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = info ? String(gl?.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

/** All that is drawn. */
export class Scene {
  readonly camera = new Camera();
  private readonly stage = new Container();
  private readonly world = new Container();
  private readonly ground: Ground;
  private readonly walls = new WallLayer();
  private readonly pickups: PickupLayer;
  private readonly players: PlayerLayer;
  private readonly shots: ShotLayer;
  private readonly effects: Effects;
  private readonly sight: Sight;
  private readonly flags: FlagLayer;
  private view = 600;
  private strain = 0;
  private strainMin = 0;
  private recovered = false;
  private judgedAt = 0;
  private frames = 0;

  private constructor(private readonly renderer: WebGLRenderer, private readonly game: Game, private readonly settings: () => Settings) {
    const resolution = Math.max(2, Math.ceil(renderer.resolution * 1.5));
    const textures = makeTextures(renderer, resolution);
    this.ground = new Ground(textures);
    this.pickups = new PickupLayer(textures);
    this.players = new PlayerLayer(textures, Math.max(1, renderer.resolution));
    this.shots = new ShotLayer(textures);
    this.effects = new Effects(textures, this.camera);
    this.sight = new Sight(textures);
    this.flags = new FlagLayer(textures);
    this.world.addChild(
      this.ground.container, this.effects.under, this.pickups.container, this.sight.line, this.shots.container, this.players.container, this.walls.container, this.flags.world, this.effects.over, this.effects.figures,
    );
    this.stage.addChild(this.world, this.flags.screen, this.sight.screen);
    this.world.visible = false;
  }

  /** Throws when there is no WebGL. */
  static async make(host: HTMLElement, game: Game, settings: () => Settings): Promise<Scene> {
    const quality = QUALITIES[settings().quality];
    const software = drawsInSoftware();
    const renderer = new WebGLRenderer();
    await renderer.init({
      width: host.clientWidth || 1, height: host.clientHeight || 1, resolution: Math.min(quality.resolutionMax, window.devicePixelRatio || 1), autoDensity: true, antialias: quality.antialias && !software, backgroundColor: CLEAR,
      powerPreference: "high-performance", preferWebGLVersion: 2, eventMode: "none", accessibilityOptions: { enabledByDefault: false },
    } as Parameters<WebGLRenderer["init"]>[0]);
    renderer.canvas.setAttribute("aria-hidden", "true");
    host.append(renderer.canvas);
    const scene = new Scene(renderer, game, settings);
    if (software) scene.strain = scene.strainMin = 2;
    const fit = () => scene.resize(host.clientWidth, host.clientHeight);
    new ResizeObserver(fit).observe(host);
    fit();
    return scene;
  }

  private resize(width: number, height: number): void {
    if (!this.settings().adapt) this.strain = 0;
    const resolution = Math.min(QUALITIES[this.settings().quality].resolutionMax, window.devicePixelRatio || 1) * STRAINS[this.strain]!.resolution;
    this.renderer.resize(Math.max(1, width), Math.max(1, height), resolution);
    this.camera.resize(width, height, this.view);
  }

  /** Draws less when frames come too slowly for some seconds, and more again when there is time to spare. */
  private judge(nowMs: number): void {
    ++this.frames;
    const passed = nowMs - this.judgedAt;
    if (passed < JUDGE_MS) return;
    const mean = passed / this.frames;
    const known = this.judgedAt > 0 && passed < 3 * JUDGE_MS;
    this.judgedAt = nowMs;
    this.frames = 0;
    const before = this.strain;
    if (known && mean > SLOW_MS && this.strain < STRAINS.length - 1) {
      ++this.strain;
      // What was too much once is not tried again.
      if (this.recovered) this.strainMin = this.strain;
    } else if (known && mean < FAST_MS && this.strain > this.strainMin) {
      --this.strain;
      this.recovered = true;
    }
    if (this.strain !== before) this.resize(this.camera.width, this.camera.height);
  }

  /** Settings changed: those that do not need the page anew. */
  apply(): void {
    this.resize(this.camera.width, this.camera.height);
  }

  welcomed(welcome: Welcome): void {
    this.view = welcome.view;
    this.camera.resize(this.camera.width, this.camera.height, welcome.view);
    this.camera.keepWithin(welcome.left, welcome.top, welcome.width, welcome.height);
    this.camera.jump();
    this.effects.clear();
    this.ground.build(welcome, this.game);
    this.walls.build(welcome.walls);
    this.pickups.build(welcome.pickups);
    this.world.visible = true;
  }

  /** The same world by another server's word: only what is different is drawn anew. */
  crossed(welcome: Welcome, walls: readonly number[]): void {
    if (welcome.view !== this.view) {
      this.view = welcome.view;
      this.camera.resize(this.camera.width, this.camera.height, welcome.view);
    }
    for (const index of walls) this.walls.change(index);
  }

  happened(happening: Happening, nowMs: number): void {
    this.effects.show(happening, this.game.wallFacts);
    switch (happening.kind) {
      case "wall_gone":
      case "wall_back":
      case "wall_hurt":
        this.walls.change(happening.index);
        break;
      case "muzzle":
        if (happening.own) {
          this.players.recoil(this.game.self, rulesOf(happening.weapon).kick + 0.3);
          this.camera.kick(rulesOf(happening.weapon).kick * 0.55);
        }
        break;
      case "hit":
        if (happening.onMe) this.camera.kick(0.35 + happening.damage / 80);
        else if (happening.byMe) this.sight.confirm(nowMs, false);
        break;
      case "death":
        if (happening.own) this.camera.kick(1);
        else if (happening.byMe) this.sight.confirm(nowMs, true);
        break;
      case "spawn":
        if (happening.own) this.camera.jump();
        break;
      default: break;
    }
  }

  /** `pointer`: where the crosshair is, in CSS pixels; none on a touch screen. `look`: -1 to 1 from the middle. */
  draw(nowMs: number, passedMs: number, pointer: { x: number; y: number } | undefined, look: { x: number; y: number }): void {
    const settings = this.settings();
    const quality = QUALITIES[settings.quality];
    const lights = quality.lights && STRAINS[this.strain]!.lights;
    const { camera, game } = this;
    if (settings.adapt) this.judge(nowMs);
    camera.shakeFactor = settings.shake ? 1 : 0;
    camera.follow(game.x, game.y, look.x, look.y, passedMs);
    this.effects.amount = quality.effects * (settings.reducedMotion ? 0.6 : 1);
    this.world.scale.set(camera.scale);
    this.world.position.set(-camera.left * camera.scale, -camera.top * camera.scale);
    if (this.world.visible) {
      this.ground.draw(camera, game, lights);
      this.walls.draw(camera);
      this.pickups.draw(camera, nowMs, passedMs, settings.reducedMotion);
      this.flags.draw(game, camera, nowMs);
      this.shots.draw(game, camera, lights);
      const gaze = pointer ? { x: camera.toWorldX(pointer.x), y: camera.toWorldY(pointer.y) } : { x: game.x, y: game.y };
      this.players.draw(game, camera, settings.names, gaze, nowMs, passedMs);
      this.sight.draw(game, pointer, nowMs);
      this.effects.draw(passedMs);
    }
    this.renderer.render({ container: this.stage });
  }
}
