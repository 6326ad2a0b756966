import type { Game } from "../game/game";
import { FlagWhere, Mode, Team, teamOf } from "@muster/client";
import { coloursOf } from "../view/colours";

const WINDOW_UNITS = 2_400;  // of a large map: what is around

/** The map in a corner: walls, people by colour and shape, flags, what is on the screen. */
export class Minimap {
  private walls: HTMLCanvasElement | undefined;
  private scale = 1;
  private drawnFor: unknown;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(game: Game, view: { left: number; top: number; width: number; height: number }): void {
    const welcome = game.welcomed;
    const context = this.canvas.getContext("2d");
    if (!welcome || !context) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const cssWidth = this.canvas.clientWidth;
    if (!cssWidth) return;
    const spanX = Math.min(welcome.width, WINDOW_UNITS);
    const spanY = Math.min(welcome.height, spanX * (welcome.height / welcome.width > 1 ? 1 : Math.min(1, welcome.height / spanX)));
    const width = Math.round(cssWidth * ratio);
    const height = Math.round((width * spanY) / spanX);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.style.height = `${height / ratio}px`;
      this.drawnFor = undefined;
    }
    this.scale = width / spanX;
    const clamp = (at: number, low: number, span: number, whole: number) => Math.min(low + whole - span, Math.max(low, at - span / 2));
    const left = clamp(game.x, welcome.left, spanX, welcome.width);
    const top = clamp(game.y, welcome.top, spanY, welcome.height);
    context.clearRect(0, 0, width, height);
    this.drawWalls(context, game, left, top);
    const x = (at: number) => (at - left) * this.scale;
    const y = (at: number) => (at - top) * this.scale;
    context.strokeStyle = "rgba(255,255,255,0.28)";
    context.lineWidth = ratio;
    context.strokeRect(x(view.left), y(view.top), view.width * this.scale, view.height * this.scale);
    const own = game.team;
    for (const track of game.others.tracks.values()) {
      const team = teamOf(track.look);
      dot(context, team, x(track.x), y(track.y), (team === own && team !== Team.none ? 2.1 : 2.4) * ratio);
    }
    if (welcome.mode === Mode.capture_the_flag) {
      for (const flag of game.flags) {
        const at = flag.where === FlagWhere.carried ? (flag.carrier === game.self ? game : (game.others.tracks.get(flag.carrier) ?? flag)) : flag;
        pennant(context, flag.team, x(at.x), y(at.y), ratio);
      }
    }
    context.save();
    context.translate(x(game.x), y(game.y));
    context.rotate(game.aim);
    context.fillStyle = "rgba(255,255,255,0.14)";
    context.beginPath();
    context.moveTo(0, 0);
    context.arc(0, 0, 22 * ratio, -0.5, 0.5);
    context.fill();
    context.fillStyle = "#ffffff";
    context.beginPath();
    context.moveTo(5.5 * ratio, 0);
    context.lineTo(-3.5 * ratio, 3.6 * ratio);
    context.lineTo(-2 * ratio, 0);
    context.lineTo(-3.5 * ratio, -3.6 * ratio);
    context.fill();
    context.restore();
  }

  /** Walls change seldom: drawn once on a canvas of their own, as large as the map. */
  private drawWalls(context: CanvasRenderingContext2D, game: Game, left: number, top: number): void {
    const welcome = game.welcomed!;
    const standing = game.walls.boxes.reduce((sum, box, index) => (box.standing ? (sum * 31 + index) | 0 : sum), 7);
    const key = `${welcome.map} ${welcome.tick} ${standing} ${this.scale}`;
    if (this.drawnFor !== key) {
      this.drawnFor = key;
      this.walls ??= document.createElement("canvas");
      // A very large map's picture has a bound.
      const scale = Math.min(this.scale, 4_096 / Math.max(welcome.width, welcome.height));
      this.walls.width = Math.max(1, Math.round(welcome.width * scale));
      this.walls.height = Math.max(1, Math.round(welcome.height * scale));
      const on = this.walls.getContext("2d")!;
      on.clearRect(0, 0, this.walls.width, this.walls.height);
      game.wallFacts.forEach((wall, index) => {
        if (!game.walls.boxes[index]!.standing) return;
        on.fillStyle = wall.destructible ? "#a27a48" : "#6c80a8";
        on.fillRect((wall.x - welcome.left) * scale, (wall.y - welcome.top) * scale, Math.max(1, wall.width * scale), Math.max(1, wall.height * scale));
      });
    }
    const picture = this.walls!;
    const factor = picture.width / welcome.width;
    const spanX = context.canvas.width / this.scale;
    const spanY = context.canvas.height / this.scale;
    context.drawImage(picture, (left - welcome.left) * factor, (top - welcome.top) * factor, spanX * factor, spanY * factor, 0, 0, context.canvas.width, context.canvas.height);
  }
}

function dot(context: CanvasRenderingContext2D, team: Team, x: number, y: number, size: number): void {
  context.fillStyle = coloursOf(team).css;
  context.beginPath();
  if (team === Team.red) {
    context.moveTo(x, y - size * 1.25);
    context.lineTo(x + size * 1.2, y + size);
    context.lineTo(x - size * 1.2, y + size);
  } else if (team === Team.blue) {
    context.arc(x, y, size, 0, 7);
  } else {
    context.moveTo(x, y - size * 1.3);
    context.lineTo(x + size * 1.3, y);
    context.lineTo(x, y + size * 1.3);
    context.lineTo(x - size * 1.3, y);
  }
  context.fill();
}

function pennant(context: CanvasRenderingContext2D, team: Team, x: number, y: number, ratio: number): void {
  context.fillStyle = coloursOf(team).css;
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.2 * ratio;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x, y - 9 * ratio);
  context.stroke();
  context.beginPath();
  context.moveTo(x, y - 9 * ratio);
  context.lineTo(x + 7 * ratio, y - 6.5 * ratio);
  context.lineTo(x, y - 4 * ratio);
  context.fill();
}
