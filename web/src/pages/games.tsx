import { useEffect, useState } from "preact/hooks";
import { ApiError, describe } from "../api/client";
import type { Game } from "../api/types";
import { Dialog, Empty, Failure, Loading, PageHead } from "../parts/basics";
import { AreaField } from "../parts/field";
import { GamePicker } from "../parts/game_picker";
import { Icon } from "../parts/icon";
import { tell } from "../state/notices";
import { navigate } from "../state/router";
import { current, games, loadGames, mayAdminister } from "../state/session";

/** What can be deployed, and a way to teach Muster another game. */
export function GamesPage() {
  const [error, setError] = useState("");
  const [adding, setAdding] = useState(false);
  useEffect(() => {
    loadGames().catch((failure: unknown) => setError(describe(failure)));
  }, []);
  const list = games.value;
  return (
    <>
      <PageHead title="Games">
        {mayAdminister() && (
          <button type="button" class="primary" onClick={() => setAdding(true)}>
            <Icon name="plus" /> Add a game
          </button>
        )}
      </PageHead>
      {error && <Failure>{error}</Failure>}
      {!list ? !error && <Loading what="Fetching games" /> : list.length === 0 ? <Empty icon="games" title="No games yet" /> : <GamePicker games={list} href={(game) => `/games/${encodeURIComponent(game.id)}`} />}
      <GameEditor open={adding} onClose={() => setAdding(false)} source={TEMPLATE} title="Add a game" />
    </>
  );
}

const TEMPLATE = `id = "my-game"
name = "My game"
description = "What it is, in one line."
image = "example/my-game:1"

[ready]
pattern = "Server started"

[stop]
command = "quit"

[[ports]]
name = "game"
number = 27015
protocol = "udp"

[[variables]]
name = "SERVER_NAME"
label = "Name in the list"
default = "A Muster server"
required = true

[[volumes]]
name = "data"
target = "/data"
`;

/** The id a definition gives itself: where it is put. */
export function idIn(definition: string): string {
  if (isJson(definition)) {
    try {
      const id: unknown = (JSON.parse(definition) as Record<string, unknown>).id;
      return typeof id === "string" ? id : "";
    } catch {
      return "";
    }
  }
  const toml = definition;
  const top = toml.split(/^\s*\[/m)[0] ?? "";
  return /^\s*id\s*=\s*["']([^"']+)["']/m.exec(top)?.[1] ?? "";
}

function isJson(definition: string): boolean {
  return definition.trimStart().startsWith("{");
}

export function GameEditor(props: { open: boolean; onClose: () => void; source: string; title: string }) {
  return (
    <Dialog title={props.title} open={props.open} onClose={props.onClose} wide>
      <DefinitionForm source={props.source} onClose={props.onClose} />
    </Dialog>
  );
}

/** Lives as long as the dialog is open, so that each begins with the definition as it is. */
function DefinitionForm({ source, onClose }: { source: string; onClose: () => void }) {
  const [text, setText] = useState(source);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const id = idIn(text);
    if (!id) {
      setError(isJson(text) ? 'This is no JSON with an "id".' : 'The definition needs an id, such as id = "my-game", before its first [section].');
      return;
    }
    setBusy(true);
    setError("");
    try {
      const { body } = await current().client.call<Game>("PUT", `/games/${encodeURIComponent(id)}`, { text: { type: isJson(text) ? "application/json" : "application/toml", content: text } });
      await loadGames();
      tell("good", `${body.name ?? id} can be deployed now.`);
      onClose();
      navigate(`/games/${encodeURIComponent(id)}`);
    } catch (failure) {
      setError(failure instanceof ApiError && failure.field ? `${failure.field}: ${failure.message}` : describe(failure));
    }
    setBusy(false);
  };
  return (
    <form onSubmit={save}>
        <AreaField label={isJson(source) ? "Definition (JSON)" : "Definition (TOML)"} name="definition" rows={18} code value={text} error={error || undefined} onInput={setText} />
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            Save
          </button>
        </div>
    </form>
  );
}
