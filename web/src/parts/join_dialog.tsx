import { useRef, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { JoinToken } from "../api/types";
import { current } from "../state/session";
import { Ago, CopyButton, Dialog, Failure } from "./basics";
import { SelectField, TextField } from "./field";

/** Makes a join token and shows the command that uses it, then waits for the node to turn up. */

const LIFETIMES = [{ value: "3600", text: "1 hour" }, { value: "86400", text: "1 day" }, { value: "604800", text: "1 week" }];

export function Secret({ text, what }: { text: string; what: string }) {
  return (
    <div class="secret">
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </div>
  );
}

function Waiting({ known }: { known: ReadonlySet<string> }) {
  const joined = [...current().fleet.nodes.value.values()].find((node) => !known.has(node.id));
  return joined ? (
    <p class="all-well" role="status">
      <a href={`/nodes/${joined.id}`}>{joined.name}</a> has joined.
    </p>
  ) : (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> Waiting for the node to join…
    </p>
  );
}

export function JoinDialog(props: { open: boolean; onClose: () => void; onMade?: () => void }) {
  return (
    <Dialog title="Add a node" open={props.open} onClose={props.onClose}>
      <JoinForm onClose={props.onClose} onMade={props.onMade ?? (() => undefined)} />
    </Dialog>
  );
}

/** Lives as long as the dialog is open, so that each begins empty. */
function JoinForm({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [name, setName] = useState("");
  const [lifetime, setLifetime] = useState("3600");
  const [made, setMade] = useState<JoinToken | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const known = useRef<ReadonlySet<string>>(new Set(current().fleet.nodes.peek().keys()));
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      setMade(await current().client.post<JoinToken>("/join-tokens", { expires_in_seconds: Number(lifetime), ...(name.trim() && { name: name.trim() }) }));
      onMade();
    } catch (failure) {
      setError(describe(failure));
    }
    setBusy(false);
  };
  return (
    <>
      {error && <Failure>{error}</Failure>}
      {!made ? (
        <form onSubmit={create}>
          <p class="dialog-text">
            A node is a machine that runs servers. Its join token works once. Install Muster there, then run the command that you get next.
          </p>
          <TextField label="Name" name="name" value={name} onInput={setName} hint="Optional: what the machine is called here." />
          <SelectField label="The token is good for" name="lifetime" value={lifetime} onInput={setLifetime} options={LIFETIMES} />
          <div class="dialog-actions">
            <button type="button" onClick={onClose}>
              Cancel
            </button>
            <button type="submit" class="primary" disabled={busy}>
              Make the command
            </button>
          </div>
        </form>
      ) : (
        <div>
          <p class="dialog-text">Run this on the machine. It is shown once.</p>
          <Secret text={made.command ?? made.token ?? ""} what="the command" />
          {made.warning && <p class="banner warn">{made.warning}</p>}
          <p class="hint">
            It expires <Ago time={made.expires_at} />.
          </p>
          <Waiting known={known.current} />
          <div class="dialog-actions">
            <button type="button" class="primary" onClick={onClose}>
              Done
            </button>
          </div>
        </div>
      )}
    </>
  );
}
