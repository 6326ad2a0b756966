import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, describe } from "../api/client";
import type { Game, Server } from "../api/types";
import { placeProblem } from "../forms/deploy";
import { settingsComplaints, settingsOf, settingsPatch, variablesOf, type Settings } from "../forms/settings";
import { MASK } from "../forms/variables";
import { focusField } from "../pages/deploy";
import { tell } from "../state/notices";
import { current, games, loadGames } from "../state/session";
import { isRunning } from "../state/states";
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

function Form({ server, game }: { server: Server; game: Game | undefined }) {
  const { client, fleet } = current();
  // What the person began with; the live server may move on meanwhile.
  const [base, setBase] = useState(server);
  const [form, setForm] = useState<Settings>(() => settingsOf(game, server));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [conflict, setConflict] = useState(false);
  const [saved, setSaved] = useState(false);
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const set = (change: Partial<Settings>): void => {
    setForm((before) => ({ ...before, ...change }));
    setSaved(false);
  };
  const patch = settingsPatch(game, base, form);
  const dirty = Object.keys(patch).length > 0;
  const show = (found: Record<string, string>): void => {
    setErrors(found);
    const first = Object.keys(found).find(Boolean);
    if (first) requestAnimationFrame(() => focusField(box.current, first));
  };
  const takeUp = (fresh: Server): void => {
    fleet.putServer(fresh);
    setBase(fresh);
    setForm(settingsOf(game, fresh));
  };
  const done = (): void => {
    setSaved("variables" in patch || "memory_bytes" in patch || "cpus" in patch);
    tell("good", "The settings are saved.");
  };
  const reload = async (): Promise<void> => {
    takeUp((await client.call<Server>("GET", `/servers/${server.id}`)).body);
    setConflict(false);
    show({});
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const found = settingsComplaints(game, base, form);
    show(found);
    if (Object.keys(found).length > 0 || !dirty) return;
    setBusy(true);
    try {
      takeUp((await client.patch<Server>(`/servers/${server.id}`, patch, base.version)).body);
      done();
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 412) await sendAgainOrAsk();
      else show({ [failure instanceof ApiError ? placeProblem(failure.field, knownFields(game, base)) : ""]: describe(failure) });
    }
    setBusy(false);
  };
  /** A version also moves when the server merely changed its state: then the same patch is still right and is sent again. */
  const sendAgainOrAsk = async (): Promise<void> => {
    const fresh = (await client.call<Server>("GET", `/servers/${server.id}`)).body;
    if (JSON.stringify(settingsOf(game, fresh)) !== JSON.stringify(settingsOf(game, base))) {
      setConflict(true);
      return;
    }
    try {
      takeUp((await client.patch<Server>(`/servers/${server.id}`, patch, fresh.version)).body);
      done();
    } catch (failure) {
      show({ "": describe(failure) });
    }
  };
  return (
    <form ref={box} class="settings" onSubmit={submit} noValidate>
      {conflict && (
        <div class="banner warn" role="alert">
          <span>Someone else changed these settings meanwhile. Nothing of yours was saved.</span>
          <button type="button" onClick={() => void reload()}>
            Show theirs
          </button>
        </div>
      )}
      {errors[""] && <Failure>{errors[""]}</Failure>}
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
        <button
          type="button" disabled={!dirty || busy}
          onClick={() => {
            setForm(settingsOf(game, base));
            show({});
          }}
        >
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
