import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, describe } from "../api/client";
import type { DataFolder, FleetNode, Game, Operation, Page, Server } from "../api/types";
import { deployBody, deployComplaints, emptyForm, knownFields, nodeRoom, placeProblem, type DeployForm } from "../forms/deploy";
import { labelOf } from "../forms/variables";
import { Empty, Failure, Loading, PageHead, Panel } from "../parts/basics";
import { AreaField, SelectField, SwitchField, TextField, VariableField } from "../parts/field";
import { GameMark, GamePicker } from "../parts/game_picker";
import { Notes } from "../parts/notes";
import { navigate } from "../state/router";
import { begun, current, games, loadGames, mayDeploy } from "../state/session";
import { tell } from "../state/notices";
import { bytes, sentence } from "../words/format";

/** Choose a game, then answer its questions. */
export function DeployPage({ game: id }: { game: string }) {
  const [error, setError] = useState("");
  useEffect(() => {
    loadGames().catch((failure: unknown) => setError(describe(failure)));
  }, []);
  if (!mayDeploy()) {
    return (
      <>
        <PageHead title="Deploy a server" />
        <Empty icon="servers" title="Your token may not deploy servers" />
      </>
    );
  }
  const list = games.value;
  const game = list?.find((one) => one.id === id);
  if (error && !list) return <Failure>{error}</Failure>;
  if (!list) return <Loading what="Fetching games" />;
  if (id === "") {
    return (
      <>
        <PageHead title="Deploy a server" back={{ href: "/servers", text: "Servers" }} />
        <p class="lead">Which game shall it be?</p>
        <GamePicker games={list} href={(one) => `/deploy/${encodeURIComponent(one.id)}`} />
      </>
    );
  }
  if (!game) {
    return (
      <Empty icon="games" title={`There is no game called ${id}`}>
        <a href="/deploy">Choose another</a>
      </Empty>
    );
  }
  return <GameForm game={game} />;
}

type Errors = Record<string, string>;

interface Parts {
  game: Game;
  form: DeployForm;
  errors: Errors;
  set: (change: Partial<DeployForm>) => void;
}

function Variables({ game, form, errors, set }: Parts) {
  if (game.variables.length === 0) return null;
  // What must be answered comes first; the order of the game's author is kept otherwise.
  const ordered = [...game.variables].sort((a, b) => Number(b.required ?? false) - Number(a.required ?? false));
  return (
    <Panel title="Settings of the game">
      <div class="form-grid">
        {ordered.map((variable) => (
          <VariableField
            key={variable.name} variable={variable} value={form.variables[variable.name] ?? ""} error={errors[`variables.${variable.name}`]}
            onInput={(value) => set({ variables: { ...form.variables, [variable.name]: value } })}
          />
        ))}
      </div>
    </Panel>
  );
}

function Ports({ game, form, errors, set }: Parts) {
  if (game.ports.length === 0) return null;
  return (
    <Panel title="Ports">
      <p class="hint">Leave them empty and free ones are chosen: the usual number where it can be had.</p>
      <div class="form-grid">
        {game.ports.map((port) => (
          <TextField
            key={port.name} label={`${port.name} (${port.protocol === "both" ? "tcp and udp" : port.protocol})`} name={`ports.${port.name}`} mode="numeric" value={form.ports[port.name] ?? ""}
            placeholder={`automatic, usually ${port.number}`} hint={port.description || undefined} error={errors[`ports.${port.name}`]}
            onInput={(value) => set({ ports: { ...form.ports, [port.name]: value.trim() } })}
          />
        ))}
      </div>
    </Panel>
  );
}

/** Folders that earlier servers left on the chosen node: a new server can take one up. */
function useFolders(node: string): DataFolder[] {
  const [folders, setFolders] = useState<DataFolder[]>([]);
  useEffect(() => {
    setFolders([]);
    if (!node) return;
    const abort = new AbortController();
    current()
      .client.get<Page<DataFolder>>(`/nodes/${node}/data`, undefined, abort.signal)
      .then((page) => setFolders(page.items.filter((folder) => !folder.server_id)))
      .catch(() => undefined); // An away node has no folders to offer; deploying anew is still possible.
    return () => abort.abort();
  }, [node]);
  return folders;
}

