import { describe, expect, test } from "vitest";
import type { Sample } from "../api/types";
import { columns, latest, merge } from "./samples";

const at = (second: number, more: Partial<Sample> = {}): Sample => ({
  time: new Date(Date.UTC(2026, 5, 1, 12, 0, second)).toISOString(), cpu_percent: second, memory_bytes: 1000 * second, network_received_bytes: 100 * second, ...more,
});

describe("columns", () => {
  test("counters become rates, and the first has none", () => {
    const data = columns([at(0), at(1), at(3)]);
    expect(data.cpu).toEqual([0, 1, 3]);
    expect(data.received).toEqual([null, 100, 100]);
  });
  test("a counter that falls was reset, and is no negative rate", () => {
    expect(columns([at(5), at(6, { network_received_bytes: 0 }), at(7, { network_received_bytes: 50 })]).received).toEqual([null, null, 50]);
  });
  test("a pause breaks the line instead of drawing through it", () => {
    const data = columns([at(0), at(40)]);
    expect(data.times).toHaveLength(3);
    expect(data.cpu).toEqual([0, null, 40]);
    expect(data.received).toEqual([null, null, null]);
  });
  test("figures that are missing are gaps, and times that are none are left out", () => {
    const data = columns([at(1), { time: "nonsense", cpu_percent: 1, memory_bytes: 1 }, { ...at(2), cpu_percent: undefined as unknown as number }]);
    expect(data.cpu).toEqual([1, null]);
    expect(latest(data.cpu)).toBe(1);
    expect(latest([])).toBeNull();
  });
});

describe("merge", () => {
  test("appends what is later and keeps the limit", () => {
    expect(merge([at(1), at(2)], [at(3)]).map((sample) => sample.cpu_percent)).toEqual([1, 2, 3]);
    expect(merge([at(1), at(2)], [at(3), at(4)], 3).map((sample) => sample.cpu_percent)).toEqual([2, 3, 4]);
  });
  test("overlapping lists have each time once, in order, and the newer word wins", () => {
    const merged = merge([at(1), at(2), at(4)], [at(2, { cpu_percent: 99 }), at(3), at(5)]);
    expect(merged.map((sample) => sample.cpu_percent)).toEqual([1, 99, 3, 4, 5]);
  });
});
