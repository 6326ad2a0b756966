import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Operation, Page, Server } from "../api/types";
import { Ago, CopyButton, Empty, Failure, Loading, PageHead, Panel, Progress } from "../parts/basics";
import { Icon, type IconName } from "../parts/icon";
import { later } from "../parts/later";
import { OperationRow, PowerButtons, StatePill, operationText } from "../parts/server_parts";
import { RemoveDialog } from "../parts/remove_dialog";
import { SettingsForm } from "../parts/settings_form";
import { current, mayOperate } from "../state/session";
import { over } from "../state/fleet";
import { STATE_MEANING } from "../state/states";
import { bytes, capital, clock, cpus, plural, sentence } from "../words/format";

const Charts = later(() => import("../parts/charts").then((module) => module.Charts), "charts");
const Console = later(() => import("../parts/console").then((module) => module.Console), "console");

/** One server: its console, figures, settings, what was done to it, and what it is made of. */

const TABS: { id: string; text: string; icon: IconName }[] = [
  { id: "console", text: "Console", icon: "terminal" },
  { id: "charts", text: "Charts", icon: "chart" },
  { id: "settings", text: "Settings", icon: "gear" },
  { id: "activity", text: "Activity", icon: "operations" },
  { id: "details", text: "Details", icon: "info" },
];

/** Fetches it by itself when the lists do not have it (yet): a link must work on its own. */
function useServer(id: string): { server: Server | undefined; gone: string } {
  const { fleet, client } = current();
  const [gone, setGone] = useState("");
  const server = fleet.servers.value.get(id);
  const missing = !server && fleet.loaded.value;
  useEffect(() => {
    if (!missing) return;
    client.get<Server>(`/servers/${encodeURIComponent(id)}`).then((found) => fleet.putServer(found), (failure: unknown) => setGone(describe(failure)));
  }, [missing, id]);
  return { server, gone: missing ? gone : "" };
}

export function ServerPage({ id, tab }: { id: string; tab: string }) {
  const { server, gone } = useServer(id);
  if (!server) {
    return (
      <>
        <PageHead title="Server" back={{ href: "/servers", text: "Servers" }} />
        {gone ? (
          <Empty icon="servers" title="This server is not there">
            <p>{gone}</p>
            <a href="/servers">All servers</a>
          </Empty>
        ) : (
          <Loading />
        )}
      </>
    );
  }
  const tabs = TABS.filter((one) => one.id !== "settings" || mayOperate());
  const active = tabs.some((one) => one.id === tab) ? tab : "console";
  return (
    <div class="server-page">
      <PageHead title={server.name} back={{ href: "/servers", text: "Servers" }}>
        <PowerButtons server={server} actions={["start", "unpause", "restart", "stop", "pause", "kill"]} />
      </PageHead>
      <Summary server={server} />
      <nav class="tabs" aria-label={`Parts of ${server.name}`}>
        {tabs.map((one) => (
          <a key={one.id} href={`/servers/${id}/${one.id}`} aria-current={one.id === active ? "page" : undefined} data-tab={one.id}>
            <Icon name={one.icon} /> {one.text}
          </a>
        ))}
      </nav>
      {active === "console" && <Console server={server} />}
      {active === "charts" && <Charts kind="servers" id={id} memoryLimit={server.memory_bytes} cpus={server.cpus} />}
      {active === "settings" && <SettingsForm key={id} server={server} />}
      {active === "activity" && <Activity server={server} />}
      {active === "details" && <Details server={server} />}
    </div>
  );
}

function Summary({ server }: { server: Server }) {
  const { fleet } = current();
  const node = fleet.nodes.value.get(server.node_id ?? "");
  const operation = server.operation ? fleet.operations.value.get(server.operation.id) : undefined;
  const running = operation && !over(operation) ? operation : undefined;
  return (
    <div class="server-summary">
      <div class="facts">
        <StatePill state={server.state} />
        <span>
          <a href={`/games/${encodeURIComponent(server.game)}`}>{server.game}</a>
        </span>
        {node && (
          <span>
            on <a href={`/nodes/${node.id}`}>{node.name}</a>
          </span>
        )}
        <span class="muted">
          since <Ago time={server.since} />
        </span>
        {server.restarts > 0 && <span class="muted">{plural(server.restarts, "restart")}</span>}
        {server.address && (
          <span class="address">
            <code>{server.address}</code>
            <CopyButton text={server.address} what="the address" />
          </span>
        )}
      </div>
      {server.description && <p class="muted">{server.description}</p>}
      {server.reason && <p class={`banner ${server.state === "crashed" ? "bad" : "warn"}`}>{sentence(server.reason)}</p>}
      {!server.reason && server.state === "unknown" && <p class="banner warn">{STATE_MEANING.unknown}</p>}
      {running && (
        <div class="running" role="status">
          <span>
            {capital(running.kind)} <span class="muted">{operationText(running)}</span>
          </span>
          <Progress value={running.progress} label={capital(running.kind)} />
        </div>
      )}
    </div>
  );
}

