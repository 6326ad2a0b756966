import { Bridge } from "./bridge";
import { Timeline, type Happening } from "./happenings";
import { Trigger } from "./trigger";
import {
  carriesOf, EffectKind, Fact, FlagWhere, Mode, NOBODY, Phase, Team, teamOf, type Chat, type Effect, type Flag, type MatchState, type Meter, type News,
  type Notice, type Person, type Pickup, type Scores, type Snapshot, type Step, type Wall, type Welcome,
} from "@muster/client";
import { Others, Prediction, returnTicks, ServerClock, Shots, TICK_MS, TURN, Walls, type Flight } from "@muster/client/sim";

const STALE_TICKS = 30;
const PICKUP_GRACE_TICKS = 30;
const SILENT_TICKS = 15;
const PEOPLE_MAX = 8_192;

/** Who wants to know what a world says, beyond what is drawn each frame. */
export interface Audience {
  happened(happening: Happening): void;
  welcomed(welcome: Welcome): void;
  /** Another server of the same world goes on with the same player; these walls are not as they were. */
  crossed(welcome: Welcome, walls: readonly number[]): void;
  chatted(chat: Chat): void;
  noticed(notice: Notice): void;
  newsCame(news: News): void;
  scored(scores: Scores): void;
}

export interface Controls { aim: number; buttons: number; slot: number }

/** One world as this page knows it. Time is given to it; it draws and sends nothing. */
export class Game {
  welcomed: Welcome | undefined;
  walls = new Walls([], { left: 0, top: 0, width: 1, height: 1 });
  wallFacts: Wall[] = [];
  pickups: Pickup[] = [];
  flags: Flag[] = [];
  people = new Map<number, Person>();
  match: MatchState = { phase: Phase.waiting, winnerTeam: Team.none, winner: NOBODY, red: 0, blue: 0, number: 0, endsTick: 0, flags: [] };
  scores: Scores = { rows: [], ownRank: 0, players: 0, bots: 0 };
  readonly others = new Others();
  readonly prediction = new Prediction();
  readonly shots = new Shots(this.walls);
  readonly clock = new ServerClock();
  readonly trigger = new Trigger();
  /** Who killed oneself last, for the screen of the dead. */
  killer = "";
  /** Steps taken in this connection: the player's own time. */
  ownTick = 0;
  aim = 0;
  /** Part of a step since the last, for drawing. */
  part = 1;
  private readonly timeline = new Timeline();
  /** Pickups that were taken, and the tick at which they are back: whoever is far away is not told. */
  private readonly pickupReturns = new Map<number, number>();
  private lastFlash = new Map<number, number>();
  private readonly bridge = new Bridge();
  private next: "crosses" | "resumes" | undefined;
  /** Ticks of the present server less those of the one before. */
  private apart = 0;
  /** Ticks that the others are shown further back, for nothing was heard. */
  private silence = 0;
  /** Of the present server's snapshots. */
  private newest = 0;

  constructor(private readonly meter: Pick<Meter, "rttMs">, private readonly audience: Audience, private readonly now: () => number = () => performance.now()) {
    this.shots.onBegin = (flight) => this.flash(flight);
    this.shots.onWall = ({ flight, x, y, wall }) => {
      audience.happened({ kind: "impact", x, y, aim: Math.atan2(-flight.vy, -flight.vx), weapon: flight.weapon, wall });
    };
  }

  get self(): number {
    return this.welcomed?.player ?? NOBODY;
  }
  get team(): Team {
    return this.prediction.own.look ? teamOf(this.prediction.own.look) : (this.welcomed?.team ?? Team.none);
  }
  get x(): number {
    return this.prediction.x(this.part);
  }
  get y(): number {
    return this.prediction.y(this.part);
  }
  /** Ticks until the match, or the break after it, ends. */
  ticksLeft(): number {
    return this.match.endsTick ? Math.max(0, this.match.endsTick - this.clock.newest(this.now())) : 0;
  }
  nameOf(id: number): string {
    return id === this.self ? (this.welcomed?.name ?? "") : (this.people.get(id)?.name ?? "");
  }

