import { useEffect, useRef, useState } from "preact/hooks";
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
export function Lobby({ store, onJoin, onRefresh }: { store: Store; onJoin: (player: JoinOptions) => void; onRefresh: () => void }) {
  const [name, setName] = useState(() => kept(NAME_KEY));
  const [team, setTeam] = useState<TeamWish>(() => (["red", "blue"].includes(kept(TEAM_KEY)) ? (kept(TEAM_KEY) as TeamWish) : ""));
  const asked = new URLSearchParams(location.search);
  const [chosen, setChosen] = useState(asked.get("world") ?? "");
  const list = store.worlds.value?.worlds;
  const world = list?.find((one) => one.name === chosen) ?? list?.[0];
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
    onJoin({ world: world.name, name: name.trim(), team: teamless || !team ? undefined : team });
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

        <fieldset class="worlds"><legend>World</legend>
          {!list && !store.trouble.value && <p class="quiet" role="status">Looking for worlds…</p>}
          {list?.length === 0 && <p class="quiet">This server runs no world.</p>}
          {list?.map((one) => (
            <label key={one.name} class={`world ${one === world ? "chosen" : ""}`}>
              <input type="radio" name="world" checked={one === world} onChange={() => setChosen(one.name)} />
              <span class="world-name">{one.name}</span>
              <span class="world-mode">{modeName(one.mode)}</span>
              <span class="world-map">{one.map}</span>
              <span class="world-count"><b>{one.people}</b> {one.people === 1 ? "person" : "people"}, <b>{one.bots}</b> bots{one.asleep ? ", asleep" : ""}</span>
            </label>
          ))}
        </fieldset>

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