function Activity({ server }: { server: Server }) {
  const { fleet, client } = current();
  const [error, setError] = useState("");
  const [fetched, setFetched] = useState<Operation[]>([]);
  useEffect(() => {
    client.get<Page<Operation>>("/operations", { server: server.id, limit: 100 }).then((page) => setFetched(page.items), (failure: unknown) => setError(describe(failure)));
  }, [server.id]);
  const all = new Map(fetched.map((operation) => [operation.id, operation]));
  for (const operation of fleet.operations.value.values()) if (operation.server_id === server.id) all.set(operation.id, operation);
  const list = [...all.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
  return (
    <Panel>
      {error && <Failure>{error}</Failure>}
      {list.length === 0 && !error && <Empty icon="operations" title="Nothing was done to it yet" />}
      <ul class="rows">
        {list.map((operation) => (
          <OperationRow key={operation.id} operation={operation} withServer={false} />
        ))}
      </ul>
    </Panel>
  );
}

function Ports({ server }: { server: Server }) {
  const host = (server.address ?? "").replace(/:\d+$/, "") || "localhost";
  if (server.ports.length === 0) return <p class="muted">It has none.</p>;
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Address</th>
          <th scope="col">Inside</th>
        </tr>
      </thead>
      <tbody>
        {server.ports.map((port) => (
          <tr key={`${port.name}/${port.protocol}`}>
            <td>{port.name}</td>
            <td>
              <span class="address">
                <code>
                  {host}:{port.outside}
                </code>
                <CopyButton text={`${host}:${port.outside}`} what={`the address of ${port.name}`} />
              </span>
            </td>
            <td class="muted">
              {port.inside}/{port.protocol}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Details({ server }: { server: Server }) {
  const [removing, setRemoving] = useState(false);
  const node = current().fleet.nodes.value.get(server.node_id ?? "");
  const facts: [string, string][] = [
    ["Id", server.id], ["Image", server.image], ["Node", node?.name ?? "none yet"], ["Data folder", server.data], ["Memory limit", server.memory_bytes ? bytes(server.memory_bytes) : "no limit"],
    ["CPU limit", cpus(server.cpus)], ["Wanted", server.desired], ["After a crash", server.restart_on_crash ? "it is restarted" : "it stays down"],
    ["Made", clock(server.created_at)], ["Changed", clock(server.updated_at)], ["Last exit code", server.exit_code === null ? "none" : String(server.exit_code)],
  ];
  const labels = Object.entries(server.labels ?? {});
  return (
    <>
      <div class="columns">
        <Panel title="Ports">
          <Ports server={server} />
        </Panel>
        <Panel title="What it is made of">
          <dl class="facts-list">
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value || "–"}</dd>
              </div>
            ))}
            {labels.length > 0 && (
              <div>
                <dt>Labels</dt>
                <dd>{labels.map(([name, value]) => <span key={name} class="label">{value ? `${name}=${value}` : name}</span>)}</dd>
              </div>
            )}
          </dl>
        </Panel>
      </div>
      {mayOperate() && (
        <Panel title="Update and remove">
          <div class="choices">
            <div>
              <PowerButtons server={server} actions={["update"]} />
              <p class="hint">Fetches the image anew and makes the server again with its stored settings. Its data stays.</p>
            </div>
            <div>
              <button type="button" class="danger" onClick={() => setRemoving(true)}>
                <Icon name="trash" /> Remove…
              </button>
              <p class="hint">You choose whether its data is kept.</p>
            </div>
          </div>
        </Panel>
      )}
      <RemoveDialog server={server} open={removing} onClose={() => setRemoving(false)} />
    </>
  );
}