  // ---- from one server to the next --------------------------------------------------------------

  /** A connection to the next server is open. */
  standby(): void {
    this.bridge.clear();
  }

  /** The next server's Pong came: the tick that it is at. */
  standbyTick(tick: number): void {
    if (this.clock.ready) this.bridge.take(tick - this.clock.newest(this.now()));
  }

  /** The next Welcome is another server's of the same world. */
  cross(): void {
    this.next = "crosses";
  }

  /** The connection was lost, and a new one begins: what is drawn stays until its Welcome says whether it is the same match still. */
  resume(): void {
    this.bridge.clear();
    if (this.welcomed) this.next = "resumes";
    else this.restart();
  }

  /** Of the server that one has left: what people did still counts, in the ticks that are. */
  newsBefore(news: News[]): void {
    this.onNews(news.map((one) => ({ ...one, tick: one.tick + this.apart })));
  }

  /** What `InputStep.seen` counts back from, with a snapshot's tick or without one: then the tick that the server is at when the message comes there. */
  get tickThere(): number {
    return this.clock.newest(this.now()) + this.meter.rttMs / TICK_MS;
  }

  private goesOn(welcome: Welcome): boolean {
    const old = this.welcomed;
    return old !== undefined && this.next !== undefined && old.player === welcome.player && old.generation === welcome.generation && old.world === welcome.world && old.step === welcome.step &&
      old.left === welcome.left && old.top === welcome.top && old.width === welcome.width && old.height === welcome.height && old.pickups.length === welcome.pickups.length &&
      old.walls.length === welcome.walls.length && old.walls.every((wall, index) => wall.x === welcome.walls[index]!.x && wall.y === welcome.walls[index]!.y);
  }

  /** The same player in the same world: what is shown goes on, in the ticks of the new server. */
  private goOn(welcome: Welcome): void {
    const apart = this.bridge.apart(welcome.tick - this.clock.newest(this.now()));
    this.bridge.clear();
    this.apart = apart;
    if (this.next === "resumes") {
      this.prediction.resume();
      this.trigger.restart();
    }
    this.clock.cross(apart, welcome.snapshotRate);
    this.others.cross(apart + this.silence, this.clock.showing);
    this.silence = 0;
    this.prediction.cross(apart);
    this.timeline.cross(apart);
    if (this.match.endsTick) this.match.endsTick += apart;
    for (const [index, at] of this.pickupReturns) this.pickupReturns.set(index, at + apart);
    welcome.pickups.forEach((pickup, index) => {
      const known = this.pickups[index]!;
      if (pickup.available) this.pickupReturns.delete(index);
      else if (known.available) this.pickupReturns.set(index, welcome.tick + returnTicks(pickup.kind));
      Object.assign(known, pickup);
    });
    const changed: number[] = [];
    welcome.walls.forEach((wall, index) => {
      const known = this.wallFacts[index]!;
      if (known.health !== wall.health) changed.push(index);
      known.health = wall.health;
      this.walls.boxes[index]!.standing = wall.health > 0;
    });
    this.shots.cross(apart);
    if (welcome.flags.length) this.flags = welcome.flags;
    this.welcomed = { ...welcome, walls: this.wallFacts, pickups: this.pickups };
    this.newest = 0;
    this.audience.crossed(this.welcomed, changed);
  }

  /** A new connection begins: nothing of the old one holds. */
  restart(): void {
    this.prediction.restart();
    this.others.clear();
    this.shots.restart(this.walls);
    this.timeline.clear();
    this.people.clear();
    this.trigger.restart();
    this.ownTick = 0;
    this.welcomed = undefined;
    this.next = undefined;
    this.bridge.clear();
  }

  // ---- time -------------------------------------------------------------------------------------

