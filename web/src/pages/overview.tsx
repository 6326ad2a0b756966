import { useState } from "preact/hooks";
import type { FleetNode, Server } from "../api/types";
import { Ago, Empty, Failure, Loading, Meter, PageHead, Panel } from "../parts/basics";
import { Icon } from "../parts/icon";
import { JoinDialog } from "../parts/join_dialog";
import { NodePill, OperationRow, PowerButtons, StatePill } from "../parts/server_parts";
import { describe } from "../api/client";
import { current, mayAdminister, mayDeploy, seesNodes } from "../state/session";
import { STATE_MEANING, STATE_TONE, needsAttention } from "../state/states";
import { bytesOf, percent, plural, sentence } from "../words/format";

/** Everything at a glance: how many of what, what needs a person, and what is going on. */

export function NodeMeters({ node }: { node: FleetNode }) {
  const { usage } = node;
  return (
    <div class="meters">
      <Meter label="CPU" value={usage?.cpu_percent} max={node.cpus * 100} text={typeof usage?.cpu_percent === "number" ? `${percent(usage.cpu_percent / (node.cpus || 1))} of ${plural(node.cpus, "core")}` : "no figures"} />
      <Meter label="Memory" value={usage?.memory_bytes} max={node.memory_bytes} text={typeof usage?.memory_bytes === "number" ? bytesOf(usage.memory_bytes, node.memory_bytes) : "no figures"} />
      {typeof usage?.disk_used_bytes === "number" && usage.disk_used_bytes > 0 && (
        <Meter label="Disk" value={usage.disk_used_bytes} max={node.disk_bytes} text={bytesOf(usage.disk_used_bytes, node.disk_bytes)} />
      )}
    </div>
  );
}

function Tile({ count, text, tone, href }: { count: number; text: string; tone: string; href: string }) {
  return (
    <a class={`tile ${count > 0 ? tone : "off"}`} href={href}>
      <strong>{count.toLocaleString("en")}</strong>
      <span>{text}</span>
    </a>
  );
}

function FirstSteps({ nodes, servers }: { nodes: number; servers: number }) {
  const [joining, setJoining] = useState(false);
  return (
    <Panel class="steps" title="First steps">
      <ol>
        <li class={nodes > 0 ? "done" : ""}>
          <Icon name={nodes > 0 ? "check" : "nodes"} />
          <div>
            <h3>Add a machine</h3>
            <p>A node runs your game servers. It dials out to this coordinator: no port has to be opened on it.</p>
            {nodes === 0 && mayAdminister() && (
              <button type="button" class="primary" onClick={() => setJoining(true)}>
                <Icon name="plus" /> Add a node
              </button>
            )}
            {nodes === 0 && !mayAdminister() && <p class="muted">Someone with an admin token can do this.</p>}
          </div>
        </li>
        <li class={servers > 0 ? "done" : ""}>
          <Icon name={servers > 0 ? "check" : "games"} />
          <div>
            <h3>Deploy a game server</h3>
            <p>Pick a game, answer its questions, and watch it become ready. Ports are chosen for you.</p>
            {nodes > 0 && servers === 0 && mayDeploy() && (
              <a class="button primary" href="/deploy">
                <Icon name="plus" /> Deploy a server
              </a>
            )}
          </div>
        </li>
      </ol>
      <JoinDialog open={joining} onClose={() => setJoining(false)} />
    </Panel>
  );
}

function Attention({ servers, nodes }: { servers: Server[]; nodes: FleetNode[] }) {
  const broken = servers.filter(needsAttention);
  const away = nodes.filter((node) => node.state === "unreachable");
  if (broken.length + away.length === 0) {
    return (
      <Panel title="Needs attention">
        <p class="all-well">
          <Icon name="check" /> Nothing. All is as it should be.
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="Needs attention" aside={<span class="count">{broken.length + away.length}</span>}>
      <ul class="rows">
        {away.map((node) => (
          <li key={node.id} class="row">
            <div class="row-main">
              <a href={`/nodes/${node.id}`}>{node.name}</a>
              <span class="row-note">
                Last heard of <Ago time={node.last_seen} />. What it runs keeps running.
              </span>
            </div>
            <NodePill node={node} />
          </li>
        ))}
        {broken.slice(0, 12).map((server) => (
          <li key={server.id} class="row">
            <div class="row-main">
              <a href={`/servers/${server.id}`}>{server.name}</a>
              <span class="row-note">{sentence(server.reason) || STATE_MEANING[server.state]}</span>
            </div>
            <StatePill state={server.state} />
            <PowerButtons server={server} actions={["start", "restart"]} compact />
          </li>
        ))}
      </ul>
      {broken.length > 12 && <a href="/servers?state=attention">All {broken.length}</a>}
    </Panel>
  );
}

function NodesPanel({ nodes }: { nodes: FleetNode[] }) {
  return (
    <Panel title="Nodes" aside={<a href="/nodes">All nodes</a>}>
      {nodes.length === 0 && <Empty icon="nodes" title="No node yet" />}
      <ul class="rows">
        {nodes.slice(0, 8).map((node) => (
          <li key={node.id} class="row node-row">
            <div class="row-main">
              <a href={`/nodes/${node.id}`}>{node.name}</a>
              <span class="row-note">
                {plural(node.servers, "server")}
                {node.cordoned && " · cordoned"}
              </span>
            </div>
            <NodePill node={node} />
            <NodeMeters node={node} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function OverviewPage() {
  const { fleet } = current();
  if (!fleet.loaded.value) {
    return (
      <>
        <PageHead title="Overview" />
        {fleet.failure.value ? <Failure>{describe(fleet.failure.value)}</Failure> : <Loading />}
      </>
    );
  }
  const servers = [...fleet.servers.value.values()];
  const nodes = [...fleet.nodes.value.values()].filter((node) => node.state !== "revoked");
  const operations = [...fleet.operations.value.values()].sort((a, b) => b.created_at.localeCompare(a.created_at)).slice(0, 8);
  const count = (tone: string): number => servers.filter((server) => STATE_TONE[server.state] === tone && !needsAttention(server)).length;
  return (
    <>
      <PageHead title="Overview">
        {mayDeploy() && (
          <a class="button primary" href="/deploy">
            <Icon name="plus" /> Deploy a server
          </a>
        )}
      </PageHead>
      {seesNodes() && (nodes.length === 0 || servers.length === 0) && <FirstSteps nodes={nodes.length} servers={servers.length} />}
      <div class="tiles">
        <Tile count={count("good")} text="ready" tone="good" href="/servers?state=ready" />
        <Tile count={count("busy")} text="on their way" tone="busy" href="/servers?state=busy" />
        <Tile count={servers.filter(needsAttention).length} text="need attention" tone="bad" href="/servers?state=attention" />
        <Tile count={count("off")} text="stopped" tone="plain" href="/servers?state=off" />
      </div>
      <div class="columns">
        <div class="column">
          <Attention servers={servers} nodes={nodes} />
          {seesNodes() && <NodesPanel nodes={nodes} />}
        </div>
        <Panel title="Recent operations" aside={<a href="/operations">All operations</a>}>
          {operations.length === 0 && <Empty icon="operations" title="Nothing has happened yet" />}
          <ul class="rows">
            {operations.map((operation) => (
              <OperationRow key={operation.id} operation={operation} />
            ))}
          </ul>
        </Panel>
      </div>
    </>
  );
}
