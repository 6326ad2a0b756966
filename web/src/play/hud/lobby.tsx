import { useEffect, useRef, useState } from "preact/hooks";
import { barsOf, type Place, type Places } from "./places";
import { isTeamless, modeName, type Store } from "./store";
import type { JoinOptions } from "@muster/client";

const NAME_KEY = "muster.play.name";
const TEAM_KEY = "muster.play.team";
type TeamWish = "" | "red" | "blue";

function kept(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** Who, where and for whom: the first thing that is seen. */
export function Lobby({ store, places, onJoin, onRefresh }: { store: Store; places: Places; onJoin: (player: JoinOptions) => void; onRefresh: () => void }) {
  const [name, setName] = useState(() => kept(NAME_KEY));
  const [team, setTeam] = useState<TeamWish>(() => (["red", "blue"].includes(kept(TEAM_KEY)) ? (kept(TEAM_KEY) as TeamWish) : ""));
  const asked = new URLSearchParams(location.search);
  const [chosen, setChosen] = useState(asked.get("world") ?? "");
  const list = store.worlds.value?.worlds;
  const world = list?.find((one) => one.name === chosen) ?? list?.[0];
  const [server, setServer] = useState("");
  const choices = places.of(world);
  const joining = store.screen.value === "joining";
  const teamless = world ? isTeamless(world.mode) : false;

  useEffect(() => {
    onRefresh();
    const timer = setInterval(onRefresh, 5_000);
    return () => clearInterval(timer);
  }, []);

  // ?play joins at once, for a link that leads straight into the arena.
  const hurried = useRef(asked.has("play"));
  useEffect(() => {
    if (!world || !hurried.current) return;
    hurried.current = false;
    submit();
  }, [world]);

  const submit = (event?: Event) => {
    event?.preventDefault();
    if (!world || joining) return;
    try {
      localStorage.setItem(NAME_KEY, name.trim());
      localStorage.setItem(TEAM_KEY, team);
    } catch {
      // Not kept, then.
    }
    onJoin({ world: world.name, name: name.trim(), team: teamless || !team ? undefined : team, ...places.wish(world, server) });
  };

  return (
    <main class="lobby">
      <form class="lobby-card" onSubmit={submit} aria-busy={joining}>
        <header>
          <svg class="mark" viewBox="0 0 48 48" aria-hidden="true"><path d="M24 3l18 10.5v21L24 45 6 34.5v-21z" fill="none" stroke="currentColor" stroke-width="3" /><path d="M15 32V17l9 9 9-9v15" fill="none" stroke="currentColor" stroke-width="3.4" stroke-linejoin="round" stroke-linecap="round" /></svg>
          <div><h1>Muster</h1><p>A thousand in one arena.</p></div>
        </header>

        <label class="field"><span>Your name</span>
          <input name="name" value={name} maxLength={24} placeholder="Player" autocomplete="nickname" spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} />
        </label>

        <div class="where">
        <fieldset class="worlds"><legend>World</legend>
          {!list && !store.trouble.value && <p class="quiet" role="status">Looking for worlds…</p>}
          {list?.length === 0 && <p class="quiet">This server runs no world.</p>}
          {list?.map((one) => (
            <label key={one.name} class={`world ${one === world ? "chosen" : ""}`}>
              <input type="radio" name="world" checked={one === world} onChange={() => setChosen(one.name)} />
              <span class="world-name">{one.name}</span>
              <span class="world-mode">{modeName(one.mode)}</span>
              <span class="world-map">{one.map}{one.servers > 1 ? ` · ${one.servers} servers${one.spread ? ", one world" : ""}` : ""}</span>
              <span class="world-count"><b>{one.people}</b> {one.people === 1 ? "person" : "people"}, <b>{one.bots}</b> bots{one.asleep ? ", asleep" : ""}</span>
            </label>
          ))}
        </fieldset>
        {choices.length > 1 && <Servers choices={choices} chosen={server} onChoose={setServer} />}
        </div>

        <fieldset class="teams" disabled={teamless}><legend>Team</legend>
          {([["", "Auto"], ["red", "Red"], ["blue", "Blue"]] as const).map(([value, text]) => (
            <label key={value} class={`team-choice ${value || "auto"} ${team === value && !teamless ? "chosen" : ""}`}>
              <input type="radio" name="team" checked={team === value} onChange={() => setTeam(value)} />
              <i aria-hidden="true" />{text}
            </label>
          ))}
        </fieldset>

        {store.trouble.value && <p class="trouble" role="alert">{store.trouble.value}</p>}
        <button class="go" type="submit" disabled={!world || joining}>{joining ? "Joining…" : "Play"}</button>

        <p class="keys"><kbd>W</kbd><kbd>A</kbd><kbd>S</kbd><kbd>D</kbd> move · mouse aims and fires · <kbd>R</kbd> reload · <kbd>V</kbd> strike · <kbd>1</kbd>–<kbd>5</kbd> weapons · <kbd>Enter</kbd> chat · <kbd>Tab</kbd> scores · <kbd>Esc</kbd> menu</p>
        <p class="keys touch">Left thumb moves, right thumb aims; push it out to fire.</p>
      </form>
    </main>
  );
}

