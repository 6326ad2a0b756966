import { modeOf, teamClass, teamName, type Store } from "./store";
import { Mode, Team, type ScoreRow } from "../protocol/types";

function Table({ rows, self, captures, first, title }: { rows: readonly ScoreRow[]; self: number; captures: boolean; first: number; title: string }) {
  return (
    <table>
      <caption>{title}</caption>
      <thead><tr><th scope="col">#</th><th scope="col" class="name">Name</th><th scope="col">Points</th><th scope="col">Kills</th><th scope="col">Deaths</th>{captures && <th scope="col">Flags</th>}</tr></thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={row.id} class={row.id === self ? "self" : ""}>
            <td>{first + index}</td><td class={`name ${teamClass(row.team)}`}>{row.name}</td><td>{row.score}</td><td>{row.kills}</td><td>{row.deaths}</td>{captures && <td>{row.captures}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** While Tab is held: the best, and oneself. */
export function Scoreboard({ store }: { store: Store }) {
  const { rows, ownRank, players, bots } = store.scores.value;
  const { mode, red, blue } = store.clock.value;
  const self = store.self.value;
  const captures = mode === Mode.capture_the_flag;
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const side = (team: Team, points: number) => <Table rows={sorted.filter((row) => row.team === team).slice(0, 10)} self={self} captures={captures} first={1} title={`${teamName(team)} – ${points}`} />;
  return (
    <section class="scoreboard" aria-label="Scores">
      <header><h2>{store.world.value}</h2><p>{modeOf(mode)} · {players} here, {bots} of them bots{ownRank > 0 ? ` · you are number ${ownRank}` : ""}</p></header>
      {mode === Mode.free_for_all ? <Table rows={sorted} self={self} captures={false} first={1} title="The best" /> : <div class="sides"><div class="red">{side(Team.red, red)}</div><div class="blue">{side(Team.blue, blue)}</div></div>}
    </section>
  );
}
