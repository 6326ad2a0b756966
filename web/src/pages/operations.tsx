import { useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Operation, Page } from "../api/types";
import { Empty, Failure, Loading, PageHead } from "../parts/basics";
import { OperationRow } from "../parts/server_parts";
import { attempt } from "../state/notices";
import { query, setQuery } from "../state/router";
import { current } from "../state/session";

/** Every long action, newest first. */

const GROUPS = [{ value: "", text: "All" }, { value: "running", text: "Running" }, { value: "queued", text: "Queued" }, { value: "failed", text: "Failed" }, { value: "succeeded", text: "Succeeded" }];

export function OperationsPage() {
  const { fleet, client } = current();
  const [older, setOlder] = useState<Operation[]>([]);
  const [cursor, setCursor] = useState<string | null | undefined>(undefined);
  const state = query("state");
  const all = new Map(older.map((operation) => [operation.id, operation]));
  for (const operation of fleet.operations.value.values()) all.set(operation.id, operation);
  const list = [...all.values()].filter((operation) => !state || operation.state === state).sort((a, b) => b.created_at.localeCompare(a.created_at));
  const more = async (): Promise<void> => {
    const page = await attempt("Fetching earlier operations", () => client.get<Page<Operation>>("/operations", { limit: 200, ...(cursor && { cursor }) }));
    if (!page) return;
    setOlder((before) => [...before, ...page.items]);
    setCursor(page.next_cursor ?? null);
  };
  return (
    <>
      <PageHead title="Operations" />
      <div class="filters">
        <div class="segments" role="group" aria-label="State">
          {GROUPS.map((choice) => (
            <button key={choice.value} type="button" aria-pressed={state === choice.value} onClick={() => setQuery("state", choice.value)}>
              {choice.text}
            </button>
          ))}
        </div>
      </div>
      {!fleet.loaded.value ? (
        fleet.failure.value ? <Failure>{describe(fleet.failure.value)}</Failure> : <Loading />
      ) : list.length === 0 ? (
        <Empty icon="operations" title="There are none" />
      ) : (
        <ul class="rows framed">
          {list.map((operation) => (
            <OperationRow key={operation.id} operation={operation} />
          ))}
        </ul>
      )}
      {cursor !== null && all.size >= 100 && (
        <button type="button" class="wide" onClick={() => void more()}>
          Show earlier ones
        </button>
      )}
    </>
  );
}
