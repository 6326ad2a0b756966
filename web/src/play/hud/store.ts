import { signal } from "@preact/signals";
import { Mode, Phase, Scope, Team, Weapon, type Chat, type LinkState, type Party, type Scores, type WorldList } from "@muster/client";
import type { Listeners } from "./words";
import type { Settings } from "../settings";

/** What the page's own parts show. The game writes it, some ten times a second; the parts only read. */

export interface Vitals {
  alive: boolean;
  health: number;
  shield: number;
  weapon: Weapon;
  weapons: number;
  ammunition: number;
  magazine: number;
  /** 0: not reloading; else the part that is done. */
  reload: number;
  /** Seconds left. */
  speed: number;
  damage: number;
  guarded: number;
  respawn: number;
  score: number;
  kills: number;
  deaths: number;
}
export interface Clock { mode: Mode; phase: Phase; seconds: number; red: number; blue: number; team: Team; winnerTeam: Team; winner: string; flags: { red: string; blue: string } }
export interface FeedLine { key: number; killer: string; victim: string; weapon: Weapon; killerTeam: Team; victimTeam: Team; mine: boolean; note: string; at: number }
export interface ChatLine { key: number; name: string; text: string; team: Team; to: Scope; whom: string; own: boolean; system: boolean; at: number }
export interface Link { rtt: number; loss: number; fps: number; rate: number; bytes: number; crossings: number; gap: number }

export type Screen = "lobby" | "joining" | "playing";

const nothing: Vitals = { alive: false, health: 0, shield: 0, weapon: Weapon.pistol, weapons: 1, ammunition: 0, magazine: 7, reload: 0, speed: 0, damage: 0, guarded: 0, respawn: 0, score: 0, kills: 0, deaths: 0 };
const noClock: Clock = { mode: Mode.free_for_all, phase: Phase.waiting, seconds: 0, red: 0, blue: 0, team: Team.none, winnerTeam: Team.none, winner: "", flags: { red: "", blue: "" } };

export const FEED_MAX = 6;
export const CHAT_MAX = 40;

export function makeStore(settings: Settings) {
  let key = 0;
  const store = {
    screen: signal<Screen>("lobby"),
    trouble: signal(""),
    worlds: signal<WorldList | undefined>(undefined),
    link: signal<LinkState>({ at: "joining" }),
    vitals: signal<Vitals>(nothing),
    clock: signal<Clock>(noClock),
    feed: signal<FeedLine[]>([]),
    chat: signal<ChatLine[]>([]),
    scores: signal<Scores>({ rows: [], ownRank: 0, players: 0, bots: 0 }),
    meter: signal<Link>({ rtt: 0, loss: 0, fps: 0, rate: 0, bytes: 0, crossings: 0, gap: 0 }),
    notice: signal<{ text: string; until: number } | undefined>(undefined),
    banner: signal<{ text: string; team: Team; until: number } | undefined>(undefined),
    hurt: signal(0),
    killer: signal(""),
    self: signal(-1),
    world: signal(""),
    menuOpen: signal(false),
    scoresOpen: signal(false),
    typing: signal<"" | Listeners>(""),
    party: signal<Party>({ code: "", members: [] }),
    /** Who whispered last. */
    whisperer: signal(""),
    touching: signal(false),
    settings: signal<Settings>(settings),

    tell(text: string, ms: number): void {
      store.notice.value = { text, until: performance.now() + ms };
    },
    announce(text: string, team: Team, ms: number): void {
      store.banner.value = { text, team, until: performance.now() + ms };
    },
    addChat(chat: Omit<Chat, "whom">): void {
      const own = chat.from === store.self.value;
      if (chat.to === Scope.person && !own) store.whisperer.value = chat.name;
      store.addLine({ name: chat.name, text: chat.text, team: chat.team, to: chat.to, whom: chat.whomName, own, system: false });
    },
    /** What nobody said. */
    note(text: string): void {
      store.addLine({ name: "", text, team: Team.none, to: Scope.all, whom: "", own: false, system: true });
    },
    addLine(line: Omit<ChatLine, "key" | "at">): void {
      store.chat.value = [...store.chat.value, { ...line, key: ++key, at: performance.now() }].slice(-CHAT_MAX);
    },
    setParty(party: Party): void {
      const before = store.party.value;
      store.party.value = party;
      const names = (members: Party["members"]) => members.map((one) => one.name).join(", ");
      if (before.code !== party.code) {
        store.note(party.code ? `You are in the party ${party.code}: ${names(party.members)}` : "You are in no party any more.");
        if (!party.code && store.typing.value === "party") store.typing.value = "all";
        return;
      }
      const missing = (from: Party, others: Party) => from.members.filter((one) => !others.members.some((other) => other.id === one.id));
      const [came, went] = [missing(party, before), missing(before, party)];
      if (came.length) store.note(`Now in your party: ${names(came)}`);
      if (went.length) store.note(`Gone from your party: ${names(went)}`);
    },
    addFeed(line: Omit<FeedLine, "key" | "at">): void {
      store.feed.value = [...store.feed.value, { ...line, key: ++key, at: performance.now() }].slice(-FEED_MAX);
    },
    /** Lets go of what was shown long enough. */
    expire(now: number): void {
      if (store.notice.value && now > store.notice.value.until) store.notice.value = undefined;
      if (store.banner.value && now > store.banner.value.until) store.banner.value = undefined;
      if (store.feed.value.some((line) => now - line.at > 7_000)) store.feed.value = store.feed.value.filter((line) => now - line.at <= 7_000);
    },
    reset(): void {
      store.vitals.value = nothing;
      store.clock.value = noClock;
      store.feed.value = [];
      store.chat.value = [];
      store.notice.value = undefined;
      store.banner.value = undefined;
      store.scoresOpen.value = false;
      store.typing.value = "";
      store.party.value = { code: "", members: [] };
      store.whisperer.value = "";
    },
  };
  return store;
}
export type Store = ReturnType<typeof makeStore>;

export const teamName = (team: Team): string => (team === Team.red ? "Red" : team === Team.blue ? "Blue" : "");
export const teamClass = (team: Team): string => (team === Team.red ? "red" : team === Team.blue ? "blue" : "none");

const MODES: Record<string, string> = { free_for_all: "Free for all", team_deathmatch: "Team deathmatch", capture_the_flag: "Capture the flag", ffa: "Free for all", tdm: "Team deathmatch", ctf: "Capture the flag" };
export const modeName = (mode: string): string => MODES[mode] ?? mode.replaceAll("_", " ");
export const modeOf = (mode: Mode): string => modeName(["free_for_all", "team_deathmatch", "capture_the_flag"][mode] ?? "");
export const isTeamless = (mode: string): boolean => mode === "free_for_all" || mode === "ffa";

export function ordinal(number: number): string {
  const teens = number % 100 > 10 && number % 100 < 14;
  return `${number}${(!teens && ["th", "st", "nd", "rd"][number % 10]) || "th"}`;
}

export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
