import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Game, GameVariable } from "../api/types";
import { MASK, defaultOf, labelOf } from "../forms/variables";
import { Confirm, CopyButton, Empty, Failure, Loading, PageHead, Panel } from "../parts/basics";
import { GameMark } from "../parts/game_picker";
import { Icon } from "../parts/icon";
import { Notes } from "../parts/notes";
import { attempt, tell } from "../state/notices";
import { navigate } from "../state/router";
import { current, loadGames, mayAdminister, mayDeploy } from "../state/session";
import { bytes, cpus } from "../words/format";
import { GameEditor } from "./games";

/** One game: what it asks, what it opens, and its definition. */
export function GamePage({ id }: { id: string }) {
  const { client } = current();
  const [game, setGame] = useState<Game | null>(null);
  const [error, setError] = useState("");
  const [editing, setEditing] = useState(false);
  useEffect(() => {
    client.get<Game>(`/games/${encodeURIComponent(id)}`).then(setGame, (failure: unknown) => setError(describe(failure)));
  }, [id, editing]);
  if (!game) {
    return (
      <>
        <PageHead title="Game" back={{ href: "/games", text: "Games" }} />
        {error ? <Empty icon="games" title="This game is not there"><p>{error}</p></Empty> : <Loading />}
      </>
    );
  }
  const source = definitionOf(game);
  return (
    <>
      <PageHead title={game.name} back={{ href: "/games", text: "Games" }}>
        {mayAdminister() && <GameActions game={game} onEdit={() => setEditing(true)} />}
        {mayDeploy() && (
          <a class="button primary" href={`/deploy/${encodeURIComponent(id)}`}>
            <Icon name="plus" /> Deploy
          </a>
        )}
      </PageHead>
      {error && <Failure>{error}</Failure>}
      <div class="game-intro">
        <GameMark game={game} />
        <p>{game.description}</p>
      </div>
      {game.notes && (
        <Panel title="Good to know">
          <Notes text={game.notes} />
        </Panel>
      )}
      <div class="columns">
        <Panel title="Settings">
          <Questions variables={game.variables} />
        </Panel>
        <Facts game={game} />
      </div>
      <Panel title="Definition" aside={<CopyButton text={source} what="the definition" />}>
        <pre class="source" tabIndex={0}>{source}</pre>
      </Panel>
      <GameEditor open={editing} onClose={() => setEditing(false)} source={source} title={`Edit ${game.name}`} />
    </>
  );
}

function serversOf(game: Game): number {
  return [...current().fleet.servers.value.values()].filter((server) => server.game === game.id).length;
}

function GameActions({ game, onEdit }: { game: Game; onEdit: () => void }) {
  const [removing, setRemoving] = useState(false);
  const used = serversOf(game);
  // A masked default would be saved as the mask.
  const editable = Boolean(game.source) || game.variables.every((variable) => defaultOf(variable) !== MASK);
  const remove = async (): Promise<void> => {
    setRemoving(false);
    if ((await attempt("Removing the game", () => current().client.delete<unknown>(`/games/${encodeURIComponent(game.id)}`))) === undefined) return;
    tell("good", `${game.name} is removed.`);
    await loadGames().catch(() => undefined);
    navigate("/games");
  };
  return (
    <>
      {editable && (
        <button type="button" onClick={onEdit}>
          Edit
        </button>
      )}
      {game.custom !== false && (
        <button type="button" class="danger-quiet" onClick={() => setRemoving(true)}>
          Remove…
        </button>
      )}
      <Confirm title={`Remove ${game.name}?`} open={removing} verb="Remove it" onConfirm={() => void remove()} onClose={() => setRemoving(false)}>
        <p>{used > 0 ? `${used} of your servers are of this game. They keep running; new ones cannot be deployed.` : "New servers of it cannot be deployed any more."}</p>
      </Confirm>
    </>
  );
}

function Facts({ game }: { game: Game }) {
  const used = serversOf(game);
  return (
    <Panel title="What it runs">
      <dl class="facts-list">
        <div>
          <dt>Image</dt>
          <dd class="break">{game.image}</dd>
        </div>
        <div>
          <dt>Ports</dt>
          <dd>{game.ports.map((port) => `${port.name} ${port.number}/${port.protocol}`).join(", ") || "none"}</dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>{game.memory_bytes ? bytes(game.memory_bytes) : "no limit"}</dd>
        </div>
        <div>
          <dt>CPU</dt>
          <dd>{cpus(game.cpus ?? 0)}</dd>
        </div>
        <div>
          <dt>Servers</dt>
          <dd>{used === 0 ? "none" : <a href={`/servers?q=${encodeURIComponent(game.id)}`}>{used}</a>}</dd>
        </div>
      </dl>
    </Panel>
  );
}

/** The TOML it came from, or the same as JSON, without what the coordinator adds. */
function definitionOf(game: Game): string {
  if (game.source) return game.source;
  const { custom: _custom, version: _version, source: _source, ...rest } = game;
  return JSON.stringify(rest, null, 2);
}

function Questions({ variables }: { variables: GameVariable[] }) {
  if (variables.length === 0) return <p class="muted">It asks nothing.</p>;
  return (
    <ul class="rows">
      {variables.map((variable) => (
        <li key={variable.name} class="row">
          <div class="row-main">
            <span>
              {labelOf(variable)} {variable.required && <span class="required">required</span>}
            </span>
            <span class="row-note">{variable.description || variable.name}</span>
          </div>
          <code class="muted break">{variable.secret ? "secret" : defaultOf(variable)}</code>
        </li>
      ))}
    </ul>
  );
}
