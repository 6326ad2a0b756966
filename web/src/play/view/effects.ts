import { BitmapFont, BitmapText, Container, Sprite, type Texture } from "pixi.js";
import { CRATE_LIGHT, GOLD, HEAL, PICKUP_COLOURS, SHIELD, SHOT_COLOURS, coloursOf, mix } from "./colours";
import type { Camera } from "./camera";
import type { Textures } from "./textures";
import type { Happening } from "../game/happenings";
import { PickupKind, Weapon, type Wall } from "@muster/client";
import { rulesOf } from "@muster/client/sim";

interface Particle {
  sprite: Sprite;
  x: number; y: number; vx: number; vy: number;
  drag: number; spin: number;
  lived: number; life: number;
  from: number; to: number;      // size in units
  wide: number;                  // width over height
  alpha: number;
}
interface Figure { text: BitmapText; x: number; y: number; vx: number; lived: number; strong: boolean }

const FONT = "muster-figures";
const FIGURES_MAX = 40;

/** Flashes, sparks, rings and figures: what lasts less than a second. */
export class Effects {
  readonly under = new Container();
  readonly over = new Container();
  readonly figures = new Container();
  /** 0.3 to 1: how much of it. */
  amount = 1;
  private particles: Particle[] = [];
  private readonly free: Sprite[] = [];
  private shownFigures: Figure[] = [];
  private readonly freeFigures: BitmapText[] = [];

  constructor(private readonly textures: Textures, private readonly camera: Camera, private readonly max = 700) {
    BitmapFont.install({ name: FONT, style: { fontFamily: "system-ui, sans-serif", fontSize: 40, fontWeight: "800", fill: 0xffffff, stroke: { color: 0x05080d, width: 7 } }, chars: "0123456789+-", resolution: 1 });
  }

  // ---- what happens --------------------------------------------------------------------------------

  show(happening: Happening, walls: readonly Wall[]): void {
    if ("x" in happening && !this.camera.sees(happening.x, happening.y, 100)) return;
    switch (happening.kind) {
      case "muzzle": this.muzzle(happening.x, happening.y, happening.aim, happening.weapon, coloursOf(happening.team).main, happening.own); break;
      case "impact": this.impact(happening.x, happening.y, happening.aim, happening.weapon, walls[happening.wall]?.destructible ?? false); break;
      case "hit": this.hit(happening); break;
      case "strike": this.strike(happening.x, happening.y, happening.aim, coloursOf(happening.team).light); break;
      case "pickup": this.pickup(happening.x, happening.y, happening.pickup); break;
      case "pickup_back": this.ring(happening.x, happening.y, 60, 16, 0xffffff, 0.35, 350); break;
      case "spawn": this.spawn(happening.x, happening.y, coloursOf(happening.team).main); break;
      case "death": this.death(happening.x, happening.y, coloursOf(happening.team).main, happening.byMe || happening.own); break;
      case "flag": this.ring(happening.x, happening.y, 20, 180, coloursOf(happening.team).main, 0.9, 700); break;
      case "wall_gone": this.rubble(walls[happening.index]); break;
      case "wall_back": {
        const wall = walls[happening.index];
        if (wall) this.ring(wall.x + wall.width / 2, wall.y + wall.height / 2, 10, Math.max(wall.width, wall.height) + 20, CRATE_LIGHT, 0.5, 450);
        break;
      }
      default: break;
    }
  }

  private muzzle(x: number, y: number, aim: number, weapon: Weapon, team: number, own: boolean): void {
    const reach = { [Weapon.pistol]: 24, [Weapon.shotgun]: 29, [Weapon.rifle]: 33, [Weapon.sniper]: 42, [Weapon.melee]: 20 }[weapon];
    const mx = x + Math.cos(aim) * reach;
    const my = y + Math.sin(aim) * reach;
    const kick = rulesOf(weapon).kick;
    const colour = mix(SHOT_COLOURS[weapon], team, 0.25);
    this.add(this.over, this.textures.glow, colour, { x: mx, y: my, life: 90, from: 60 + 60 * kick, to: 20, alpha: 0.95 });
    this.add(this.over, this.textures.bolt, 0xffffff, { x: mx, y: my, life: 70, from: 13 + 9 * kick, to: 5, wide: 3, alpha: 0.95 }).rotation = aim;
    const sparks = Math.round((weapon === Weapon.shotgun ? 8 : 3) * this.amount * (own ? 1 : 0.6));
    for (let i = 0; i < sparks; ++i) this.fly(mx, my, aim + (Math.random() - 0.5) * (weapon === Weapon.shotgun ? 0.9 : 0.5), 0.25 + Math.random() * 0.3, colour, 160);
    if (kick > 0.5) this.smoke(mx, my, aim, 3);
  }

