import { clockText, teamClass, teamName, type Store } from "./store";
import { Mode, Phase, Team } from "@muster/client";

/** Dead: by whom, and until when. */
export function Respawn({ store }: { store: Store }) {
  const { alive, respawn } = store.vitals.value;
  if (alive || store.clock.value.phase === Phase.ended || store.self.value < 0) return null;
  return (
    <section class="respawn" role="status">
      <h2>{store.killer.value ? <>Taken out by <b>{store.killer.value}</b></> : "Getting ready"}</h2>
      <p>{respawn > 0 ? <>Back in <b>{respawn.toFixed(1)}</b> s</> : "Now"}</p>
    </section>
  );
}

/** After the match: who won, who was best, when it goes on. */
export function Result({ store }: { store: Store }) {
  const { phase, mode, winnerTeam, winner, red, blue, seconds, team } = store.clock.value;
  if (phase !== Phase.ended) return null;
  const free = mode === Mode.free_for_all;
  const title = free ? (winner ? `${winner} wins` : "A draw") : winnerTeam === Team.none ? "A draw" : `${teamName(winnerTeam)} wins`;
  const mood = free ? "" : winnerTeam === Team.none ? "" : winnerTeam === team ? "Victory" : "Defeat";
  const best = [...store.scores.value.rows].sort((a, b) => b.score - a.score).slice(0, 3);
  return (
    <section class={`result ${teamClass(winnerTeam)}`} role="status">
      {mood && <p class="mood">{mood}</p>}
      <h2>{title}</h2>
      {!free && <p class="final"><b class="red">{red}</b><span>:</span><b class="blue">{blue}</b></p>}
      <ol>{best.map((row, index) => <li key={row.id}><i>{index + 1}</i><b class={teamClass(row.team)}>{row.name}</b><span>{row.score} points, {row.kills} {row.kills === 1 ? "kill" : "kills"}</span></li>)}</ol>
      <p class="next">Next match in {clockText(seconds)}</p>
    </section>
  );
}

export function LinkTrouble({ store, onLobby }: { store: Store; onLobby: () => void }) {
  const link = store.link.value;
  if (link.at === "lost") {
    return <section class="link-trouble" role="alert"><span class="spinner" aria-hidden="true" /><h2>Connection lost</h2><p>Coming back (attempt {link.attempt}). Your place is kept for 30 seconds.</p></section>;
  }
  if (link.at === "stopped") {
    return <section class="link-trouble" role="alert"><h2>The server has stopped</h2><p>Looking now and then whether it is back.</p><button type="button" class="go" onClick={onLobby}>Back to the worlds</button></section>;
  }
  if (link.at === "ended" && store.screen.value === "playing") {
    return <section class="link-trouble" role="alert"><h2>The match is over for you</h2><p>{link.reason}</p><button type="button" class="go" onClick={onLobby}>Back to the worlds</button></section>;
  }
  return null;
}

export function Notices({ store }: { store: Store }) {
  const banner = store.banner.value;
  const notice = store.notice.value;
  return (
    <div class="notices" aria-live="polite">
      {banner && <p class={`banner ${teamClass(banner.team)}`}>{banner.text}</p>}
      {notice && <p class="notice">{notice.text}</p>}
    </div>
  );
}

/** Red at the edges when one is hurt or nearly dead. */
export function Vignette({ store }: { store: Store }) {
  const { health, alive } = store.vitals.value;
  const low = alive && health > 0 && health < 35 ? 1 - health / 35 : 0;
  return <div class={`vignette ${low > 0 ? "beats" : ""}`} style={{ opacity: Math.min(1, 0.25 * Number(low > 0) + 0.6 * low + store.hurt.value) }} aria-hidden="true" />;
}
