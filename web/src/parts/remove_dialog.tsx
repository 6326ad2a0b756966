import { useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Operation, Server } from "../api/types";
import { navigate } from "../state/router";
import { begun, current } from "../state/session";
import { Dialog, Failure } from "./basics";
import { TextField } from "./field";

/** Removing asks what becomes of the data, and for the name when it shall be deleted: there is no way back from that. */
export function RemoveDialog(props: { server: Server; open: boolean; onClose: () => void }) {
  return (
    <Dialog title={`Remove ${props.server.name}?`} open={props.open} onClose={props.onClose}>
      <RemoveForm server={props.server} onClose={props.onClose} />
    </Dialog>
  );
}

function RemoveForm({ server, onClose }: { server: Server; onClose: () => void }) {
  const [data, setData] = useState<"keep" | "delete">("keep");
  const [typed, setTyped] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const sure = data === "keep" || typed.trim() === server.name;
  const remove = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!sure) return;
    setBusy(true);
    setError("");
    try {
      await begun(current().client.delete<Operation>(`/servers/${server.id}`, { data }));
      onClose();
      navigate("/servers");
    } catch (failure) {
      setError(describe(failure));
    }
    setBusy(false);
  };
  return (
      <form onSubmit={remove}>
        {error && <Failure>{error}</Failure>}
        <fieldset class="choice-list">
          <legend>It is stopped and removed from its node. What about its data?</legend>
          <label>
            <input type="radio" name="data" value="keep" checked={data === "keep"} onChange={() => setData("keep")} />
            <span>
              <b>Keep it.</b> The folder {server.data} stays on the node, and a new server can take it up.
            </span>
          </label>
          <label>
            <input type="radio" name="data" value="delete" checked={data === "delete"} onChange={() => setData("delete")} />
            <span>
              <b>Delete it.</b> Worlds, saves and settings are gone for good.
            </span>
          </label>
        </fieldset>
        {data === "delete" && <TextField label={`Type ${server.name} to delete its data`} name="confirm-name" value={typed} onInput={setTyped} />}
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="danger" disabled={!sure || busy}>
            {data === "keep" ? "Remove" : "Remove and delete data"}
          </button>
        </div>
      </form>
  );
}
