import { modeOf, teamClass, teamName, type Store } from "./store";
import { Mode, Team, type ScoreRow } from "@muster/client";

/** The first `most`, and oneself in any case. */
function shortened(rows: readonly ScoreRow[], most: number, self: number): { row: ScoreRow; place: string }[] {
  const numbered = rows.map((row, index) => ({ row, place: String(index + 1) }));
  const own = numbered.findIndex(({ row }) => row.id === self);
  // Of those who are not among the best, only oneself is told: which number that is in the team is not known.
  return own < most ? numbered.slice(0, most) : [...numbered.slice(0, most - 1), { row: rows[own]!, place: "–" }];
}

function Table({ rows, self, captures, title }: { rows: readonly { row: ScoreRow; place: string }[]; self: number; captures: boolean; title: string }) {
  return (
    <table>
      <caption>{title}</caption>
      <thead><tr><th scope="col">#</th><th scope="col" class="name">Name</th><th scope="col">Points</th><th scope="col">Kills</th><th scope="col">Deaths</th>{captures && <th scope="col">Flags</th>}</tr></thead>
      <tbody>
        {rows.map(({ row, place }) => (
          <tr key={row.id} class={row.id === self ? "self" : ""}>
            <td>{place}</td><td class={`name ${teamClass(row.team)}`}>{row.name}</td><td>{row.score}</td><td>{row.kills}</td><td>{row.deaths}</td>{captures && <td>{row.captures}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** While Tab is held, or until fingers close it: the best, and oneself. */
export function Scoreboard({ store }: { store: Store }) {
  const { rows, ownRank, players, bots } = store.scores.value;
  const { mode, red, blue } = store.clock.value;
  const self = store.self.value;
  const captures = mode === Mode.capture_the_flag;
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const side = (team: Team, points: number) => <Table rows={shortened(sorted.filter((row) => row.team === team), 10, self)} self={self} captures={captures} title={`${teamName(team)} – ${points}`} />;
  return (
    <section class="scoreboard" aria-label="Scores">
      <header>
        <h2>{store.world.value}</h2>
        <p>{modeOf(mode)} · {players} here, {bots} of them bots{ownRank > 0 ? ` · you are number ${ownRank}` : ""}</p>
        {store.touching.value && <button type="button" class="close" aria-label="Close" onClick={() => (store.scoresOpen.value = false)}><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 5l10 10M15 5L5 15" stroke="currentColor" stroke-width="2" stroke-linecap="round" /></svg></button>}
      </header>
      {mode === Mode.free_for_all ? <Table rows={shortened(sorted, 21, self)} self={self} captures={false} title="The best" /> : <div class="sides"><div class="red">{side(Team.red, red)}</div><div class="blue">{side(Team.blue, blue)}</div></div>}
    </section>
  );
}
