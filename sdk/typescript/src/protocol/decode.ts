import { ByteBuffer } from "flatbuffers";
import {
  Body, Chat as ChatTable, Custom as CustomTable, Effect as EffectStruct, Entity as EntityStruct, type FlagState, MatchState as MatchTable, Message, Newspaper as NewspaperTable, Notice as NoticeTable,
  Party as PartyTable, People as PeopleTable, Pong as PongTable, Scores as ScoresTable, Self as SelfStruct, Shot as ShotStruct, Snapshot as SnapshotTable, Welcome as WelcomeTable,
} from "../generated/game_generated.js";
import { CUSTOM_BYTES_MAX } from "./encode.js";
import { nobody, type Effect, type Entity, type Flag, type News, type PartyMember, type Person, type Pickup, type ScoreRow, type Shot, type Snapshot, type Wall, type Welcome, type WorldSays } from "./types.js";

const STATE_BYTES_MAX = 4_096;
const CONTROL_BYTES_MAX = 1 << 20;
const TURN = 2 * Math.PI;

let bytesRead = 0;
/** A vector's length, which must fit the message: beyond its end the reader finds zeros, for as long as one asks. */
function fitting(count: number, bytesEach: number): number {
  if (!(count >= 0) || count * bytesEach > bytesRead) throw new RangeError("a vector too long");
  return count;
}

function flags(length: number, at: (index: number) => FlagState | null): Flag[] {
  const out: Flag[] = [];
  fitting(length, 12);
  for (let i = 0; i < length; ++i) {
    const one = at(i)!;
    out.push({ x: one.x(), y: one.y(), team: one.team(), where: one.where(), carrier: one.carrier() });
  }
  return out;
}

function welcome(table: WelcomeTable): Welcome {
  const walls: Wall[] = [];
  for (let i = 0; i < fitting(table.wallsLength(), 24); ++i) {
    const one = table.walls(i)!;
    walls.push({ x: one.x(), y: one.y(), width: one.width(), height: one.height(), health: one.health(), healthMax: one.healthMax(), destructible: Boolean(one.destructible()) });
  }
  const pickups: Pickup[] = [];
  for (let i = 0; i < fitting(table.pickupsLength(), 12); ++i) {
    const one = table.pickups(i)!;
    pickups.push({ x: one.x(), y: one.y(), kind: one.kind(), weapon: one.weapon(), available: Boolean(one.available()) });
  }
  return {
    version: table.protocolVersion(), world: table.world() ?? "", player: table.player(), generation: table.generation(), team: table.team(), name: table.name() ?? "", tick: table.tick(),
    tickRate: table.tickRate() || 60, snapshotRate: table.snapshotRate() || 30, left: table.left(), top: table.top(), width: table.width(), height: table.height(), step: table.step(),
    mode: table.mode(), view: table.view() || 600, map: table.map() ?? "", walls, pickups, flags: flags(table.flagsLength(), (i) => table.flags(i)), resume: table.resume() ?? "",
    chatNear: table.chatNear(),
  };
}

/**
 * Reads what a world sends and tells `to`. Bytes that are no message are counted and otherwise ignored: they come from the server that
 * one chose, over a channel that is authenticated, so this is about faults and not about attacks.
 */
export class Decoder {
  faults = 0;
  private left = 0;
  private top = 0;
  private step = 0;
  private readonly message = new Message();
  private readonly snapshotTable = new SnapshotTable();
  private readonly entityStruct = new EntityStruct();
  private readonly shotStruct = new ShotStruct();
  private readonly effectStruct = new EffectStruct();
  private readonly selfStruct = new SelfStruct();
  private readonly snapshot: Snapshot = {
    tick: 0, acknowledged: 0, own: nobody(), hasOwn: false, entities: [], entityCount: 0, gone: [], goneCount: 0, shots: [], shotCount: 0, effects: [], effectCount: 0,
  };

  constructor(private readonly to: WorldSays) {}

