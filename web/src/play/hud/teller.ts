import { teamName, type Store } from "./store";
import type { Game } from "../game/game";
import type { Happening } from "../game/happenings";
import { STICK_RADIUS, type Sticks } from "../input/touch";
import { Fact, FlagWhere, Mode, NOBODY, Team, Weapon, weaponOf, type Meter, type News } from "@muster/client";
import { TICK_RATE, rulesOf } from "@muster/client/sim";

const PLACES = ["base", "carried", "dropped"] as const;

/** Tells the page's parts how the game stands: some times a second, not with every frame. */
export class Teller {
  fps = 0;
  private readonly stickElements = new Map<string, HTMLElement>();

  constructor(private readonly store: Store, private readonly game: Game, private readonly meter: Meter) {}

  tell(now: number): void {
    const { store, game } = this;
    store.expire(now);
    if (store.screen.value !== "playing") return;
    const { own, alive } = game.prediction;
    const weapon = game.trigger.weapon(game.prediction);
    const rules = rulesOf(weapon);
    store.vitals.value = {
      alive, health: own.health, shield: own.shield, weapon, weapons: own.weapons,
      ammunition: weapon === weaponOf(own.look) ? game.trigger.ammunition(game.prediction) : rules.magazine, magazine: rules.magazine,
      reload: own.reloadTicks > 0 && rules.reload > 0 ? Math.max(0.02, 1 - own.reloadTicks / rules.reload) : 0,
      speed: own.speedTicks / TICK_RATE, damage: own.damageTicks / TICK_RATE, guarded: own.protectedTicks / TICK_RATE, respawn: own.respawnTicks / TICK_RATE,
      score: own.score, kills: own.kills, deaths: own.deaths,
    };
    const { match } = game;
    const where = (team: Team) => PLACES[game.flags.find((flag) => flag.team === team)?.where ?? FlagWhere.base] ?? "base";
    store.clock.value = {
      mode: game.welcomed?.mode ?? Mode.free_for_all, phase: match.phase, seconds: game.ticksLeft() / TICK_RATE, red: match.red, blue: match.blue, team: game.team, winnerTeam: match.winnerTeam,
      winner: match.winner === NOBODY ? "" : game.nameOf(match.winner) || (game.scores.rows.find((row) => row.id === match.winner)?.name ?? ""), flags: { red: where(Team.red), blue: where(Team.blue) },
    };
    store.killer.value = game.killer;
    store.meter.value = { rtt: this.meter.rttMs, loss: this.meter.loss, fps: this.fps, rate: 0, bytes: 0, crossings: this.meter.crossings, gap: this.meter.lastGapMs };
    if (store.hurt.value > 0) store.hurt.value = store.hurt.value < 0.05 ? 0 : store.hurt.value * 0.72;
  }

  happened(happening: Happening): void {
    if (happening.kind === "hit" && happening.onMe) this.store.hurt.value = Math.min(0.9, this.store.hurt.value + 0.2 + happening.damage / 60);
    if (happening.kind === "spawn" && happening.own) {
      this.store.hurt.value = 0;
      this.game.killer = "";
    }
  }

  /** Reads the names that came with the news, or that are known. */
  news(news: News): void {
    const { store, game } = this;
    const name = (given: string, id: number) => given || game.nameOf(id);
    const teamOfPlayer = (id: number) => (id === game.self ? game.team : (game.people.get(id)?.team ?? Team.none));
    const self = game.self;
    const note = (text: string, team: Team) => store.addFeed({ killer: "", victim: "", weapon: Weapon.pistol, killerTeam: team, victimTeam: team, mine: news.player === self, note: text });
    switch (news.fact) {
      case Fact.killed: {
        const victim = name(news.otherName, news.other);
        const killer = news.player === NOBODY || news.player === news.other ? "" : name(news.playerName, news.player);
        if (!victim) break;
        // In a crowd the feed would be a blur: the others' kills give way to one's own.
        const mine = news.player === self || news.other === self;
        if (!mine && store.feed.value.length >= 4) break;
        store.addFeed({ killer, victim, weapon: news.weapon, killerTeam: teamOfPlayer(news.player), victimTeam: teamOfPlayer(news.other), mine, note: "" });
        break;
      }
      case Fact.flag_taken: this.flagNews(note, `${name(news.playerName, news.player)} took the ${teamName(news.team).toLowerCase()} flag`, news); break;
      case Fact.flag_dropped: note(`The ${teamName(news.team).toLowerCase()} flag was dropped`, news.team); break;
      case Fact.flag_returned: note(`The ${teamName(news.team).toLowerCase()} flag is back`, news.team); break;
      case Fact.flag_captured:
        store.announce(`${name(news.playerName, news.player)} captured the ${teamName(news.team).toLowerCase()} flag`, news.team === Team.red ? Team.blue : Team.red, 3_500);
        break;
      case Fact.match_started: store.announce("Fight!", game.team, 2_000); break;
      case Fact.joined:
      case Fact.left: {
        const who = name(news.playerName, news.player);
        const person = game.people.get(news.player);
        if (who && news.player !== self && !person?.bot) store.note(`${who} ${news.fact === Fact.joined ? "joined" : "left"}`);
        break;
      }
      default: break;
    }
  }

  private flagNews(note: (text: string, team: Team) => void, text: string, news: News): void {
    note(text, news.team);
    if (news.player === this.game.self) this.store.announce("You have the flag: bring it home", this.game.team, 3_000);
    else if (news.team === this.game.team) this.store.announce("Your flag was taken", news.team, 2_500);
  }

  /** The sticks under the fingers: moved directly, as often as the arena is drawn. */
  sticks(sticks: Sticks, touching: boolean): void {
    for (const [name, stick] of [["move", sticks.move], ["aim", sticks.aim]] as const) {
      let element = this.stickElements.get(name);
      if (!touching && !element) continue;
      if (!element) {
        element = document.createElement("div");
        element.className = `stick ${name}`;
        element.append(document.createElement("i"));
        document.body.append(element);
        this.stickElements.set(name, element);
      }
      element.hidden = !touching || !stick.active;
      if (element.hidden) continue;
      element.style.transform = `translate(${stick.fromX}px, ${stick.fromY}px)`;
      (element.firstElementChild as HTMLElement).style.transform = `translate(${stick.x * STICK_RADIUS}px, ${stick.y * STICK_RADIUS}px)`;
    }
  }
}
