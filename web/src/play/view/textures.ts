import { Container, Graphics, Texture, type Renderer } from "pixi.js";
import { PickupKind, Team, Weapon } from "@muster/client";
import { PICKUP_COLOURS, WHITE } from "./colours";

/** Everything that is drawn more than once, drawn once. Sizes in units; shapes look along +x. */
export interface Textures {
  glow: Texture;
  bolt: Texture;
  spark: Texture;
  ring: Texture;
  thinRing: Texture;
  dashRing: Texture;
  shard: Texture;
  shadow: Texture;
  beam: Texture;
  arc: Texture;
  arrow: Texture;
  crosshair: Texture;
  tile: Texture;
  body: Record<Team, Texture>;
  rim: Record<Team, Texture>;
  weapon: Record<Weapon, Texture>;
  pickup: Record<PickupKind, Texture>;
  crate: Record<Weapon, Texture>;
}

function canvas(width: number, height: number, draw: (context: CanvasRenderingContext2D) => void): Texture {
  const element = document.createElement("canvas");
  element.width = width;
  element.height = height;
  draw(element.getContext("2d")!);
  return Texture.from(element);
}

function radial(size: number, stops: [number, number][]): Texture {
  return canvas(size, size, (context) => {
    const gradient = context.createRadialGradient(size / 2, size / 2, 0, size / 2, size / 2, size / 2);
    for (const [at, alpha] of stops) gradient.addColorStop(at, `rgba(255,255,255,${alpha})`);
    context.fillStyle = gradient;
    context.fillRect(0, 0, size, size);
  });
}

/** A streak: bright at the right end, fading to the left. */
function streak(width: number, height: number, head: number): Texture {
  return canvas(width, height, (context) => {
    const image = context.createImageData(width, height);
    for (let y = 0; y < height; ++y) {
      for (let x = 0; x < width; ++x) {
        const across = Math.abs((y + 0.5) / height - 0.5) * 2;
        const along = (x + 0.5) / width;
        const taper = along < head ? along / head : Math.max(0, 1 - (along - head) / (1 - head));
        const alpha = Math.max(0, 1 - across / Math.max(0.05, Math.sqrt(taper))) * Math.pow(taper, 1.4);
        image.data.set([255, 255, 255, Math.round(255 * Math.min(1, alpha * 1.6))], (y * width + x) * 4);
      }
    }
    context.putImageData(image, 0, 0);
  });
}

/** The outline of a team: a hexagon, a circle, a diamond with cut corners. */
export function outline(g: Graphics, team: Team, r: number): Graphics {
  if (team === Team.red) {
    const points: number[] = [];
    for (let i = 0; i < 6; ++i) points.push(Math.cos((i * Math.PI) / 3) * r * 1.08, Math.sin((i * Math.PI) / 3) * r * 1.08);
    return g.poly(points);
  }
  if (team === Team.blue) return g.circle(0, 0, r);
  const points: number[] = [];
  for (let i = 0; i < 8; ++i) points.push(Math.cos(((i + 0.5) * Math.PI) / 4) * r * 1.05, Math.sin(((i + 0.5) * Math.PI) / 4) * r * 1.05);
  return g.poly(points);
}

function emblem(g: Graphics, team: Team): Graphics {
  if (team === Team.red) return g.poly([7, 0, -5, 6.5, -2, 0, -5, -6.5]).fill(WHITE);
  if (team === Team.blue) return g.circle(0, 0, 4.6).stroke({ width: 2.6, color: WHITE }).rect(3, -1.3, 5, 2.6).fill(WHITE);
  return g.poly([6, 0, 0, 6, -6, 0, 0, -6]).fill(WHITE);
}

