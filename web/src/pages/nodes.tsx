import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { JoinToken, Page } from "../api/types";
import { Ago, Confirm, Empty, Failure, Loading, PageHead, Panel } from "../parts/basics";
import { Icon } from "../parts/icon";
import { JoinDialog } from "../parts/join_dialog";
import { NodePill } from "../parts/server_parts";
import { attempt, tell } from "../state/notices";
import { current, mayAdminister } from "../state/session";
import { plural } from "../words/format";
import { NodeMeters } from "./overview";

/** The machines, and how another one joins. */
export function NodesPage() {
  const { fleet } = current();
  const [joining, setJoining] = useState(false);
  const [made, setMade] = useState(0);
  const nodes = [...fleet.nodes.value.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  return (
    <>
      <PageHead title="Nodes">
        {mayAdminister() && (
          <button type="button" class="primary" onClick={() => setJoining(true)}>
            <Icon name="plus" /> Add a node
          </button>
        )}
      </PageHead>
      {!fleet.loaded.value ? (
        fleet.failure.value ? <Failure>{describe(fleet.failure.value)}</Failure> : <Loading />
      ) : nodes.length === 0 ? (
        <Empty icon="nodes" title="No node yet">
          <p>A node is a machine that runs your servers. It dials out to here: no port has to be opened on it.</p>
        </Empty>
      ) : (
        <ul class="node-grid">
          {nodes.map((node) => (
            <li key={node.id} class="panel node-card" data-node={node.name}>
              <header>
                <a class="row-name" href={`/nodes/${node.id}`}>
                  {node.name}
                </a>
                <NodePill node={node} />
              </header>
              <p class="muted">
                {node.hostname} · {plural(node.servers, "server")} · {node.runtime} {node.runtime_version}
                {node.cordoned && " · cordoned"}
              </p>
              {node.state === "online" ? (
                <NodeMeters node={node} />
              ) : (
                <p class="muted">
                  Last heard of <Ago time={node.last_seen} />.
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      {mayAdminister() && <JoinTokens made={made} />}
      <JoinDialog open={joining} onClose={() => setJoining(false)} onMade={() => setMade(made + 1)} />
    </>
  );
}

/** Join tokens that nobody has used yet. */
function JoinTokens({ made }: { made: number }) {
  const { client } = current();
  const [tokens, setTokens] = useState<JoinToken[]>([]);
  const [revoking, setRevoking] = useState<JoinToken | null>(null);
  const load = (): Promise<void> => client.get<Page<JoinToken>>("/join-tokens").then((page) => setTokens(page.items), () => undefined);
  useEffect(() => void load(), [made, current().fleet.nodes.value.size]);
  if (tokens.length === 0) return null;
  const revoke = async (): Promise<void> => {
    const token = revoking;
    setRevoking(null);
    if (!token) return;
    if ((await attempt("Taking back the token", () => client.delete<unknown>(`/join-tokens/${token.id}`))) !== undefined) tell("good", "The join token no longer works.");
    await load();
  };
  return (
    <Panel title="Join tokens not used yet">
      <ul class="rows">
        {tokens.map((token) => (
          <li key={token.id} class="row">
            <div class="row-main">
              <span>{token.name || token.id}</span>
              <span class="row-note">
                expires <Ago time={token.expires_at} />
              </span>
            </div>
            <button type="button" class="quiet" onClick={() => setRevoking(token)}>
              Take back
            </button>
          </li>
        ))}
      </ul>
      <Confirm title="Take back this join token?" open={revoking !== null} verb="Take it back" onConfirm={() => void revoke()} onClose={() => setRevoking(null)}>
        <p>A machine that has not joined with it yet cannot do so any more.</p>
      </Confirm>
    </Panel>
  );
}
