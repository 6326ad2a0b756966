import { useEffect, useMemo, useState } from "preact/hooks";
import { describe } from "../api/client";
import type { Page, Sample } from "../api/types";
import { current } from "../state/session";
import { bytes, percent, rate } from "../words/format";
import { columns, latest, merge } from "../words/samples";
import { Empty, Failure, Loading } from "./basics";
import { Chart } from "./chart";

/** The four charts of a server or a node: an hour from the coordinator's memory, then live. */

const WINDOWS = [{ seconds: 300, text: "5 minutes" }, { seconds: 900, text: "15 minutes" }, { seconds: 3600, text: "1 hour" }];
const POLL_MS = 2_000;
/** While events bring samples, asking for them too would be waste. */
const EVENTS_FRESH_MS = 5_000;

function useSamples(kind: "servers" | "nodes", id: string): { samples: Sample[] | null; error: string } {
  const [samples, setSamples] = useState<Sample[] | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    const { client, fleet } = current();
    const abort = new AbortController();
    let heard = 0;
    setSamples(null);
    setError("");
    const fetchSome = async (seconds: number): Promise<void> => {
      try {
        const page = await client.get<Page<Sample>>(`/${kind}/${encodeURIComponent(id)}/stats`, { seconds }, abort.signal);
        setSamples((known) => merge(known ?? [], page.items));
        setError("");
      } catch (failure) {
        if (!abort.signal.aborted) setError(describe(failure));
      }
    };
    void fetchSome(3600);
    const stop = fleet.onSample(({ subject, sample }) => {
      if (subject !== id) return;
      heard = Date.now();
      setSamples((known) => (known ? merge(known, [sample]) : known));
    });
    const timer = setInterval(() => {
      if (Date.now() - heard > EVENTS_FRESH_MS && !document.hidden) void fetchSome(30);
    }, POLL_MS);
    return () => {
      abort.abort();
      stop();
      clearInterval(timer);
    };
  }, [kind, id]);
  return { samples, error };
}

export function Charts({ kind, id, memoryLimit, cpus }: { kind: "servers" | "nodes"; id: string; memoryLimit?: number; cpus?: number }) {
  const { samples, error } = useSamples(kind, id);
  const [window, setWindow] = useState(900);
  const data = useMemo(() => columns(samples ?? []), [samples]);
  if (!samples) return error ? <Failure>{error}</Failure> : <Loading what="Fetching the last hour" />;
  if (samples.length === 0) {
    return (
      <Empty icon="chart" title="No figures yet">
        <p>{kind === "servers" ? "They begin when the server runs: one sample a second, an hour of them kept." : "They begin when the node is connected."}</p>
      </Empty>
    );
  }
  const last = samples.at(-1);
  const limit = memoryLimit || last?.memory_limit_bytes || 0;
  return (
    <div class="charts">
      {error && <Failure>{error}</Failure>}
      <div class="segments" role="group" aria-label="How much time the charts show">
        {WINDOWS.map((choice) => (
          <button key={choice.seconds} type="button" aria-pressed={window === choice.seconds} onClick={() => setWindow(choice.seconds)}>
            {choice.text}
          </button>
        ))}
      </div>
      <div class="chart-grid">
        <Chart
          title="CPU" now={`${percent(latest(data.cpu))}${cpus ? ` of ${cpus * 100} %` : ""}`} times={data.times} window={window} atLeast={kind === "nodes" ? 100 : 10} format={(value) => percent(value)}
          lines={[{ name: "CPU", colour: "--chart-1", values: data.cpu }]}
        />
        <Chart
          title="Memory" now={`${bytes(latest(data.memory))}${limit ? ` of ${bytes(limit)}` : ""}`} times={data.times} window={window} binary atLeast={1 << 20} format={bytes}
          lines={[{ name: "Memory", colour: "--chart-2", values: data.memory }]}
        />
        <Chart
          title="Network" now={`${rate(latest(data.received))} in, ${rate(latest(data.sent))} out`} times={data.times} window={window} binary atLeast={1024} format={rate}
          lines={[{ name: "received", colour: "--chart-3", values: data.received }, { name: "sent", colour: "--chart-4", values: data.sent }]}
        />
        <Chart
          title="Disk" now={`${rate(latest(data.read))} read, ${rate(latest(data.written))} written`} times={data.times} window={window} binary atLeast={1024} format={rate}
          lines={[{ name: "read", colour: "--chart-3", values: data.read }, { name: "written", colour: "--chart-4", values: data.written }]}
        />
      </div>
    </div>
  );
}