  /** One tick of the player's own time: what is to be sent. */
  step(controls: Controls): Step {
    this.aim = controls.aim;
    ++this.ownTick;
    const angle = Math.round(((controls.aim / TURN) % 1) * 65_536) & 0xffff;
    const step = this.prediction.step(angle, controls.buttons, controls.slot, Math.round(this.clock.showing), this.walls);
    const shot = this.trigger.pull(step, this.prediction, this.match.phase);
    if (shot === "empty") this.audience.happened({ kind: "empty" });
    else if (shot) this.fire(shot.weapon, controls.aim, shot.strong);
    if (this.trigger.strikes) {
      this.audience.happened({ kind: "strike", x: this.prediction.x(1), y: this.prediction.y(1), aim: controls.aim, own: true, team: this.team });
    }
    return step;
  }

  /** Once a frame. */
  advance(nowMs: number, passedMs: number): void {
    const shown = this.clock.advance(nowMs);
    this.prediction.smooth(passedMs);
    // In silence everybody else stands still, and is not forgotten: it ends, or the connection does.
    this.silence = this.newest ? Math.max(0, shown - this.newest - SILENT_TICKS) : 0;
    this.others.show(shown - this.silence, passedMs);
    this.shots.advance(shown, this.ownTick + this.part - 1);
    for (const [index, at] of this.pickupReturns) {
      if (shown < at + PICKUP_GRACE_TICKS) continue;
      this.pickupReturns.delete(index);
      this.pickups[index]!.available = true;
    }
    this.timeline.release(shown, STALE_TICKS, (happening) => this.audience.happened(happening));
  }

  private fire(weapon: number, aim: number, strong: boolean): void {
    const x = this.prediction.x(1);
    const y = this.prediction.y(1);
    this.lastFlash.set(this.self, this.now());
    this.audience.happened({ kind: "muzzle", x, y, aim, weapon, team: this.team, own: true, strong });
    if (this.trigger.isStraight(weapon)) this.shots.predict(x, y, aim, weapon, this.team, this.self, strong, this.ownTick);
  }

  /** The flash of a shot that the server told of: one for all pellets, none for what was predicted. */
  private flash(flight: Flight): void {
    const now = this.now();
    if (now - (this.lastFlash.get(flight.owner) ?? -1e9) < (flight.own ? 400 : 40)) return;
    if (this.lastFlash.size > 4_096) this.lastFlash.clear();
    this.lastFlash.set(flight.owner, now);
    const aim = this.others.tracks.get(flight.owner)?.aim ?? Math.atan2(flight.vy, flight.vx);
    this.audience.happened({ kind: "muzzle", x: flight.x - Math.cos(aim) * 20, y: flight.y - Math.sin(aim) * 20, aim, weapon: flight.weapon, team: flight.team, own: flight.own, strong: flight.strong });
  }

  // ---- what the world says ----------------------------------------------------------------------

  onWelcome(welcome: Welcome): void {
    if (this.goesOn(welcome)) {
      this.goOn(welcome);
      this.next = undefined;
      return;
    }
    this.restart();
    this.welcomed = welcome;
    this.walls = new Walls(welcome.walls, welcome);
    this.wallFacts = welcome.walls;
    this.pickups = welcome.pickups;
    this.pickupReturns.clear();
    welcome.pickups.forEach((pickup, index) => {
      if (!pickup.available) this.pickupReturns.set(index, welcome.tick + returnTicks(pickup.kind));
    });
    this.flags = welcome.flags;
    this.shots.restart(this.walls);
    this.clock.restart(welcome.snapshotRate);
    this.newest = 0;
    this.audience.welcomed(welcome);
  }

  onPeople(people: Person[]): void {
    for (const person of people) {
      if (this.people.size >= PEOPLE_MAX) this.people.clear();
      this.people.set(person.id, person);
    }
  }