function Place({ game, form, errors, set, nodes }: Parts & { nodes: FleetNode[] }) {
  const folders = useFolders(form.node);
  const nodeOptions = [
    { value: "", text: "Where there is room" },
    ...nodes.map((node) => ({
      value: node.id, disabled: node.state !== "online",
      text: [node.name, node.state === "online" ? nodeRoom(node) : node.state, node.cordoned ? "cordoned" : ""].filter(Boolean).join(" · "),
    })),
  ];
  const images = game.alternatives ?? [];
  return (
    <Panel title="Where, and how much">
      <div class="form-grid">
        <SelectField label="Node" name="node_id" value={form.node} options={nodeOptions} error={errors.node_id} onInput={(node) => set({ node, data: "" })} />
        {folders.length > 0 && (
          <SelectField
            label="Data" name="data" value={form.data} error={errors.data} hint="Take up what an earlier server left on that node." onInput={(data) => set({ data })}
            options={[{ value: "", text: "A new folder" }, ...folders.map((folder) => ({ value: folder.name, text: `${folder.name} · ${bytes(folder.size_bytes)}` }))]}
          />
        )}
        <TextField label="Memory limit" name="memory_bytes" value={form.memory} placeholder="no limit" error={errors.memory_bytes} hint="Such as 2 GB or 512 MB." onInput={(memory) => set({ memory })} />
        <TextField label="CPU limit" name="cpus" value={form.cpus} placeholder="no limit" mode="decimal" error={errors.cpus} hint="A number of CPUs, such as 2 or 0.5." onInput={(cpus) => set({ cpus })} />
        {images.length > 0 && (
          <SelectField
            label="Image" name="image" value={form.image} error={errors.image} onInput={(image) => set({ image })}
            options={[{ value: "", text: game.image }, ...images.filter((image) => image !== game.image).map((image) => ({ value: image, text: image }))]}
          />
        )}
        <TextField label="Labels" name="labels" value={form.labels} placeholder="team=red, season=winter" error={errors.labels} hint="To find and group servers by." onInput={(labels) => set({ labels })} />
      </div>
      <div class="form-grid">
        <SwitchField label="Start it right away" name="start" on={form.start} onChange={(start) => set({ start })} />
        <SwitchField label="Restart it when it crashes" name="restart_on_crash" on={form.restart} onChange={(restart) => set({ restart })} />
      </div>
    </Panel>
  );
}

/** The words a field is known by on this page, for the summary of errors. */
function fieldTitle(game: Game, field: string): string {
  const variable = game.variables.find((one) => `variables.${one.name}` === field);
  if (variable) return labelOf(variable);
  const names: Record<string, string> = { node_id: "Node", memory_bytes: "Memory limit", cpus: "CPU limit" };
  return names[field] ?? field.replace(/^ports\./, "Port ").replace(/^./, (letter) => letter.toUpperCase());
}

export function focusField(root: HTMLElement | null, field: string): void {
  const place = [...(root?.querySelectorAll<HTMLElement>("[data-field]") ?? [])].find((element) => element.dataset.field === field);
  place?.querySelector<HTMLElement>("input, select, textarea")?.focus();
}

function Summary({ game, errors, onPick }: { game: Game; errors: Errors; onPick: (field: string) => void }) {
  const entries = Object.entries(errors);
  if (entries.length === 0) return null;
  return (
    <div class="banner bad summary" role="alert">
      <strong>{entries.length === 1 ? "One thing is not right yet" : `${entries.length} things are not right yet`}</strong>
      <ul>
        {entries.map(([field, text]) => (
          <li key={field}>
            {field === "" ? (
              sentence(text)
            ) : (
              <button type="button" class="link" onClick={() => onPick(field)}>
                {fieldTitle(game, field)}: {sentence(text)}
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function GameForm({ game }: { game: Game }) {
  const { fleet, client } = current();
  const taken = (): Set<string> => new Set([...fleet.servers.value.values()].map((server) => server.name));
  const [form, setForm] = useState<DeployForm>(() => emptyForm(game, taken()));
  const [errors, setErrors] = useState<Errors>({});
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const nodes = [...fleet.nodes.value.values()].filter((node) => node.state !== "revoked");
  const set = (change: Partial<DeployForm>): void => setForm((before) => ({ ...before, ...change }));
  const show = (found: Errors): void => {
    setErrors(found);
    const first = Object.keys(found).find((field) => field !== "");
    if (first) requestAnimationFrame(() => focusField(box.current, first));
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const found = deployComplaints(game, form);
    show(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try {
      const answer = await begun(client.post<{ server: Server; operation: Operation }>("/servers", deployBody(game, form)));
      fleet.putServer(answer.server);
      tell("plain", `${answer.server.name} is being deployed.`);
      navigate(`/servers/${answer.server.id}`);
    } catch (failure) {
      const field = failure instanceof ApiError ? placeProblem(failure.field, knownFields(game)) : "";
      const unplaced = failure instanceof ApiError && failure.field && !field ? ` (${failure.field})` : "";
      show({ [field]: describe(failure) + unplaced });
    }
    setBusy(false);
  };
  const parts: Parts = { game, form, errors, set };
  return (
    <form ref={box} class="deploy" onSubmit={submit} noValidate>
      <PageHead title={`Deploy ${game.name}`} back={{ href: "/deploy", text: "Other games" }} />
      <div class="game-intro">
        <GameMark game={game} />
        <p>{game.description}</p>
      </div>
      {nodes.every((node) => node.state !== "online") && <p class="banner warn">No node is online. The server will wait until one is.</p>}
      <Summary game={game} errors={errors} onPick={(field) => focusField(box.current, field)} />
      {game.notes && (
        <Panel title="Good to know">
          <Notes text={game.notes} />
        </Panel>
      )}
      <Panel title="Name">
        <div class="form-grid">
          <TextField label="Name" name="name" value={form.name} required max={63} error={errors.name} onInput={(name) => set({ name })} />
          <AreaField label="Description" name="description" rows={1} value={form.description} error={errors.description} placeholder="What it is for" onInput={(description) => set({ description })} />
        </div>
      </Panel>
      <Variables {...parts} />
      <Ports {...parts} />
      <Place {...parts} nodes={nodes} />
      <div class="form-actions">
        <a class="button" href="/servers">
          Cancel
        </a>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Deploying…" : "Deploy"}
        </button>
      </div>
    </form>
  );
}
