/** What the messages of schemas/game.fbs become: plain objects, lengths in world units unless said otherwise. */

export { EffectKind, Fact, FlagWhere, Mode, NoticeKind, Phase, PickupKind, Scope, Team, Weapon } from "../generated/game_generated.js";
import type { EffectKind, Fact, FlagWhere, Mode, NoticeKind, Phase, PickupKind, Scope, Team, Weapon } from "../generated/game_generated.js";

export const PROTOCOL_VERSION = 2;
export const NOBODY = 0xffff;

export interface Wall { x: number; y: number; width: number; height: number; health: number; healthMax: number; destructible: boolean }
export interface Pickup { x: number; y: number; kind: PickupKind; weapon: Weapon; available: boolean }
export interface Flag { x: number; y: number; team: Team; where: FlagWhere; carrier: number }

export interface Welcome {
  version: number;
  world: string;
  player: number;
  generation: number;
  team: Team;
  name: string;
  tick: number;
  tickRate: number;
  snapshotRate: number;
  left: number;
  top: number;
  width: number;
  height: number;
  step: number;
  mode: Mode;
  view: number;
  map: string;
  walls: Wall[];
  pickups: Pickup[];
  flags: Flag[];
  resume: string;
  /** How far words to those near go. */
  chatNear: number;
}

export interface Person { id: number; generation: number; team: Team; bot: boolean; name: string }
export interface MatchState { phase: Phase; winnerTeam: Team; winner: number; red: number; blue: number; number: number; endsTick: number; flags: Flag[] }
export interface ScoreRow { id: number; team: Team; score: number; kills: number; deaths: number; captures: number; name: string }
export interface Scores { rows: ScoreRow[]; ownRank: number; players: number; bots: number }
export interface News { fact: Fact; tick: number; team: Team; weapon: Weapon; index: number; player: number; other: number; playerName: string; otherName: string; x: number; y: number }
/** `whom` and `whomName`: of words to one person, which come to who said them, too; else NOBODY and "". */
export interface Chat { from: number; name: string; text: string; team: Team; to: Scope; whom: number; whomName: string }
/** Whom words are for. A person: by id, by name, or by both, which keeps the words from whoever has the id next. */
export interface Address { to: Scope; whom?: number; name?: string }
export interface PartyMember { id: number; name: string }
/** The party that one is in, and who is; code "": in none. */
export interface Party { code: string; members: PartyMember[] }
export interface Notice { kind: NoticeKind; text: string; snapshotRate: number }

/** Oneself. x, y and the velocity are in 1/256 units, exactly as the server has them. */
export interface Own {
  x: number;
  y: number;
  velocityX: number;
  velocityY: number;
  score: number;
  kills: number;
  deaths: number;
  reloadTicks: number;
  respawnTicks: number;
  speedTicks: number;
  damageTicks: number;
  protectedTicks: number;
  look: number;
  health: number;
  shield: number;
  ammunition: number;
  weapons: number;
}
export function nobody(): Own {
  return {
    x: 0, y: 0, velocityX: 0, velocityY: 0, score: 0, kills: 0, deaths: 0, reloadTicks: 0, respawnTicks: 0, speedTicks: 0, damageTicks: 0, protectedTicks: 0,
    look: 0, health: 0, shield: 0, ammunition: 0, weapons: 0,
  };
}

/** x and y in units of the map, velocity in units a tick, aim in radians. */
export interface Entity { id: number; x: number; y: number; velocityX: number; velocityY: number; aim: number; health: number; look: number }
export interface Shot { id: number; x: number; y: number; velocityX: number; velocityY: number; owner: number; ago: number; look: number }
export interface Effect { x: number; y: number; player: number; other: number; index: number; value: number; ago: number; kind: EffectKind; weapon: Weapon }

/**
 * One object that every snapshot is read into: what its arrays hold beyond their counts is of an earlier one. Whoever keeps something
 * of it copies it.
 */
export interface Snapshot {
  tick: number;
  acknowledged: number;
  own: Own;
  hasOwn: boolean;
  entities: Entity[];
  entityCount: number;
  gone: number[];
  goneCount: number;
  shots: Shot[];
  shotCount: number;
  effects: Effect[];
  effectCount: number;
}

/** A command (0 to 255) and its payload, to or from the world's plugins, which alone know what it means. */
export interface Custom { command: number; payload: Uint8Array }

export interface Pong { time: number; tick: number }

/** What a world says, by kind. */
export interface WorldSays {
  onWelcome(welcome: Welcome): void;
  onPeople(people: Person[]): void;
  onMatch(state: MatchState): void;
  onScores(scores: Scores): void;
  onNews(news: News[]): void;
  onChat(chat: Chat): void;
  onParty?(party: Party): void;
  onNotice(notice: Notice): void;
  onSnapshot(snapshot: Snapshot): void;
  onPong(pong: Pong): void;
  /** Of plugins that this page may not know; whoever does not listen ignores it. */
  onCustom?(custom: Custom): void;
}

// ---- the bits of `look` --------------------------------------------------------------------------

export const weaponOf = (look: number): Weapon => (look & 7) as Weapon;
export const teamOf = (look: number): Team => ((look >> 3) & 3) as Team;
export const carriesOf = (look: number): Team => ((look >> 5) & 3) as Team;
export const isAlive = (look: number): boolean => (look & 0x80) !== 0;
export const isProtected = (look: number): boolean => (look & 0x100) !== 0;
export const isShielded = (look: number): boolean => (look & 0x200) !== 0;
export const isFaster = (look: number): boolean => (look & 0x400) !== 0;
export const isStronger = (look: number): boolean => (look & 0x800) !== 0;
export const generationOf = (look: number): number => look >> 12;