/** Where to play, of the servers that have the world. */
function Servers({ choices, chosen, onChoose }: { choices: readonly Place[]; chosen: string; onChoose: (id: string) => void }) {
  const open = choices.filter((one) => !one.isFull && !one.isLeaving);
  const best = open.find((one) => one.wasLast) ?? open[0];
  const current = choices.some((one) => one.id === chosen) ? chosen : "";
  return (
    <fieldset class="servers"><legend>Server</legend><div class="server-list">
      <label class={`server best ${current === "" ? "chosen" : ""}`}>
        <input type="radio" name="server" checked={current === ""} onChange={() => onChoose("")} />
        <svg class="aim" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="6" /><circle cx="10" cy="10" r="1.6" class="dot" /><path d="M10 1v4M10 15v4M1 10h4M15 10h4" /></svg>
        <span class="server-title">Best for you</span>
        <span class="server-note">{best ? (best.wasLast ? `${best.title}, where you were` : best.ping === undefined ? "wherever there is room" : `${best.title}, ${inWords(best.ping)}`) : "all are full"}</span>
      </label>
      {choices.map((one) => (
        <label key={one.id} class={`server ${current === one.id ? "chosen" : ""}`} data-server={one.id}>
          <input type="radio" name="server" checked={current === one.id} disabled={one.isFull || one.isLeaving} onChange={() => onChoose(one.id)} />
          <Bars ping={one.ping} />
          <span class="server-title">{one.title}{one.wasLast && <em>last time</em>}</span>
          <span class="server-ping">{one.ping === undefined ? <span class="quiet-word">no answer</span> : <><b>{Math.round(one.ping)}</b> ms</>}</span>
          <span class="server-name">{one.isLeaving ? "closing soon" : one.isFull ? "full" : one.name}</span>
          <span class="server-room"><i aria-hidden="true"><u style={{ width: `${Math.min(100, (100 * one.people) / Math.max(1, one.room))}%` }} /></i><span>{one.people} / {one.room}</span></span>
        </label>
      ))}
    </div></fieldset>
  );
}

const inWords = (ping: number): string => `${Math.round(ping)} ms away`;

function Bars({ ping }: { ping: number | undefined }) {
  const lit = barsOf(ping);
  return (
    <svg class={`bars of-${lit}`} viewBox="0 0 20 20" aria-hidden="true">
      {[0, 1, 2, 3].map((bar) => <rect key={bar} x={1 + bar * 5} y={13 - bar * 4} width="3.4" height={5 + bar * 4} rx="1" class={bar < lit ? "lit" : ""} />)}
    </svg>
  );
}
