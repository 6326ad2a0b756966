import { useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Server } from "../api/types";
import { Ago, CopyButton, Empty, Failure, Loading, PageHead, Progress } from "../parts/basics";
import { Icon } from "../parts/icon";
import { PowerButtons, StatePill, power } from "../parts/server_parts";
import { query, setQuery } from "../state/router";
import { current, mayDeploy, mayOperate } from "../state/session";
import { STATE_TONE, allowed, isRunning, needsAttention, type PowerAction } from "../state/states";
import { bytes, capital, percent, plural } from "../words/format";

/** All servers, live, with filters that live in the address. */

const SHOWN_AT_FIRST = 200;

const GROUPS = [
  { value: "", text: "All" },
  { value: "ready", text: "Ready" },
  { value: "busy", text: "On their way" },
  { value: "attention", text: "Attention" },
  { value: "off", text: "Stopped" },
];

function inGroup(server: Server, group: string): boolean {
  if (group === "") return true;
  if (group === "attention") return needsAttention(server);
  if (group === "busy" || group === "off") return STATE_TONE[server.state] === group;
  return server.state === group;
}

/** Every word must be found in the name, the game, the address, the node or a label ("team=red"). */
export function matches(server: Server, text: string, nodeName: string): boolean {
  const labels = Object.entries(server.labels ?? {}).map(([name, value]) => `${name}=${value} ${name}:${value}`);
  const all = [server.name, server.game, server.address ?? "", server.description, nodeName, ...labels].join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

export function ServerRow({ server, nodeName, selected, onSelect }: { server: Server; nodeName: string; selected?: boolean; onSelect?: (on: boolean) => void }) {
  const operation = server.operation ? current().fleet.operations.value.get(server.operation.id) : undefined;
  const running = isRunning(server.state);
  return (
    <li class={`row server-row ${selected ? "selected" : ""}`} data-server={server.name}>
      {onSelect && <input type="checkbox" class="row-check" checked={selected ?? false} aria-label={`Select ${server.name}`} onChange={(event) => onSelect(event.currentTarget.checked)} />}
      <div class="row-main">
        <a class="row-name" href={`/servers/${server.id}`}>
          {server.name}
        </a>
        <span class="row-note">
          {server.game}
          {nodeName && ` · ${nodeName}`}
          {Object.entries(server.labels ?? {}).map(([name, value]) => (
            <span key={name} class="label">
              {value ? `${name}=${value}` : name}
            </span>
          ))}
        </span>
      </div>
      <div class="row-state">
        <StatePill state={server.state} />
        {operation && operation.state === "running" ? (
          <Progress value={operation.progress} label={`${capital(operation.kind)} of ${server.name}`} />
        ) : (
          <span class="row-note">
            <Ago time={server.since} />
          </span>
        )}
      </div>
      <div class="row-usage">
        {running && typeof server.usage?.cpu_percent === "number" && (
          <>
            <span title="CPU">{percent(server.usage.cpu_percent)}</span>
            <span title="Memory">{bytes(server.usage.memory_bytes)}</span>
          </>
        )}
      </div>
      <div class="row-address">
        {server.address && (
          <>
            <code>{server.address}</code>
            <CopyButton text={server.address} what={`the address of ${server.name}`} />
          </>
        )}
      </div>
      <PowerButtons server={server} actions={["start", "stop", "restart"]} compact />
    </li>
  );
}

function BulkBar({ servers, onDone }: { servers: Server[]; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const run = async (action: PowerAction): Promise<void> => {
    setBusy(true);
    for (const server of servers) if (allowed(action, server)) await power(server, action);
    setBusy(false);
    onDone();
  };
  return (
    <div class="bulk" role="region" aria-label="With the selected servers">
      <strong>{plural(servers.length, "server")} selected</strong>
      {(["start", "stop", "restart"] as const).map((action) => {
        const able = servers.filter((server) => allowed(action, server)).length;
        return (
          <button key={action} type="button" disabled={busy || able === 0} onClick={() => run(action)}>
            {capital(action)} {able > 0 && able < servers.length ? able : ""}
          </button>
        );
      })}
      <button type="button" class="quiet" onClick={onDone}>
        Clear
      </button>
    </div>
  );
}

function Filters({ servers }: { servers: Server[] }) {
  const group = query("state");
  return (
    <div class="filters">
      <label class="search">
        <Icon name="search" />
        <span class="hidden">Search servers</span>
        <input type="search" placeholder="Name, game, address, label…" value={query("q")} onInput={(event) => setQuery("q", event.currentTarget.value)} />
      </label>
      <div class="segments" role="group" aria-label="State">
        {GROUPS.map((choice) => (
          <button key={choice.value} type="button" aria-pressed={group === choice.value} onClick={() => setQuery("state", choice.value)}>
            {choice.text} <span class="muted">{servers.filter((server) => inGroup(server, choice.value)).length}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

export function ServersPage() {
  const { fleet } = current();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [limit, setLimit] = useState(SHOWN_AT_FIRST);
  const nodes = fleet.nodes.value;
  const nodeName = (server: Server): string => nodes.get(server.node_id ?? "")?.name ?? "";
  const servers = [...fleet.servers.value.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const text = query("q");
  const shown = servers.filter((server) => inGroup(server, query("state")) && matches(server, text, nodeName(server)));
  const selected = servers.filter((server) => chosen.has(server.id));
  const select = (id: string, on: boolean): void => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <>
      <PageHead title="Servers">
        {mayDeploy() && (
          <a class="button primary" href="/deploy">
            <Icon name="plus" /> Deploy a server
          </a>
        )}
      </PageHead>
      {!fleet.loaded.value ? (
        fleet.failure.value ? <Failure>{describe(fleet.failure.value)}</Failure> : <Loading />
      ) : servers.length === 0 ? (
        <Empty icon="servers" title="No servers yet">
          {mayDeploy() ? <a href="/deploy">Deploy the first one</a> : <p>Someone with an operator token can deploy one.</p>}
        </Empty>
      ) : (
        <>
          <Filters servers={servers} />
          {selected.length > 0 && <BulkBar servers={selected} onDone={() => setChosen(new Set())} />}
          {shown.length === 0 ? (
            <Empty icon="search" title="No server is like that" />
          ) : (
            <ul class="rows framed" aria-label="Servers">
              {shown.slice(0, limit).map((server) => (
                <ServerRow key={server.id} server={server} nodeName={nodeName(server)} selected={chosen.has(server.id)} {...(mayOperate() && { onSelect: (on: boolean) => select(server.id, on) })} />
              ))}
            </ul>
          )}
          {shown.length > limit && (
            <button type="button" class="wide" onClick={() => setLimit(limit + SHOWN_AT_FIRST)}>
              Show more ({shown.length - limit} left)
            </button>
          )}
        </>
      )}
    </>
  );
}