  onSnapshot(snapshot: Snapshot): void {
    if (!this.welcomed || this.next) return;
    const newest = snapshot.tick > this.newest;
    if (newest) this.newest = snapshot.tick;
    const shown = this.clock.showing;
    this.clock.snapshot(snapshot.tick, this.now());
    if (newest && snapshot.hasOwn) {
      this.prediction.reconcile(snapshot.own, snapshot.acknowledged, this.walls);
      this.trigger.reconcile(this.prediction, snapshot.acknowledged);
    }
    for (let i = 0; i < snapshot.entityCount; ++i) {
      const entity = snapshot.entities[i]!;
      if (entity.id !== this.self) this.others.take(entity, snapshot.tick, shown);
    }
    for (let i = 0; i < snapshot.goneCount; ++i) this.others.gone(snapshot.gone[i]!, snapshot.tick);
    for (let i = 0; i < snapshot.shotCount; ++i) this.shots.take(snapshot.shots[i]!, snapshot.tick, this.self, this.ownTick);
    for (let i = 0; i < snapshot.effectCount; ++i) this.effect(snapshot.effects[i]!, snapshot.tick);
  }

  private effect(effect: Effect, snapshotTick: number): void {
    const self = this.self;
    const tick = snapshotTick - effect.ago;
    const own = effect.player === self;
    const at = (happening: Happening, now: boolean): void => {
      if (now) this.audience.happened(happening);
      else this.timeline.add(tick, happening);
    };
    const track = this.others.tracks.get(effect.player);
    const aim = own ? this.aim : (track?.aim ?? 0);
    const team = own ? this.team : track ? teamOf(track.look) : (this.people.get(effect.player)?.team ?? Team.none);
    switch (effect.kind) {
      case EffectKind.strike:
        if (!own) at({ kind: "strike", x: effect.x, y: effect.y, aim, own, team }, false);
        break;
      case EffectKind.wall_hit: {
        const wall = this.wallFacts[effect.other];
        if (wall?.destructible && effect.value) {
          wall.health = Math.max(1, wall.health - effect.value);
          at({ kind: "wall_hurt", index: effect.other }, own);
        }
        break;
      }
      case EffectKind.player_hit: {
        const flight = effect.index ? this.shots.end(effect.index, tick) : undefined;
        const direction = flight ? Math.atan2(flight.vy, flight.vx) : aim;
        const from = own ? undefined : track ? { x: track.x, y: track.y } : undefined;
        const victim = this.others.tracks.get(effect.other);
        // One's own hits are shown on whom one sees, not where it was on the server.
        const place = effect.other === self ? { x: this.x, y: this.y } : own && victim ? victim : effect;
        at({
          kind: "hit", x: place.x, y: place.y, aim: direction, victim: effect.other, damage: effect.value, weapon: effect.weapon, byMe: own, onMe: effect.other === self,
          team: effect.other === self ? this.team : victim ? teamOf(victim.look) : Team.none, from,
        }, own || effect.other === self);
        break;
      }
      case EffectKind.pickup_taken: {
        const pickup = this.pickups[effect.index];
        if (!pickup) break;
        pickup.available = false;
        this.pickupReturns.set(effect.index, tick + returnTicks(pickup.kind));
        at({ kind: "pickup", x: pickup.x, y: pickup.y, pickup: pickup.kind, index: effect.index, own }, own);
        break;
      }
      case EffectKind.pickup_returned: {
        const pickup = this.pickups[effect.index];
        if (!pickup) break;
        pickup.available = true;
        this.pickupReturns.delete(effect.index);
        at({ kind: "pickup_back", x: pickup.x, y: pickup.y, index: effect.index }, true);
        break;
      }
      case EffectKind.spawned:
        at({ kind: "spawn", x: effect.x, y: effect.y, own, team }, own);
        break;
      case EffectKind.reloaded:
        at({ kind: "reloaded", own, x: effect.x, y: effect.y }, own);
        break;
    }
  }

  onMatch(state: MatchState): void {
    this.match = state;
    if (state.flags.length) this.flags = state.flags;
  }