  private impact(x: number, y: number, aim: number, weapon: Weapon, wood: boolean): void {
    const colour = wood ? 0xffc98a : SHOT_COLOURS[weapon];
    this.add(this.over, this.textures.glow, colour, { x, y, life: 130, from: 34, to: 8, alpha: 0.9 });
    for (let i = 0; i < Math.round(5 * this.amount); ++i) this.fly(x, y, aim + (Math.random() - 0.5) * 2.2, 0.1 + Math.random() * 0.26, colour, 260);
    if (wood) for (let i = 0; i < Math.round(3 * this.amount); ++i) this.debris(x, y, aim + (Math.random() - 0.5) * 2, CRATE_LIGHT);
  }

  private hit(hit: Extract<Happening, { kind: "hit" }>): void {
    const colour = coloursOf(hit.team).main;
    this.add(this.over, this.textures.glow, 0xffffff, { x: hit.x, y: hit.y, life: 110, from: 40, to: 12, alpha: 0.8 });
    for (let i = 0; i < Math.round((5 + hit.damage / 8) * this.amount); ++i) {
      this.fly(hit.x, hit.y, hit.aim + (Math.random() - 0.5) * 1.5, 0.12 + Math.random() * 0.35, i % 3 ? colour : 0xffffff, 340);
    }
    if (hit.byMe || hit.onMe) this.figure(hit.x, hit.y - 20, String(hit.damage), hit.onMe ? 0xff7b7b : GOLD, hit.damage >= 30);
  }

  private strike(x: number, y: number, aim: number, colour: number): void {
    const arc = this.add(this.over, this.textures.arc, colour, { x, y, life: 170, from: 50, to: 54, alpha: 0.55 });
    arc.rotation = aim;
    arc.anchor.set(0, 0.5);
    for (let i = 0; i < Math.round(5 * this.amount); ++i) {
      const angle = aim + (Math.random() - 0.5);
      this.fly(x + Math.cos(angle) * 36, y + Math.sin(angle) * 36, angle + 1.2, 0.2, colour, 180);
    }
  }

  private pickup(x: number, y: number, kind: PickupKind): void {
    const colour = PICKUP_COLOURS[kind] ?? HEAL;
    this.ring(x, y, 14, 74, colour, 0.9, 380);
    for (let i = 0; i < Math.round(9 * this.amount); ++i) this.fly(x, y, (i / 9) * 6.28 + Math.random(), 0.1 + Math.random() * 0.1, colour, 420);
  }

  private spawn(x: number, y: number, colour: number): void {
    this.ring(x, y, 120, 26, colour, 0.8, 380);
    this.add(this.over, this.textures.glow, colour, { x, y, life: 420, from: 150, to: 30, alpha: 0.7 });
  }

  private death(x: number, y: number, colour: number, mine: boolean): void {
    this.add(this.over, this.textures.glow, 0xffffff, { x, y, life: 200, from: 120, to: 40, alpha: 0.9 });
    this.add(this.over, this.textures.glow, colour, { x, y, life: 520, from: 170, to: 60, alpha: 0.7 });
    this.ring(x, y, 10, mine ? 170 : 110, colour, 0.9, 480);
    for (let i = 0; i < Math.round(16 * this.amount); ++i) this.fly(x, y, Math.random() * 6.28, 0.08 + Math.random() * 0.4, i % 3 ? colour : 0xffffff, 620);
    for (let i = 0; i < Math.round(9 * this.amount); ++i) this.debris(x, y, Math.random() * 6.28, colour);
  }

  private rubble(wall: Wall | undefined): void {
    if (!wall || !this.camera.sees(wall.x + wall.width / 2, wall.y + wall.height / 2, 300)) return;
    const count = Math.round(Math.min(40, (wall.width * wall.height) / 110) * this.amount);
    for (let i = 0; i < count; ++i) {
      const x = wall.x + Math.random() * wall.width;
      const y = wall.y + Math.random() * wall.height;
      this.debris(x, y, Math.random() * 6.28, i % 2 ? CRATE_LIGHT : 0x6b5233);
      if (i % 4 === 0) this.smoke(x, y, Math.random() * 6.28, 1);
    }
  }

  figure(x: number, y: number, text: string, colour: number, strong: boolean): void {
    if (this.shownFigures.length >= FIGURES_MAX) this.freeFigures.push(this.hide(this.shownFigures.shift()!.text));
    const bitmap = this.freeFigures.pop() ?? new BitmapText({ text: "", style: { fontFamily: FONT, fontSize: 40 } });
    bitmap.text = text;
    bitmap.tint = colour;
    bitmap.anchor.set(0.5);
    bitmap.visible = true;
    this.figures.addChild(bitmap);
    this.shownFigures.push({ text: bitmap, x: x + (Math.random() - 0.5) * 14, y, vx: (Math.random() - 0.5) * 0.03, lived: 0, strong });
  }

