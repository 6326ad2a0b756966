import type { Sample } from "../api/types";

/** Samples as columns for charts. Counters become rates; what is missing becomes a gap. Pure. */

export type Column = (number | null)[];

export interface Columns {
  times: number[];
  cpu: Column;
  memory: Column;
  received: Column;
  sent: Column;
  read: Column;
  written: Column;
}

/** An hour, one a second, and a little more for samples that overlap. */
export const SAMPLES_MAX = 3_700;
/** Between two samples further apart than this, the line is broken: nobody looked. */
export const GAP_SECONDS = 15;

/** Two lists of samples as one, by time, without doubles, and no longer than the limit. */
export function merge(known: readonly Sample[], news: readonly Sample[], max = SAMPLES_MAX): Sample[] {
  const last = known.at(-1)?.time ?? "";
  const later = news.filter((sample) => sample.time > last);
  if (later.length === news.length) return [...known, ...later].slice(-max);
  const byTime = new Map<string, Sample>();
  for (const sample of known) byTime.set(sample.time, sample);
  for (const sample of news) byTime.set(sample.time, sample);
  return [...byTime.values()].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).slice(-max);
}

type Counter = "network_received_bytes" | "network_sent_bytes" | "disk_read_bytes" | "disk_written_bytes";

function perSecond(before: Sample | undefined, after: Sample, key: Counter, seconds: number): number | null {
  const from = before?.[key];
  const to = after[key];
  if (typeof from !== "number" || typeof to !== "number" || seconds <= 0 || seconds > GAP_SECONDS) return null;
  return to < from ? null : (to - from) / seconds; // A counter that fell was reset by a restart.
}

export function columns(samples: readonly Sample[]): Columns {
  const result: Columns = { times: [], cpu: [], memory: [], received: [], sent: [], read: [], written: [] };
  let before: Sample | undefined;
  let timeBefore = 0;
  for (const sample of samples) {
    const time = Date.parse(sample.time) / 1000;
    if (Number.isNaN(time)) continue;
    const seconds = before ? time - timeBefore : 0;
    if (before && seconds > GAP_SECONDS) pushGap(result, timeBefore + 1);
    result.times.push(time);
    result.cpu.push(finite(sample.cpu_percent));
    result.memory.push(finite(sample.memory_bytes));
    result.received.push(perSecond(before, sample, "network_received_bytes", seconds));
    result.sent.push(perSecond(before, sample, "network_sent_bytes", seconds));
    result.read.push(perSecond(before, sample, "disk_read_bytes", seconds));
    result.written.push(perSecond(before, sample, "disk_written_bytes", seconds));
    before = sample;
    timeBefore = time;
  }
  return result;
}

function finite(value: number | null | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function pushGap(result: Columns, time: number): void {
  result.times.push(time);
  for (const column of [result.cpu, result.memory, result.received, result.sent, result.read, result.written]) column.push(null);
}

/** The last value that is one, for the figure in words above a chart. */
export function latest(column: Column): number | null {
  for (let index = column.length - 1; index >= 0; index--) {
    const value = column[index];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