  onScores(scores: Scores): void {
    this.scores = scores;
    this.audience.scored(scores);
  }

  onChat(chat: Chat): void {
    this.audience.happened({ kind: "chat", own: chat.from === this.self });
    this.audience.chatted(chat);
  }

  onNotice(notice: Notice): void {
    if (notice.snapshotRate > 0) this.clock.rate(notice.snapshotRate);
    this.audience.noticed(notice);
  }

  onNews(news: News[]): void {
    for (const one of news) this.hear(one);
  }

  private hear(news: News): void {
    const self = this.self;
    switch (news.fact) {
      case Fact.wall_destroyed:
      case Fact.wall_returned: {
        const box = this.walls.boxes[news.index];
        const wall = this.wallFacts[news.index];
        if (!box || !wall) break;
        box.standing = news.fact === Fact.wall_returned;
        wall.health = box.standing ? wall.healthMax : 0;
        this.shots.wallsChanged();
        this.audience.happened({ kind: box.standing ? "wall_back" : "wall_gone", index: news.index });
        break;
      }
      case Fact.killed: {
        const own = news.other === self;
        if (own) this.killer = news.player === self || news.player === NOBODY ? "" : news.playerName || this.nameOf(news.player);
        const track = this.others.tracks.get(news.other);
        const at = own ? { x: this.x, y: this.y } : track ? { x: track.x, y: track.y } : news;
        this.timeline.add(own ? 0 : news.tick, {
          kind: "death", x: at.x, y: at.y, team: own ? this.team : track ? teamOf(track.look) : (this.people.get(news.other)?.team ?? Team.none), own, byMe: news.player === self && !own,
        });
        if (own || news.player === self) this.timeline.release(0, 1, (happening) => this.audience.happened(happening));
        break;
      }
      case Fact.flag_taken:
      case Fact.flag_dropped:
      case Fact.flag_returned:
      case Fact.flag_captured:
        this.moveFlag(news);
        this.audience.happened({ kind: "flag", fact: news.fact, team: news.team, x: news.x, y: news.y, ours: news.team === this.team });
        break;
      case Fact.match_started:
        this.audience.happened({ kind: "match", fact: news.fact, won: undefined });
        break;
      case Fact.match_ended: {
        const won = this.match.phase !== Phase.ended && news.team === Team.none && news.player === NOBODY ? undefined : news.team !== Team.none ? news.team === this.team : news.player === self;
        this.audience.happened({ kind: "match", fact: news.fact, won });
        break;
      }
      case Fact.left:
        this.people.delete(news.player);
        break;
      case Fact.joined:
        break;
    }
    this.audience.newsCame(news);
  }

  /** The next MatchState says where all flags are; until then this. */
  private moveFlag(news: News): void {
    const flag = this.flags.find((one) => one.team === news.team);
    if (!flag) return;
    flag.where = news.fact === Fact.flag_taken ? FlagWhere.carried : news.fact === Fact.flag_dropped ? FlagWhere.dropped : FlagWhere.base;
    flag.carrier = news.fact === Fact.flag_taken ? news.player : NOBODY;
    if (news.fact === Fact.flag_dropped) {
      flag.x = news.x;
      flag.y = news.y;
    } else if (flag.where === FlagWhere.base) {
      const base = this.baseOf(news.team);
      if (base) Object.assign(flag, base);
    }
  }

  private readonly bases = new Map<Team, { x: number; y: number }>();
  /** Where a flag stands: seen whenever one is at home. */
  baseOf(team: Team): { x: number; y: number } | undefined {
    for (const flag of this.flags) {
      if (flag.where === FlagWhere.base && !this.bases.has(flag.team)) this.bases.set(flag.team, { x: flag.x, y: flag.y });
    }
    return this.bases.get(team);
  }

  /** Whose flag a player carries; none outside capture the flag. */
  carried(look: number): Team {
    return this.welcomed?.mode === Mode.capture_the_flag ? carriesOf(look) : Team.none;
  }
}
