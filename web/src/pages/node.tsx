import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Container, DataFolder, FleetNode, Image, Page } from "../api/types";
import { Ago, Confirm, Empty, Failure, Loading, PageHead, Panel } from "../parts/basics";
import { Icon } from "../parts/icon";
import { later } from "../parts/later";
import { NodePill } from "../parts/server_parts";
import { attempt, tell } from "../state/notices";
import { navigate } from "../state/router";
import { current, mayAdminister, mayOperate } from "../state/session";
import { bytes, capital, clock, plural } from "../words/format";
import { NodeMeters } from "./overview";
import { ServerRow } from "./servers";

const Charts = later(() => import("../parts/charts").then((module) => module.Charts), "charts");

/** One machine: its figures, what runs on it and what lies on it. */
export function NodePage({ id }: { id: string }) {
  const { fleet } = current();
  const node = fleet.nodes.value.get(id);
  if (!node) {
    return (
      <>
        <PageHead title="Node" back={{ href: "/nodes", text: "Nodes" }} />
        {fleet.loaded.value ? <Empty icon="nodes" title="This node is not there" /> : <Loading />}
      </>
    );
  }
  const servers = [...fleet.servers.value.values()].filter((server) => server.node_id === id).sort((a, b) => a.name.localeCompare(b.name));
  return (
    <>
      <PageHead title={node.name} back={{ href: "/nodes", text: "Nodes" }}>
        {mayAdminister() && <NodeActions node={node} />}
      </PageHead>
      <div class="facts">
        <NodePill node={node} />
        <span>{node.hostname}</span>
        <span class="muted">{node.address}</span>
        <span class="muted">
          {capital(node.runtime)} {node.runtime_version}
        </span>
        <span class="muted">muster {node.version}</span>
        {node.state !== "online" && (
          <span class="muted">
            last heard of <Ago time={node.last_seen} />
          </span>
        )}
        {node.cordoned && <span class="pill warn">Cordoned: takes no new servers</span>}
      </div>
      <Panel>
        <NodeMeters node={node} />
      </Panel>
      <Charts kind="nodes" id={id} memoryLimit={node.memory_bytes} />
      <Panel title="Servers" aside={<span class="count">{servers.length}</span>}>
        {servers.length === 0 && <p class="muted">None runs here.</p>}
        <ul class="rows">
          {servers.map((server) => (
            <ServerRow key={server.id} server={server} nodeName="" />
          ))}
        </ul>
      </Panel>
      <div class="columns">
        <Containers node={node} />
        {mayOperate() && <Folders node={node} />}
      </div>
      <Images node={node} />
    </>
  );
}

function NodeActions({ node }: { node: FleetNode }) {
  const { client, fleet } = current();
  const [revoking, setRevoking] = useState(false);
  const cordon = async (): Promise<void> => {
    const fresh = await attempt(node.cordoned ? "Opening the node" : "Cordoning the node", () =>
      client.call<FleetNode>("PATCH", `/nodes/${node.id}`, { text: { type: "application/merge-patch+json", content: JSON.stringify({ cordoned: !node.cordoned }) } }),
    );
    if (fresh) fleet.putNode(fresh.body);
  };
  const revoke = async (): Promise<void> => {
    setRevoking(false);
    if ((await attempt("Revoking", () => client.delete<unknown>(`/nodes/${node.id}`))) === undefined) return;
    tell("good", `${node.name} is revoked.`);
    navigate("/nodes");
  };
  return (
    <>
      <button type="button" onClick={() => void cordon()} title={node.cordoned ? "Lets it take new servers again" : "It takes no new servers; what runs goes on"}>
        {node.cordoned ? "Uncordon" : "Cordon"}
      </button>
      {node.state !== "revoked" && (
        <button type="button" class="danger-quiet" onClick={() => setRevoking(true)}>
          Revoke…
        </button>
      )}
      <Confirm title={`Revoke ${node.name}?`} open={revoking} verb="Revoke it" onConfirm={() => void revoke()} onClose={() => setRevoking(false)}>
        <p>
          Its certificate is refused from now on, and it can only come back with a new join token. What runs on it keeps running, but cannot be reached from here: {plural(node.servers, "server")}.
        </p>
      </Confirm>
    </>
  );
}