function weapon(kind: Weapon, white = false): Graphics {
  const g = new Graphics();
  const metal = white ? WHITE : 0xb9c4d8;
  const dark = white ? WHITE : 0x39445a;
  const wood = white ? WHITE : 0x8a5a34;
  switch (kind) {
    case Weapon.pistol:
      return g.roundRect(9, -2.6, 14, 5.2, 1.5).fill(dark).roundRect(10, -1.6, 13, 3.2, 1).fill(metal);
    case Weapon.shotgun:
      return g.roundRect(7, -4, 21, 8, 2).fill(dark).rect(9, -3, 20, 2.4).fill(metal).rect(9, 0.6, 20, 2.4).fill(metal).roundRect(14, -3.6, 7, 7.2, 1.5).fill(wood);
    case Weapon.rifle:
      return g.roundRect(5, -3.4, 19, 6.8, 1.5).fill(dark).rect(9, -1.6, 23, 3.2).fill(metal).rect(13, 2, 5, 5).fill(dark).rect(20, -2.6, 5, 5.2).fill(0x5a6880);
    case Weapon.sniper:
      return g.roundRect(3, -3.2, 18, 6.4, 1.5).fill(dark).rect(9, -1.3, 31, 2.6).fill(metal).roundRect(12, -5, 10, 3, 1).fill(0x6fd3ff).rect(37, -2.4, 4, 4.8).fill(dark);
    case Weapon.melee:
      return g.poly([12, -2, 32, -5, 38, 0, 32, 1.5, 12, 2]).fill(metal).poly([12, -2, 32, -5, 38, 0, 14, -0.2]).fill(0xeaf1ff).rect(7, -2.5, 6, 5).fill(wood);
  }
  return g;
}

function pickupIcon(g: Graphics, kind: PickupKind): Graphics {
  switch (kind) {
    case PickupKind.health: return g.rect(-2.6, -8, 5.2, 16).fill(WHITE).rect(-8, -2.6, 16, 5.2).fill(WHITE);
    case PickupKind.ammunition:
      for (const x of [-5.5, 0, 5.5]) g.poly([x - 1.8, 7, x - 1.8, -3, x, -8, x + 1.8, -3, x + 1.8, 7]).fill(WHITE);
      return g;
    case PickupKind.weapon_crate: return g.rect(-8, -3, 16, 5).fill(WHITE).rect(-6, 2, 4, 5).fill(WHITE);
    case PickupKind.speed_boost: return g.poly([-8, -7, -1, 0, -8, 7, -4, 7, 3, 0, -4, -7]).fill(WHITE).poly([0, -7, 7, 0, 0, 7, 4, 7, 11, 0, 4, -7]).fill(WHITE);
    case PickupKind.damage_boost: return g.star(0, 0, 6, 9, 4).fill(WHITE);
    case PickupKind.shield: return g.poly([0, -9, 8, -6, 7, 2, 0, 9, -7, 2, -8, -6]).fill(WHITE);
  }
  return g;
}

function plate(colour: number, icon: Container): Container {
  const g = new Graphics().roundRect(-15, -15, 30, 30, 8).fill({ color: 0x0d131e, alpha: 0.92 }).roundRect(-15, -15, 30, 30, 8).stroke({ width: 2, color: colour });
  g.roundRect(-12, -12, 24, 24, 6).fill({ color: colour, alpha: 0.16 });
  icon.tint = colour;
  const both = new Container();
  both.addChild(g, icon);
  return both;
}

function tile(): Texture {
  return canvas(256, 256, (context) => {
    context.fillStyle = "#0d1420";
    context.fillRect(0, 0, 256, 256);
    // Plates of the floor, each of a slightly different shade, always the same.
    for (let y = 0; y < 4; ++y) {
      for (let x = 0; x < 4; ++x) {
        const shade = ((x * 7 + y * 13 + ((x * y) % 3) * 5) % 9) / 9;
        context.fillStyle = `rgba(120,150,210,${0.02 + 0.048 * shade})`;
        context.fillRect(x * 64 + 1, y * 64 + 1, 62, 62);
      }
    }
    context.strokeStyle = "rgba(120,150,210,0.1)";
    context.lineWidth = 1;
    for (let i = 0; i < 4; ++i) {
      context.strokeRect(i * 64 + 0.5, -1, 64, 258);
      context.strokeRect(-1, i * 64 + 0.5, 258, 64);
    }
    context.strokeStyle = "rgba(130,165,230,0.14)";
    context.strokeRect(0.5, 0.5, 256, 256);
    context.fillStyle = "rgba(150,185,245,0.22)";
    for (const [x, y] of [[0, 0], [256, 0], [0, 256], [256, 256]] as const) {
      context.fillRect(x - 5, y - 1, 10, 2);
      context.fillRect(x - 1, y - 5, 2, 10);
    }
  });
}

