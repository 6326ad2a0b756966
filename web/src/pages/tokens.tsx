import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Role, Token } from "../api/types";
import { Ago, Confirm, Dialog, Empty, Failure, Loading, PageHead } from "../parts/basics";
import { SelectField, TextField } from "../parts/field";
import { Icon } from "../parts/icon";
import { Secret } from "../parts/join_dialog";
import { attempt, tell } from "../state/notices";
import { current, mayAdminister } from "../state/session";
import { plural } from "../words/format";

/** Who may do what. A token is shown once, when it is made. */

const ROLES: { value: Role; text: string }[] = [
  { value: "viewer", text: "Viewer: sees everything, changes nothing" },
  { value: "operator", text: "Operator: also deploys and runs servers" },
  { value: "admin", text: "Admin: also nodes, games, tokens and the audit log" },
  { value: "allocator", text: "Allocator: a program that only allocates servers" },
];
const LIFETIMES = [{ value: "", text: "Never" }, { value: "86400", text: "In a day" }, { value: "2592000", text: "In 30 days" }, { value: "31536000", text: "In a year" }];

export function TokensPage() {
  const { client, me } = current();
  const [tokens, setTokens] = useState<Token[] | null>(null);
  const [error, setError] = useState("");
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const load = (): Promise<void> => client.all<Token>("/tokens").then(setTokens, (failure: unknown) => setError(describe(failure)));
  useEffect(() => void load(), []);
  const revoke = async (): Promise<void> => {
    const token = revoking;
    setRevoking(null);
    if (!token) return;
    if ((await attempt("Revoking", () => client.delete<unknown>(`/tokens/${token.id}`))) !== undefined) tell("good", `${token.name} no longer works.`);
    await load();
  };
  return (
    <>
      <PageHead title="Tokens">
        {mayAdminister() && (
          <button type="button" class="primary" onClick={() => setMaking(true)}>
            <Icon name="plus" /> New token
          </button>
        )}
      </PageHead>
      {error && <Failure>{error}</Failure>}
      {!tokens ? !error && <Loading /> : tokens.length === 0 ? <Empty icon="tokens" title="There are none" /> : (
        <ul class="rows framed">
          {tokens.map((token) => (
            <li key={token.id} class="row" data-token={token.name}>
              <div class="row-main">
                <span class="row-name">
                  {token.name} {token.id === me.id && <span class="label">this one</span>}
                </span>
                <span class="row-note">
                  {token.created_at && <>made <Ago time={token.created_at} /></>}
                  {token.expires_at && <> · expires <Ago time={token.expires_at} /></>}
                  {token.servers && ` · only ${plural(token.servers.length, "server")}`}
                </span>
              </div>
              <span class="pill off">{token.role}</span>
              <button type="button" class="quiet" onClick={() => setRevoking(token)}>
                Revoke
              </button>
            </li>
          ))}
        </ul>
      )}
      <NewToken open={making} onClose={() => setMaking(false)} onMade={() => void load()} />
      <Confirm title={`Revoke ${revoking?.name ?? ""}?`} open={revoking !== null} verb="Revoke it" onConfirm={() => void revoke()} onClose={() => setRevoking(null)}>
        <p>{revoking?.id === me.id ? "This is the token you are signed in with: you will be signed out." : "Whoever uses it is signed out at once, and its open connections are cut."}</p>
      </Confirm>
    </>
  );
}

function NewToken(props: { open: boolean; onClose: () => void; onMade: () => void }) {
  return (
    <Dialog title="New token" open={props.open} onClose={props.onClose}>
      <TokenForm onClose={props.onClose} onMade={props.onMade} />
    </Dialog>
  );
}

/** Lives as long as the dialog is open, so that each begins empty. */
function TokenForm({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const { client, fleet } = current();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [lifetime, setLifetime] = useState("");
  const [limited, setLimited] = useState<ReadonlySet<string>>(new Set());
  const [made, setMade] = useState<Token | null>(null);
  const [error, setError] = useState("");
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError("");
    try {
      const servers = [...limited];
      setMade(await client.post<Token>("/tokens", { name: name.trim(), role, ...(servers.length > 0 && { servers }), ...(lifetime && { expires_in_seconds: Number(lifetime) }) }));
      onMade();
    } catch (failure) {
      setError(describe(failure));
    }
  };
  const servers = [...fleet.servers.value.values()].sort((a, b) => a.name.localeCompare(b.name));
  const toggle = (id: string, on: boolean): void => {
    const next = new Set(limited);
    if (on) next.add(id);
    else next.delete(id);
    setLimited(next);
  };
  return (
    <>
      {error && <Failure>{error}</Failure>}
      {made ? (
        <>
          <p class="dialog-text">This is the only time it is shown. Keep it where you keep passwords.</p>
          <Secret text={made.token ?? ""} what="the token" />
          <div class="dialog-actions">
            <button type="button" class="primary" onClick={onClose}>
              Done
            </button>
          </div>
        </>
      ) : (
        <form onSubmit={create}>
          <TextField label="Name" name="token-name" value={name} required onInput={setName} hint="Who or what will use it." />
          <SelectField label="Role" name="role" value={role} onInput={(value) => setRole(value as Role)} options={ROLES} />
          <SelectField label="It stops working" name="token-lifetime" value={lifetime} onInput={setLifetime} options={LIFETIMES} />
          {servers.length > 0 && (role === "viewer" || role === "operator") && (
            <details>
              <summary>Only for some servers {limited.size > 0 && `(${limited.size})`}</summary>
              <div class="check-list">
                {servers.map((server) => (
                  <label key={server.id} class="check">
                    <input type="checkbox" checked={limited.has(server.id)} onChange={(event) => toggle(server.id, event.currentTarget.checked)} /> {server.name}
                  </label>
                ))}
              </div>
            </details>
          )}
          <div class="dialog-actions">
            <button type="button" onClick={onClose}>
              Cancel
            </button>
            <button type="submit" class="primary" disabled={!name.trim()}>
              Make it
            </button>
          </div>
        </form>
      )}
    </>
  );
}
