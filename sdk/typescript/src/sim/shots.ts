import { MUZZLE_UNITS, rulesOf } from "./rules.js";
import type { Walls } from "./walls.js";
import { Team, teamOf, weaponOf, type Shot, type Weapon } from "../protocol/types.js";

const SHOTS_MAX = 1_024;
const TOLD_MAX = 8_192;
const SAME_TICKS = 4;    // two servers' words of one shot are no further apart
const GHOST_TICKS = 45;  // a predicted shot that the server did not fire is taken back after so long

export interface Flight {
  id: number;        // the server's, low 16 bits; -1: predicted and not yet confirmed
  owner: number;
  weapon: Weapon;
  team: Team;
  strong: boolean;
  /** Where it was at `tick`, and by what it flies on, in units and units a tick. */
  x: number;
  y: number;
  vx: number;
  vy: number;
  tick: number;
  /** Ticks that it flies, and what ends it. */
  life: number;
  wall: number;      // -1: nothing, or the border
  own: boolean;      // flies in the player's own time, not the others'
  began: boolean;
  stopped: boolean;  // the server said where it ended
}

export interface ShotEnd { flight: Flight; x: number; y: number; wall: number }

/** Projectiles, flown here: the server tells of each of them once. */
export class Shots {
  readonly flights: Flight[] = [];
  private readonly told = new Map<number, number>();
  /** Told when one begins to be seen, and when one ends at a wall. */
  onBegin: (flight: Flight) => void = () => undefined;
  onWall: (end: ShotEnd) => void = () => undefined;

  constructor(private walls: Walls) {}

  restart(walls: Walls): void {
    this.walls = walls;
    this.flights.length = 0;
    this.told.clear();
  }

  /** Another server's ticks follow, which are `apart` more. Ids are the world's: what flies goes on, and is not told anew. */
  cross(apart: number): void {
    for (const [id, fired] of this.told) this.told.set(id, fired + apart);
    for (const flight of this.flights) if (!flight.own) flight.tick += apart;
    this.wallsChanged();
  }

  /** The server tells of a shot in its snapshot of `tick`; `ownTick` is the player's own time now. */
  take(shot: Shot, tick: number, self: number, ownTick: number): void {
    // Each is said twice, against loss.
    const fired = tick - shot.ago;
    if (Math.abs((this.told.get(shot.id) ?? -Infinity) - fired) < SAME_TICKS) return;
    if (this.told.size >= TOLD_MAX) this.told.clear();
    this.told.set(shot.id, fired);
    const weapon = weaponOf(shot.look);
    const own = shot.owner === self;
    if (own) {
      // What was predicted is there already, and a little ahead.
      const ghost = this.flights.find((flight) => flight.id === -1 && flight.weapon === weapon);
      if (ghost) {
        ghost.id = shot.id;
        ghost.strong = (shot.look & 32) !== 0;
        return;
      }
    }
    this.add({
      id: shot.id, owner: shot.owner, weapon, team: teamOf(shot.look), strong: (shot.look & 32) !== 0, x: shot.x, y: shot.y, vx: shot.velocityX, vy: shot.velocityY,
      tick: own ? ownTick : fired, life: 0, wall: -1, own, began: false, stopped: false,
    });
  }

  /** What the player fires now, before the server says so. */
  predict(x: number, y: number, aim: number, weapon: Weapon, team: Team, self: number, strong: boolean, ownTick: number): void {
    const rules = rulesOf(weapon);
    const cos = Math.cos(aim);
    const sin = Math.sin(aim);
    const free = this.walls.cast(x, y, cos * MUZZLE_UNITS, sin * MUZZLE_UNITS).part;
    if (free < 1) return;
    this.add({
      id: -1, owner: self, weapon, team, strong, x: x + cos * MUZZLE_UNITS, y: y + sin * MUZZLE_UNITS, vx: cos * rules.speed, vy: sin * rules.speed, tick: ownTick, life: 0, wall: -1,
      own: true, began: true, stopped: false,
    });
  }

  private add(flight: Flight): void {
    if (this.flights.length >= SHOTS_MAX) this.flights.shift();
    this.aimAtWalls(flight);
    this.flights.push(flight);
  }

  private aimAtWalls(flight: Flight): void {
    const lifetime = rulesOf(flight.weapon).lifetime;
    const { part, hit } = this.walls.cast(flight.x, flight.y, flight.vx * lifetime, flight.vy * lifetime);
    flight.life = lifetime * part;
    flight.wall = part < 1 ? hit : -1;
  }

  /** A wall came or went. */
  wallsChanged(): void {
    for (const flight of this.flights) if (!flight.stopped) this.aimAtWalls(flight);
  }

  /** The server says that it ended at somebody in `tick`: it is seen to fly until then. */
  end(id: number, tick: number): Flight | undefined {
    const at = this.flights.findIndex((flight) => flight.id === id);
    const flight = this.flights[at];
    if (!flight) return undefined;
    if (flight.own) this.flights.splice(at, 1);
    flight.life = Math.min(flight.life, Math.max(0, tick - flight.tick));
    flight.stopped = true;
    return flight;
  }

  /** Drops what is over. To be called once a frame, before the flights are drawn. */
  advance(shownTick: number, ownTick: number): void {
    let kept = 0;
    for (const flight of this.flights) {
      const age = (flight.own ? ownTick : shownTick) - flight.tick;
      if (age >= 0 && !flight.began) {
        flight.began = true;
        this.onBegin(flight);
      }
      if (age >= flight.life) {
        if (!flight.stopped && flight.life < rulesOf(flight.weapon).lifetime - 1e-6) {
          this.onWall({ flight, x: flight.x + flight.vx * flight.life, y: flight.y + flight.vy * flight.life, wall: flight.wall });
        }
        continue;
      }
      if (flight.id === -1 && age > GHOST_TICKS) continue;
      this.flights[kept++] = flight;
    }
    this.flights.length = kept;
  }
}
