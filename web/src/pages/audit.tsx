import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { AuditEntry, AuditVerdict, Page } from "../api/types";
import { Ago, Empty, Failure, Loading, PageHead } from "../parts/basics";
import { Icon } from "../parts/icon";
import { current } from "../state/session";
import { plural } from "../words/format";

/** Who did what. Each entry's hash covers the one before it, so that a changed or missing one shows. */

const PAGE = 100;

export function detailText(detail: unknown): string {
  if (detail === null || detail === undefined || detail === "") return "";
  if (typeof detail === "string") return detail;
  if (typeof detail !== "object") return String(detail);
  return Object.entries(detail).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
}

export function AuditPage() {
  const { client, me } = current();
  const [verdict, setVerdict] = useState<AuditVerdict | null>(null);
  const [entries, setEntries] = useState<AuditEntry[] | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  /** Entries have numbers without gaps, oldest first: the newest are asked for by what comes before them. */
  const fetchBefore = async (sequence: number, known: AuditEntry[]): Promise<void> => {
    const after = Math.max(0, sequence - PAGE - 1);
    const page = await client.get<Page<AuditEntry>>("/audit", { after, limit: Math.max(1, sequence - 1 - after) });
    setEntries([...known, ...page.items.filter((entry) => entry.sequence < sequence).sort((a, b) => b.sequence - a.sequence)]);
  };
  const verify = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      const found = await client.get<AuditVerdict>("/audit/verify");
      setVerdict(found);
      // The check itself may be followed by newer entries; a few more are asked for than it counted.
      await fetchBefore(found.entries + 1, []);
    } catch (failure) {
      setError(describe(failure));
    }
    setBusy(false);
  };
  useEffect(() => void verify(), []);
  const oldest = entries?.at(-1)?.sequence ?? 0;
  return (
    <>
      <PageHead title="Audit">
        <button type="button" disabled={busy} onClick={() => void verify()}>
          Verify again
        </button>
      </PageHead>
      {error && <Failure>{error}</Failure>}
      {verdict && (
        <p class={`banner ${verdict.valid ? "good" : "bad"}`} role="status" data-audit-valid={String(verdict.valid)}>
          <Icon name={verdict.valid ? "check" : "kill"} />
          <span>
            {verdict.valid ? `The chain of ${plural(verdict.entries, "entry", "entries")} is whole: none was changed or taken out.` : `The chain is broken at entry ${verdict.first_bad ?? "?"}: it, or one before it, was changed.`}
          </span>
        </p>
      )}
      {!entries ? !error && <Loading /> : entries.length === 0 ? <Empty icon="audit" title="Nothing yet" /> : (
        <ul class="rows framed audit">
          {entries.map((entry) => (
            <li key={entry.sequence} class="row">
              <span class="audit-number">{entry.sequence}</span>
              <div class="row-main">
                <span>
                  <b>{entry.action}</b> {entry.object}
                </span>
                <span class="row-note break">{detailText(entry.detail)}</span>
              </div>
              <span class="muted">
                {entry.by === me.id ? "you" : entry.by} · <Ago time={entry.time} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {oldest > 1 && entries && (
        <button type="button" class="wide" onClick={() => fetchBefore(oldest, entries).catch((failure: unknown) => setError(describe(failure)))}>
          Show earlier ones
        </button>
      )}
    </>
  );
}