  read(bytes: Uint8Array): void {
    try {
      if (bytes.length < 12 || bytes.length > CONTROL_BYTES_MAX) throw new RangeError("length");
      bytesRead = bytes.length;
      const buffer = new ByteBuffer(bytes);
      if (!Message.bufferHasIdentifier(buffer)) throw new RangeError("identifier");
      this.dispatch(Message.getRootAsMessage(buffer, this.message), bytes.length);
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      ++this.faults;
    }
  }

  private dispatch(message: Message, length: number): void {
    switch (message.bodyType()) {
      case Body.Snapshot:
        if (length > STATE_BYTES_MAX) throw new RangeError("a snapshot too long");
        // The scale is in the Welcome, which a snapshot may overtake.
        if (this.step > 0) this.to.onSnapshot(this.readSnapshot(message.body(this.snapshotTable) as SnapshotTable));
        break;
      case Body.Pong: {
        const table = message.body(new PongTable()) as PongTable;
        this.to.onPong({ time: Number(table.time()), tick: table.tick() });
        break;
      }
      case Body.Welcome: {
        const got = welcome(message.body(new WelcomeTable()) as WelcomeTable);
        if (!(got.step > 0 && got.width > 0 && got.height > 0)) throw new RangeError("a welcome without a scale");
        this.left = got.left;
        this.top = got.top;
        this.step = got.step;
        this.to.onWelcome(got);
        break;
      }
      case Body.People: this.readPeople(message.body(new PeopleTable()) as PeopleTable); break;
      case Body.MatchState: this.readMatch(message.body(new MatchTable()) as MatchTable); break;
      case Body.Scores: this.readScores(message.body(new ScoresTable()) as ScoresTable); break;
      case Body.Newspaper: this.readNews(message.body(new NewspaperTable()) as NewspaperTable); break;
      case Body.Chat: {
        const table = message.body(new ChatTable()) as ChatTable;
        this.to.onChat({ from: table.from(), name: table.name() ?? "", text: table.text() ?? "", team: table.team(), to: table.to(), whom: table.whom(), whomName: table.whomName() ?? "" });
        break;
      }
      case Body.Party: {
        const table = message.body(new PartyTable()) as PartyTable;
        const members: PartyMember[] = [];
        for (let i = 0; i < fitting(table.membersLength(), 4); ++i) members.push({ id: table.members(i)!.id(), name: table.members(i)!.name() ?? "" });
        this.to.onParty?.({ code: table.code() ?? "", members });
        break;
      }
      case Body.Notice: {
        const table = message.body(new NoticeTable()) as NoticeTable;
        this.to.onNotice({ kind: table.kind(), text: table.text() ?? "", snapshotRate: table.snapshotRate() });
        break;
      }
      case Body.Custom: {
        const table = message.body(new CustomTable()) as CustomTable;
        // A copy: the message's bytes are the channel's.
        if (fitting(table.payloadLength(), 1) > CUSTOM_BYTES_MAX) throw new RangeError("a payload too long");
        this.to.onCustom?.({ command: table.command(), payload: (table.payloadArray() ?? new Uint8Array()).slice() });
        break;
      }
      default: ++this.faults;  // of a later version, or of the other direction
    }
  }

  private readPeople(table: PeopleTable): void {
    const people: Person[] = [];
    for (let i = 0; i < fitting(table.peopleLength(), 4); ++i) {
      const one = table.people(i)!;
      people.push({ id: one.id(), generation: one.generation(), team: one.team(), bot: Boolean(one.bot()), name: one.name() ?? "" });
    }
    this.to.onPeople(people);
  }

  private readMatch(table: MatchTable): void {
    const clock = table.clock();
    if (!clock) throw new RangeError("a match without a clock");
    this.to.onMatch({
      phase: clock.phase(), winnerTeam: clock.winnerTeam(), winner: clock.winner(), red: clock.red(), blue: clock.blue(), number: clock.number(), endsTick: clock.endsTick(),
      flags: flags(table.flagsLength(), (i) => table.flags(i)),
    });
  }

