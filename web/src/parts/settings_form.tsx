import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, describe } from "../api/client";
import type { Game, Server } from "../api/types";
import { placeProblem } from "../forms/deploy";
import { settingsComplaints, settingsOf, settingsPatch, variablesOf, type Settings } from "../forms/settings";
import { MASK } from "../forms/variables";
import { focusField } from "../pages/deploy";
import { attempt, tell } from "../state/notices";
import { current, games, loadGames } from "../state/session";
import { isRunning } from "../state/states";
import { sentence } from "../words/format";
import { Failure, Loading, Panel } from "./basics";
import { AreaField, SwitchField, TextField, VariableField } from "./field";
import { power } from "./server_parts";

/** Changes a server's settings against the version the person saw: someone else's change in between is shown, not overwritten. */
export function SettingsForm({ server }: { server: Server }) {
  const [ready, setReady] = useState(games.value !== null);
  useEffect(() => {
    // Without the games the stored variables are still editable, as plain texts.
    if (!ready) loadGames().finally(() => setReady(true)).catch(() => undefined);
  }, []);
  if (!ready) return <Loading what="Fetching the game" />;
  return <Form server={server} game={games.value?.find((game) => game.id === server.game)} />;
}

function knownFields(game: Game | undefined, server: Server): Set<string> {
  return new Set(["name", "description", "labels", "memory_bytes", "cpus", ...variablesOf(game, server).map((variable) => `variables.${variable.name}`)]);
}

/** What the form is about: the server as the person saw it, what they made of it, and how to save that. */
function useSettings(server: Server, game: Game | undefined, onErrors: (found: Record<string, string>) => void) {
  const { client, fleet } = current();
  // What the person began with; the live server may move on meanwhile.
  const [base, setBase] = useState(server);
  const [form, setForm] = useState<Settings>(() => settingsOf(game, server));
  const [conflict, setConflict] = useState(false);
  const [saved, setSaved] = useState(false);
  const patch = settingsPatch(game, base, form);
  const takeUp = (fresh: Server): void => {
    fleet.putServer(fresh);
    setBase(fresh);
    setForm(settingsOf(game, fresh));
    setConflict(false);
    onErrors({});
  };
  const fetchFresh = (): Promise<Server> => client.get<Server>(`/servers/${server.id}`);
  const send = async (version: string): Promise<void> => {
    takeUp((await client.patch<Server>(`/servers/${server.id}`, patch, version)).body);
    setSaved("variables" in patch || "memory_bytes" in patch || "cpus" in patch);
    tell("good", "The settings are saved.");
  };
  /** A version also moves when the server merely changed its state: then the same patch is still right and is sent again. */
  const sendAgainOrAsk = async (): Promise<void> => {
    const fresh = await fetchFresh();
    if (JSON.stringify(settingsOf(game, fresh)) === JSON.stringify(settingsOf(game, base))) await send(fresh.version);
    else setConflict(true);
  };
  const save = async (): Promise<void> => {
    try {
      await send(base.version).catch((failure: unknown) => {
        if (failure instanceof ApiError && failure.status === 412) return sendAgainOrAsk();
        throw failure;
      });
    } catch (failure) {
      onErrors({ [failure instanceof ApiError ? placeProblem(failure.field, knownFields(game, base)) : ""]: describe(failure) });
    }
  };
  const set = (change: Partial<Settings>): void => {
    setForm((before) => ({ ...before, ...change }));
    setSaved(false);
  };
  const showTheirs = async (): Promise<void> => {
    const fresh = await attempt("Fetching the settings", fetchFresh);
    if (fresh) takeUp(fresh);
  };
  return { base, form, conflict, saved, dirty: Object.keys(patch).length > 0, set, save, undo: () => takeUp(base), showTheirs };
}

function Form({ server, game }: { server: Server; game: Game | undefined }) {
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const show = (found: Record<string, string>): void => {
    setErrors(found);
    const first = Object.keys(found).find(Boolean);
    if (first) requestAnimationFrame(() => focusField(box.current, first));
  };
  const { base, form, conflict, saved, dirty, set, save, undo, showTheirs } = useSettings(server, game, show);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const found = settingsComplaints(game, base, form);
    show(found);
    if (Object.keys(found).length > 0 || !dirty) return;
    setBusy(true);
    await save();
    setBusy(false);
  };
  return (
    <form ref={box} class="settings" onSubmit={submit} noValidate>
      {conflict && (
        <div class="banner warn" role="alert">
          <span>Someone else changed these settings meanwhile. Nothing of yours was saved.</span>
          <button type="button" onClick={() => void showTheirs()}>
            Show theirs
          </button>
        </div>
      )}
      {errors[""] && <Failure>{sentence(errors[""])}</Failure>}
      {saved && isRunning(server.state) && (
        <div class="banner plain" role="status">
          <span>It takes effect when the server is started the next time.</span>
          <button type="button" onClick={() => void power(server, "restart")}>
            Restart now
          </button>
        </div>
      )}
      <GameSettings game={game} base={base} form={form} errors={errors} set={set} />
      <ServerSettings form={form} errors={errors} set={set} />
      <div class="form-actions">
        <button type="button" disabled={!dirty || busy} onClick={undo}>
          Undo
        </button>
        <button type="submit" class="primary" disabled={!dirty || busy}>
          {busy ? "Saving…" : "Save"}
        </button>
      </div>
    </form>
  );
}

interface Parts {
  form: Settings;
  errors: Record<string, string>;
  set: (change: Partial<Settings>) => void;
}

function GameSettings({ game, base, form, errors, set }: Parts & { game: Game | undefined; base: Server }) {
  const variables = variablesOf(game, base);
  if (variables.length === 0) return null;
  return (
    <Panel title="Settings of the game">
      <div class="form-grid">
        {variables.map((variable) => (
          <VariableField
            key={variable.name} variable={variable} value={form.variables[variable.name] ?? ""} stored={base.variables[variable.name] === MASK}
            error={errors[`variables.${variable.name}`]} onInput={(value) => set({ variables: { ...form.variables, [variable.name]: value } })}
          />
        ))}
      </div>
    </Panel>
  );
}

function ServerSettings({ form, errors, set }: Parts) {
  return (
    <Panel title="Settings of the server">
      <div class="form-grid">
        <TextField label="Name" name="name" value={form.name} required error={errors.name} onInput={(name) => set({ name })} />
        <AreaField label="Description" name="description" rows={1} value={form.description} error={errors.description} onInput={(description) => set({ description })} />
        <TextField label="Memory limit" name="memory_bytes" value={form.memory} placeholder="no limit" hint="Such as 2 GB or 512 MB." error={errors.memory_bytes} onInput={(memory) => set({ memory })} />
        <TextField label="CPU limit" name="cpus" value={form.cpus} placeholder="no limit" mode="decimal" error={errors.cpus} onInput={(cpus) => set({ cpus })} />
        <TextField label="Labels" name="labels" value={form.labels} placeholder="team=red" error={errors.labels} onInput={(labels) => set({ labels })} />
        <SwitchField label="Restart it when it crashes" name="restart_on_crash" on={form.restart} onChange={(restart) => set({ restart })} />
      </div>
    </Panel>
  );
}