export function makeTextures(renderer: Renderer, resolution: number): Textures {
  const of = (g: Container): Texture => {
    const texture = renderer.generateTexture({ target: g, resolution, antialias: true, defaultAnchor: anchorOf(g) });
    g.destroy({ children: true });
    return texture;
  };
  const each = <K extends number>(keys: readonly K[], make: (key: K) => Container) => Object.fromEntries(keys.map((key) => [key, of(make(key))])) as Record<K, Texture>;
  const teams = [Team.none, Team.red, Team.blue] as const;
  const weapons = [Weapon.pistol, Weapon.shotgun, Weapon.rifle, Weapon.sniper, Weapon.melee] as const;
  const kinds = [PickupKind.health, PickupKind.ammunition, PickupKind.weapon_crate, PickupKind.speed_boost, PickupKind.damage_boost, PickupKind.shield] as const;
  const dashes = new Graphics();
  for (let i = 0; i < 12; ++i) dashes.arc(0, 0, 21, (i * Math.PI) / 6, (i * Math.PI) / 6 + 0.3).stroke({ width: 2.5, color: WHITE }).beginPath();
  const cross = new Graphics().circle(0, 0, 1.6).fill(WHITE);
  for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) cross.moveTo(x * 6, y * 6).lineTo(x * 13, y * 13).stroke({ width: 2, color: WHITE });
  return {
    glow: radial(128, [[0, 1], [0.2, 0.6], [0.5, 0.18], [1, 0]]), shadow: radial(64, [[0, 0.9], [0.55, 0.6], [1, 0]]), bolt: streak(64, 16, 0.82), spark: streak(32, 8, 0.6), beam: streak(256, 4, 0.02),
    ring: of(new Graphics().circle(0, 0, 30).stroke({ width: 4, color: WHITE })), thinRing: of(new Graphics().circle(0, 0, 19).stroke({ width: 1.6, color: WHITE })), dashRing: of(dashes),
    shard: of(new Graphics().poly([-3, -2, 3, -3, 2, 3, -2, 2]).fill(WHITE)), arc: of(new Graphics().moveTo(0, 0).arc(0, 0, 50, -Math.PI / 6, Math.PI / 6).lineTo(0, 0).fill({ color: WHITE, alpha: 0.9 })),
    arrow: of(new Graphics().poly([12, 0, -8, 9, -4, 0, -8, -9]).fill(WHITE)), crosshair: of(cross), tile: tile(),
    body: each(teams, (team) => emblem(outline(outline(new Graphics(), team, 15).fill(0x4a4a55), team, 11.5).fill(0x2c2c34), team)),
    rim: each(teams, (team) => outline(new Graphics(), team, 13.8).stroke({ width: 2.6, color: WHITE, join: "round" })),
    weapon: each(weapons, weapon), pickup: each(kinds, (kind) => plate(PICKUP_COLOURS[kind], pickupIcon(new Graphics(), kind))),
    crate: each(weapons, (kind) => {
      // White all over, for a tint makes colours only darker; in the middle of its plate.
      const silhouette = weapon(kind, true);
      const bounds = silhouette.getLocalBounds();
      const scale = 21 / bounds.width;
      silhouette.scale.set(scale, Math.min(1.5 * scale, 1));
      silhouette.x = -(bounds.x + bounds.width / 2) * scale;
      return plate(PICKUP_COLOURS[PickupKind.weapon_crate], silhouette);
    }),
  };
}

/** So that the shape's own origin is where it is put and turned about. */
function anchorOf(g: Container): { x: number; y: number } {
  const bounds = g.getLocalBounds();
  return { x: -bounds.x / bounds.width, y: -bounds.y / bounds.height };
}
