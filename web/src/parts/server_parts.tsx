import { useState } from "preact/hooks";
import type { FleetNode, Operation, OperationState, Server, ServerState } from "../api/types";
import { attempt, tell } from "../state/notices";
import { begun, current, mayOperate } from "../state/session";
import { STATE_MEANING, STATE_TONE, allowed, type PowerAction } from "../state/states";
import { capital } from "../words/format";
import { Ago, Confirm, Progress } from "./basics";
import { Icon, type IconName } from "./icon";

/** What is shown of servers, nodes and operations on more than one page. */

export function StatePill({ state }: { state: ServerState }) {
  const tone = STATE_TONE[state] ?? "unsure";
  return (
    <span class={`pill ${tone}`} title={STATE_MEANING[state] ?? ""} data-state={state}>
      <span class="dot" aria-hidden="true" />
      {capital(state)}
    </span>
  );
}

export function NodePill({ node }: { node: FleetNode }) {
  const tone = node.state === "online" ? "good" : node.state === "unreachable" ? "unsure" : "off";
  return (
    <span class={`pill ${tone}`} data-state={node.state}>
      <span class="dot" aria-hidden="true" />
      {capital(node.state)}
    </span>
  );
}

const OPERATION_TONE: Record<OperationState, string> = { queued: "off", running: "busy", succeeded: "good", failed: "bad", cancelled: "off" };

export function OperationPill({ state }: { state: OperationState }) {
  return (
    <span class={`pill ${OPERATION_TONE[state] ?? "unsure"}`} data-state={state}>
      <span class="dot" aria-hidden="true" />
      {capital(state)}
    </span>
  );
}

const ACTION_ICON: Record<PowerAction, IconName> = {
  start: "play", stop: "stop", restart: "restart", kill: "kill", pause: "pause", unpause: "play", update: "update",
};
const ACTION_WORD: Record<PowerAction, string> = {
  start: "Start", stop: "Stop", restart: "Restart", kill: "Kill", pause: "Pause", unpause: "Resume", update: "Update",
};

/** Asks for one power action; the outcome comes with the operation's events. */
export async function power(server: Server, action: PowerAction): Promise<void> {
  await attempt(`${ACTION_WORD[action]} of ${server.name}`, () => begun(current().client.post<Operation>(`/servers/${server.id}/${action}`)));
}

/** Buttons for what may be done in this state. Killing asks first: what the game has not saved is lost. */
export function PowerButtons({ server, actions, compact }: { server: Server; actions: readonly PowerAction[]; compact?: boolean }) {
  const [busy, setBusy] = useState<PowerAction | null>(null);
  const [asking, setAsking] = useState(false);
  if (!mayOperate()) return null;
  const run = async (action: PowerAction): Promise<void> => {
    setBusy(action);
    await power(server, action);
    setBusy(null);
  };
  const shown = actions.filter((action) => allowed(action, server));
  if (shown.length === 0 && !asking) return null;
  return (
    <>
      <div class={`power ${compact ? "compact" : ""}`} role="group" aria-label={`Power of ${server.name}`}>
        {shown.map((action) => (
          <button
            key={action} type="button" class={`${compact ? "icon-button" : ""} ${action === "kill" ? "danger-quiet" : action === "start" || action === "unpause" ? "go" : ""}`}
            disabled={busy !== null} title={ACTION_WORD[action]} aria-label={compact ? `${ACTION_WORD[action]} ${server.name}` : undefined} data-action={action}
            onClick={() => (action === "kill" ? setAsking(true) : void run(action))}
          >
            <Icon name={ACTION_ICON[action]} />
            {!compact && ACTION_WORD[action]}
          </button>
        ))}
      </div>
      <Confirm
        title={`Kill ${server.name}?`} open={asking} verb="Kill it" onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          void run("kill");
        }}
      >
        <p>
          It ends at once, without saving. What the game has not written to its data is lost. <b>Stop</b> lets it save first.
        </p>
      </Confirm>
    </>
  );
}

export function operationTitle(operation: Operation): string {
  return capital(operation.kind);
}

/** What an operation says of itself right now: its step, its error, or how it ended. */
export function operationText(operation: Operation): string {
  if (operation.error?.message) return operation.error.field ? `${operation.error.message} (${operation.error.field})` : operation.error.message;
  // The last step only repeats what the pill says.
  const step = operation.step === operation.state ? "" : operation.step;
  return [step, operation.detail].filter(Boolean).join(" · ");
}

export function OperationRow({ operation, withServer = true }: { operation: Operation; withServer?: boolean }) {
  const [busy, setBusy] = useState(false);
  const node = current().fleet.nodes.value.get(operation.node_id ?? "");
  const running = operation.state === "running" || operation.state === "queued";
  const text = operationText(operation);
  const cancel = async (): Promise<void> => {
    setBusy(true);
    const done = await attempt("Cancelling", () => current().client.delete<unknown>(`/operations/${operation.id}`));
    if (done !== undefined) tell("plain", `${operationTitle(operation)} was cancelled.`);
    setBusy(false);
  };
  return (
    <li class="operation" data-operation={operation.id}>
      <div class="operation-main">
        <span class="operation-title">
          {operationTitle(operation)}
          {withServer && operation.server_id && (
            <>
              {" "}
              <a href={`/servers/${operation.server_id}`}>{operation.server_name || operation.server_id}</a>
            </>
          )}
        </span>
        <OperationPill state={operation.state} />
      </div>
      {operation.state === "running" && <Progress value={operation.progress} label={`Progress of ${operationTitle(operation)}`} />}
      <div class="operation-more">
        {text && <span class={operation.state === "failed" ? "bad-text" : ""}>{text}</span>}
        <span class="muted">
          {node && `on ${node.name} · `}
          {operation.by && `by ${operation.by === current().me.id ? "you" : operation.by} · `}
          <Ago time={operation.finished_at ?? operation.started_at ?? operation.created_at} />
        </span>
        {operation.state === "queued" && mayOperate() && (
          <button type="button" class="quiet small" disabled={busy} onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
      {running && <span class="hidden">In progress</span>}
    </li>
  );
}