/** Fetches a list of things on the node, and says so when it cannot. */
function useList<T>(path: string, query: Record<string, string>, when: unknown): { items: T[] | null; error: string; reload: () => void } {
  const [items, setItems] = useState<T[] | null>(null);
  const [error, setError] = useState("");
  const [again, setAgain] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    current()
      .client.get<Page<T>>(path, query, abort.signal)
      .then(
        (page) => {
          setItems(page.items);
          setError("");
        },
        (failure: unknown) => {
          if (!abort.signal.aborted) setError(describe(failure));
        },
      );
    return () => abort.abort();
  }, [path, again, when]);
  return { items, error, reload: () => setAgain(again + 1) };
}

function Containers({ node }: { node: FleetNode }) {
  const { items, error } = useList<Container>("/containers", { node: node.id }, `${node.state}${node.servers}`);
  return (
    <Panel title="Containers" aside={items && <span class="count">{items.length}</span>}>
      {error && <Failure>{error}</Failure>}
      {items?.length === 0 && <p class="muted">There are none.</p>}
      <ul class="rows">
        {items?.slice(0, 100).map((container) => (
          <li key={container.id} class="row">
            <div class="row-main">
              {container.server_id ? <a href={`/servers/${container.server_id}`}>{container.name}</a> : <span>{container.name}</span>}
              <span class="row-note">{container.image}</span>
            </div>
            <span class={`pill ${container.phase === "running" ? "good" : "off"}`}>{capital(container.phase)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Folders({ node }: { node: FleetNode }) {
  const { items, error, reload } = useList<DataFolder>(`/nodes/${node.id}/data`, {}, `${node.state}${node.servers}`);
  const [doomed, setDoomed] = useState<DataFolder | null>(null);
  const servers = current().fleet.servers.value;
  const remove = async (): Promise<void> => {
    const folder = doomed;
    setDoomed(null);
    if (!folder) return;
    if ((await attempt("Deleting the folder", () => current().client.delete<unknown>(`/nodes/${node.id}/data/${encodeURIComponent(folder.name)}`))) !== undefined) tell("good", `${folder.name} is deleted.`);
    reload();
  };
  return (
    <Panel title="Data folders">
      {error && <Failure>{error}</Failure>}
      {items?.length === 0 && <p class="muted">There are none.</p>}
      <ul class="rows">
        {items?.map((folder) => (
          <li key={folder.name} class="row">
            <div class="row-main">
              <span>{folder.name}</span>
              <span class="row-note">
                {bytes(folder.size_bytes)} · {folder.server_id ? `of ${servers.get(folder.server_id)?.name ?? folder.server_id}` : "left by a removed server"}
              </span>
            </div>
            {!folder.server_id && (
              <button type="button" class="icon-button danger-quiet" aria-label={`Delete ${folder.name}`} onClick={() => setDoomed(folder)}>
                <Icon name="trash" />
              </button>
            )}
          </li>
        ))}
      </ul>
      <Confirm title={`Delete ${doomed?.name ?? ""}?`} open={doomed !== null} verb="Delete for good" onConfirm={() => void remove()} onClose={() => setDoomed(null)}>
        <p>{bytes(doomed?.size_bytes)} of worlds and saves are gone for good.</p>
      </Confirm>
    </Panel>
  );
}

function Images({ node }: { node: FleetNode }) {
  const { items, error } = useList<Image>("/images", { node: node.id }, node.state);
  return (
    <Panel title="Images" aside={items && <span class="count">{items.length}</span>}>
      {error && <Failure>{error}</Failure>}
      {items?.length === 0 && <p class="muted">There are none.</p>}
      <ul class="rows">
        {items?.map((image) => (
          <li key={image.id} class="row">
            <div class="row-main">
              <span class="break">{image.names?.join(", ") || image.id.slice(0, 19)}</span>
            </div>
            <span class="muted">
              {bytes(image.size_bytes)} {image.created_at && `· ${clock(image.created_at).split(",")[0]}`}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
