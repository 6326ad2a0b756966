import { Container, Graphics, Sprite, Text } from "pixi.js";
import { GOLD, HEAL, SHIELD, coloursOf, mix } from "./colours";
import type { Camera } from "./camera";
import type { Textures } from "./textures";
import type { Game } from "../game/game";
import { Team, isFaster, isProtected, isShielded, isStronger, teamOf, weaponOf } from "@muster/client";

export interface Looks { x: number; y: number; aim: number; look: number; health: number; speed: number; presence: number; name: string; own: boolean; friend: boolean; bot: boolean }

/** One player on the screen. Made once, used for one after the other. */
class Figure {
  readonly root = new Container();
  private readonly shadow: Sprite;
  private readonly aura: Sprite;
  private readonly weapon: Sprite;
  private readonly body: Sprite;
  private readonly rim: Sprite;
  private readonly shield: Sprite;
  private readonly guard: Sprite;
  private readonly bar = new Graphics();
  private readonly flag = new Graphics();
  private readonly label: Text;
  private team: Team | -1 = -1;
  private inHand = -1;
  private barShown = "";
  private flagShown: Team | -1 = -1;
  private lastHealth = 100;
  private flash = 0;
  recoil = 0;

  constructor(private readonly textures: Textures, resolution: number) {
    const sprite = (texture: Textures["glow"], size?: number): Sprite => {
      const made = new Sprite(texture);
      if (size !== undefined) {
        made.anchor.set(0.5);
        made.setSize(size);
      }
      this.root.addChild(made);
      return made;
    };
    this.shadow = sprite(textures.shadow, 46);
    this.shadow.tint = 0x000000;
    this.shadow.position.set(3, 5);
    this.shadow.alpha = 0.6;
    this.aura = sprite(textures.glow, 84);
    this.aura.blendMode = "add";
    this.weapon = sprite(textures.weapon[0]);
    this.body = sprite(textures.body[0]);
    this.rim = sprite(textures.rim[0]);
    this.shield = sprite(textures.thinRing);
    this.shield.tint = SHIELD;
    this.shield.blendMode = "add";
    this.guard = sprite(textures.dashRing);
    this.guard.tint = 0xffffff;
    this.label = new Text({ text: "", style: { fontFamily: "system-ui, sans-serif", fontSize: 12, fontWeight: "600", fill: 0xffffff, stroke: { color: 0x05080d, width: 3 } }, resolution });
    this.label.anchor.set(0.5, 0);
    this.root.addChild(this.bar, this.flag, this.label);
  }

  draw(looks: Looks, carried: Team, camera: Camera, names: boolean, nowMs: number, passedMs: number): void {
    const { root } = this;
    root.visible = true;
    root.position.set(looks.x, looks.y);
    root.alpha = looks.presence;
    const team = teamOf(looks.look);
    const colours = coloursOf(team);
    if (team !== this.team) {
      this.team = team;
      dress(this.body, this.textures.body[team] ?? this.textures.body[0]);
      dress(this.rim, this.textures.rim[team] ?? this.textures.rim[0]);
      this.body.tint = mix(colours.main, 0xffffff, 0.25);
    }
    const inHand = weaponOf(looks.look);
    if (inHand !== this.inHand) {
      this.inHand = inHand;
      dress(this.weapon, this.textures.weapon[inHand] ?? this.textures.weapon[0]);
    }
    if (looks.health < this.lastHealth) this.flash = 1;
    this.lastHealth = looks.health;
    this.flash *= Math.exp(-passedMs / 90);
    this.recoil *= Math.exp(-passedMs / 70);
    this.body.rotation = this.rim.rotation = this.weapon.rotation = looks.aim;
    this.weapon.position.set(-Math.cos(looks.aim) * this.recoil * 7, -Math.sin(looks.aim) * this.recoil * 7);
    this.rim.tint = mix(looks.own ? 0xffffff : colours.main, 0xffffff, this.flash);
    const strong = isStronger(looks.look);
    const fast = isFaster(looks.look);
    this.aura.visible = looks.own || strong || fast || this.flash > 0.05;
    this.aura.tint = strong ? 0xe07bff : fast ? 0x4ef0e0 : colours.main;
    this.aura.alpha = (strong || fast ? 0.5 + 0.18 * Math.sin(nowMs / 130) : 0.3) + 0.4 * this.flash;
    this.shield.visible = isShielded(looks.look);
    this.shield.alpha = 0.75 + 0.2 * Math.sin(nowMs / 260);
    this.guard.visible = isProtected(looks.look);
    this.guard.rotation = nowMs / 700;
    this.guard.alpha = 0.6 + 0.3 * Math.sin(nowMs / 120);
    this.drawFlag(carried, nowMs);
    this.drawBar(looks);
    this.drawLabel(looks, colours.main, names, camera);
  }