  private readScores(table: ScoresTable): void {
    const rows: ScoreRow[] = [];
    for (let i = 0; i < fitting(table.rowsLength(), 4); ++i) {
      const one = table.rows(i)!;
      rows.push({ id: one.id(), team: one.team(), score: one.score(), kills: one.kills(), deaths: one.deaths(), captures: one.captures(), name: one.name() ?? "" });
    }
    this.to.onScores({ rows, ownRank: table.ownRank(), players: table.players(), bots: table.bots() });
  }

  private readNews(table: NewspaperTable): void {
    const news: News[] = [];
    for (let i = 0; i < fitting(table.newsLength(), 4); ++i) {
      const one = table.news(i)!;
      news.push({
        fact: one.fact(), tick: one.tick(), team: one.team(), weapon: one.weapon(), index: one.index(), player: one.player(), other: one.other(), playerName: one.playerName() ?? "",
        otherName: one.otherName() ?? "", x: one.x(), y: one.y(),
      });
    }
    this.to.onNews(news);
  }

  private readSnapshot(table: SnapshotTable): Snapshot {
    const out = this.snapshot;
    out.tick = table.tick();
    out.acknowledged = table.acknowledged();
    const own = table.own(this.selfStruct);
    out.hasOwn = own !== null;
    if (own) {
      const to = out.own;
      to.x = own.x();
      to.y = own.y();
      to.velocityX = own.velocityX();
      to.velocityY = own.velocityY();
      to.score = own.score();
      to.kills = own.kills();
      to.deaths = own.deaths();
      to.reloadTicks = own.reloadTicks();
      to.respawnTicks = own.respawnTicks();
      to.speedTicks = own.speedTicks();
      to.damageTicks = own.damageTicks();
      to.protectedTicks = own.protectedTicks();
      to.look = own.look();
      to.health = own.health();
      to.shield = own.shield();
      to.ammunition = own.ammunition();
      to.weapons = own.weapons();
    }
    this.readEntities(table, out);
    this.readShots(table, out);
    this.readEffects(table, out);
    out.goneCount = fitting(table.goneLength(), 2);
    for (let i = 0; i < out.goneCount; ++i) out.gone[i] = table.gone(i) ?? 0;
    return out;
  }

  private readEntities(table: SnapshotTable, out: Snapshot): void {
    out.entityCount = fitting(table.entitiesLength(), 12);
    for (let i = 0; i < out.entityCount; ++i) {
      const one = table.entities(i, this.entityStruct)!;
      const to = (out.entities[i] ??= {} as Entity);
      to.id = one.id();
      to.x = this.left + one.x() * this.step;
      to.y = this.top + one.y() * this.step;
      to.velocityX = one.velocityX() / 16;
      to.velocityY = one.velocityY() / 16;
      to.aim = (one.aim() * TURN) / 256;
      to.health = one.health();
      to.look = one.look();
    }
  }

  private readShots(table: SnapshotTable, out: Snapshot): void {
    out.shotCount = fitting(table.shotsLength(), 14);
    for (let i = 0; i < out.shotCount; ++i) {
      const one = table.shots(i, this.shotStruct)!;
      const to = (out.shots[i] ??= {} as Shot);
      to.id = one.id();
      to.x = this.left + one.x() * this.step;
      to.y = this.top + one.y() * this.step;
      to.velocityX = one.velocityX() / 256;
      to.velocityY = one.velocityY() / 256;
      to.owner = one.owner();
      to.ago = one.ago();
      to.look = one.look();
    }
  }

  private readEffects(table: SnapshotTable, out: Snapshot): void {
    out.effectCount = fitting(table.effectsLength(), 14);
    for (let i = 0; i < out.effectCount; ++i) {
      const one = table.effects(i, this.effectStruct)!;
      const to = (out.effects[i] ??= {} as Effect);
      to.x = this.left + one.x() * this.step;
      to.y = this.top + one.y() * this.step;
      to.player = one.player();
      to.other = one.other();
      to.index = one.index();
      to.value = one.value();
      to.ago = one.ago();
      to.kind = one.kind();
      to.weapon = one.weapon();
    }
  }
}