  private hide(text: BitmapText): BitmapText {
    text.visible = false;
    text.removeFromParent();
    return text;
  }

  // ---- particles -----------------------------------------------------------------------------------

  ring(x: number, y: number, from: number, to: number, colour: number, alpha: number, life: number): void {
    this.add(this.over, this.textures.ring, colour, { x, y, life, from, to, alpha });
  }
  private fly(x: number, y: number, angle: number, speed: number, colour: number, life: number): void {
    const sprite = this.add(this.over, this.textures.spark, colour, {
      x, y, vx: Math.cos(angle) * speed, vy: Math.sin(angle) * speed, drag: 0.004, life: life * (0.6 + 0.6 * Math.random()), from: 3.4, to: 1, wide: 4.5, alpha: 1,
    });
    sprite.rotation = angle;
  }
  private debris(x: number, y: number, angle: number, colour: number): void {
    const speed = 0.05 + Math.random() * 0.16;
    this.add(this.under, this.textures.shard, colour, {
      x, y, vx: Math.cos(angle) * speed, vy: Math.sin(angle) * speed, drag: 0.005, spin: (Math.random() - 0.5) * 0.02, life: 600 + Math.random() * 500, from: 3 + Math.random() * 6, to: 2, alpha: 1,
    }, false);
  }
  private smoke(x: number, y: number, angle: number, count: number): void {
    for (let i = 0; i < Math.round(count * this.amount); ++i) {
      this.add(this.over, this.textures.shadow, 0x8a93a5, { x, y, vx: Math.cos(angle) * 0.03 * Math.random(), vy: Math.sin(angle) * 0.03 * Math.random() - 0.01, drag: 0.002, life: 500, from: 12, to: 42, alpha: 0.16 }, false);
    }
  }

  private add(layer: Container, texture: Texture, tint: number, wish: Partial<Particle> & { x: number; y: number; life: number; from: number; to: number }, bright = true): Sprite {
    if (this.particles.length >= this.max) this.drop(this.particles.shift()!);
    const sprite = this.free.pop() ?? new Sprite();
    sprite.texture = texture;
    sprite.anchor.set(0.5);
    sprite.tint = tint;
    sprite.rotation = 0;
    sprite.blendMode = bright ? "add" : "normal";
    layer.addChild(sprite);
    const particle: Particle = { sprite, vx: 0, vy: 0, drag: 0, spin: 0, lived: 0, wide: 1, alpha: 1, ...wish };
    this.particles.push(particle);
    this.place(particle);
    return sprite;
  }

  private drop(particle: Particle): void {
    particle.sprite.removeFromParent();
    this.free.push(particle.sprite);
  }

  private place(particle: Particle): void {
    const part = Math.min(1, particle.lived / particle.life);
    const size = particle.from + (particle.to - particle.from) * (1 - (1 - part) * (1 - part));
    const { sprite } = particle;
    sprite.position.set(particle.x, particle.y);
    sprite.setSize(size * particle.wide, size);
    sprite.alpha = particle.alpha * (1 - part) * (1 - part * 0.4);
  }

  draw(passedMs: number): void {
    let kept = 0;
    for (const particle of this.particles) {
      particle.lived += passedMs;
      if (particle.lived >= particle.life) {
        this.drop(particle);
        continue;
      }
      const slow = Math.exp(-particle.drag * passedMs);
      particle.vx *= slow;
      particle.vy *= slow;
      particle.x += particle.vx * passedMs;
      particle.y += particle.vy * passedMs;
      particle.sprite.rotation += particle.spin * passedMs;
      this.place(particle);
      this.particles[kept++] = particle;
    }
    this.particles.length = kept;
    this.drawFigures(passedMs);
  }

  private drawFigures(passedMs: number): void {
    let kept = 0;
    for (const figure of this.shownFigures) {
      figure.lived += passedMs;
      const part = figure.lived / 850;
      if (part >= 1) {
        this.freeFigures.push(this.hide(figure.text));
        continue;
      }
      figure.x += figure.vx * passedMs;
      const rise = 34 * (1 - (1 - part) * (1 - part));
      const pop = part < 0.12 ? 0.6 + (part / 0.12) * 0.6 : 1.2 - 0.2 * Math.min(1, (part - 0.12) * 4);
      figure.text.position.set(figure.x, figure.y - rise);
      figure.text.scale.set((figure.strong ? 0.62 : 0.44) * pop);
      figure.text.alpha = part < 0.6 ? 1 : 1 - (part - 0.6) / 0.4;
      this.shownFigures[kept++] = figure;
    }
    this.shownFigures.length = kept;
  }

  clear(): void {
    for (const particle of this.particles) this.drop(particle);
    this.particles = [];
    for (const figure of this.shownFigures) this.freeFigures.push(this.hide(figure.text));
    this.shownFigures = [];
  }
}

export const FIGURE_COLOURS = { shield: SHIELD };