  private drawBar(looks: Looks): void {
    const shown = !looks.own && looks.health < 100 && looks.health > 0;
    this.bar.visible = shown;
    const key = `${looks.health}`;
    if (!shown || key === this.barShown) return;
    this.barShown = key;
    const part = looks.health / 100;
    this.bar.clear().roundRect(-16, -27, 32, 4.5, 2).fill({ color: 0x05080d, alpha: 0.85 });
    this.bar.roundRect(-15, -26, 30 * part, 2.5, 1).fill(part > 0.5 ? HEAL : part > 0.25 ? GOLD : 0xff5566);
  }

  private drawFlag(carried: Team, nowMs: number): void {
    this.flag.visible = carried !== Team.none;
    if (carried === Team.none) return;
    if (carried !== this.flagShown) {
      this.flagShown = carried;
      drawFlag(this.flag, carried);
    }
    this.flag.position.set(-6, -14);
    this.flag.rotation = 0.1 * Math.sin(nowMs / 200);
  }

  private drawLabel(looks: Looks, colour: number, names: boolean, camera: Camera): void {
    this.label.visible = names && !looks.own && looks.name !== "";
    if (!this.label.visible) return;
    if (this.label.text !== looks.name) this.label.text = looks.name;
    this.label.tint = mix(colour, 0xffffff, looks.bot ? 0.45 : 0.75);
    this.label.alpha = looks.bot ? 0.62 : 1;
    this.label.y = 20;
    this.label.scale.set(1 / camera.scale);
  }
}

/** A sprite keeps the anchor that it was made with: another texture brings its own. */
function dress(sprite: Sprite, texture: Textures["glow"]): void {
  sprite.texture = texture;
  if (texture.defaultAnchor) sprite.anchor.copyFrom(texture.defaultAnchor);
}

/** A flag on its pole, its foot at the origin. */
export function drawFlag(g: Graphics, team: Team): void {
  const { main, light } = coloursOf(team);
  g.clear().moveTo(0, 0).lineTo(0, -34).stroke({ width: 2.4, color: 0xd8deea });
  g.poly([1, -34, 26, -30, 19, -25, 26, -18, 1, -16]).fill(main).poly([1, -34, 26, -30, 24, -28.6, 1, -32]).fill({ color: light, alpha: 0.8 });
  // The flags' marks, for who cannot tell the colours apart.
  if (team === Team.red) g.poly([6, -21, 14, -21, 10, -29]).fill(0xffffff);
  else g.circle(10, -25, 3.6).fill(0xffffff);
}

const CROWD = 14;
const NAMED_UNITS = 110;

export class PlayerLayer {
  readonly container = new Container();
  private readonly figures = new Map<number, Figure>();
  private readonly free: Figure[] = [];
  private readonly looks: Looks = { x: 0, y: 0, aim: 0, look: 0, health: 0, speed: 0, presence: 1, name: "", own: false, friend: false, bot: false };

  constructor(private readonly textures: Textures, private readonly resolution: number) {}

  recoil(id: number, strength: number): void {
    const figure = this.figures.get(id);
    if (figure) figure.recoil = Math.min(1.4, figure.recoil + strength);
  }

  draw(game: Game, camera: Camera, names: boolean, gaze: { x: number; y: number }, nowMs: number, passedMs: number): void {
    const { looks } = this;
    const drawn = new Set<number>();
    // In a crowd, names of bots only where one looks: near the crosshair, and near oneself.
    const crowded = game.others.tracks.size > CROWD;
    for (const track of game.others.tracks.values()) {
      if (track.presence <= 0 || !camera.sees(track.x, track.y, 70)) continue;
      const person = game.people.get(track.id);
      looks.x = track.x;
      looks.y = track.y;
      looks.aim = track.aim;
      looks.look = track.look;
      looks.health = track.health;
      looks.presence = track.presence;
      looks.own = false;
      looks.bot = person?.bot ?? false;
      const quiet = crowded && looks.bot && Math.hypot(track.x - gaze.x, track.y - gaze.y) > NAMED_UNITS && Math.hypot(track.x - game.x, track.y - game.y) > NAMED_UNITS;
      looks.name = quiet ? "" : (person?.name ?? "");
      drawn.add(track.id);
      this.figure(track.id).draw(looks, game.carried(track.look), camera, names, nowMs, passedMs);
    }
    if (game.prediction.alive) {
      const { own } = game.prediction;
      looks.x = game.x;
      looks.y = game.y;
      looks.aim = game.aim;
      looks.look = (own.look & ~7) | game.trigger.weapon(game.prediction);
      looks.health = own.health;
      looks.presence = 1;
      looks.name = "";
      looks.own = true;
      looks.bot = false;
      drawn.add(game.self);
      const figure = this.figure(game.self);
      figure.draw(looks, game.carried(own.look), camera, names, nowMs, passedMs);
      this.container.addChild(figure.root);  // above the others
    }
    for (const [id, figure] of this.figures) {
      if (drawn.has(id)) continue;
      figure.root.visible = false;
      this.figures.delete(id);
      this.free.push(figure);
    }
  }

  private figure(id: number): Figure {
    let figure = this.figures.get(id);
    if (!figure) {
      figure = this.free.pop() ?? new Figure(this.textures, this.resolution);
      this.figures.set(id, figure);
      this.container.addChild(figure.root);
    }
    return figure;
  }
}
