import { describe, expect, test } from "vitest";
import { bytes, bytesOf, cpus, duration, parseBytes, percent, plural, relative, sentence } from "./format";

describe("bytes", () => {
  test.each([
    [0, "0 bytes"], [1, "1 byte"], [1023, "1023 bytes"], [1024, "1 KB"], [1536, "1.5 KB"], [1024 ** 2 - 1, "1 MB"], [2 * 1024 ** 3, "2 GB"], [150 * 1024 ** 3, "150 GB"],
    [-2048, "−2 KB"], [5e15, "4.4 PB"],
  ])("says %d as %s", (value, words) => expect(bytes(value)).toBe(words));
  test("says a dash for what is not known", () => {
    expect(bytes(undefined)).toBe("–");
    expect(bytes(NaN)).toBe("–");
  });
});

test("a part of a whole has the unit once when it is the same", () => {
  expect(bytesOf(17.3 * 1024 ** 3, 32 * 1024 ** 3)).toBe("17.3 of 32 GB");
  expect(bytesOf(512 * 1024 ** 2, 32 * 1024 ** 3)).toBe("512 MB of 32 GB");
});

test.each([["must be a number", "Must be a number."], ["It is taken.", "It is taken."], [" ", ""]])("makes a sentence of %j", (text, words) => expect(sentence(text)).toBe(words));

describe("parseBytes", () => {
  test.each([["2 GB", 2 * 1024 ** 3], ["2", 2 * 1024 ** 3], ["1.5g", 1.5 * 1024 ** 3], ["1,5 GiB", 1.5 * 1024 ** 3], ["512 MB", 512 * 1024 ** 2], ["", 0], ["64k", 65536]])("reads %j", (text, value) =>
    expect(parseBytes(text)).toBe(value),
  );
  test.each(["much", "-1", "2 apples", "1.2.3", "GB"])("refuses %j", (text) => expect(parseBytes(text)).toBeNull());
  test("reads back what bytes() wrote of round sizes", () => {
    for (const size of [512 * 1024 ** 2, 1024 ** 3, 2.5 * 1024 ** 3, 16 * 1024 ** 3]) expect(parseBytes(bytes(size))).toBe(size);
  });
});

describe("times", () => {
  const now = Date.parse("2026-06-01T12:00:00Z");
  test.each([
    ["2026-06-01T11:59:55Z", "just now"], ["2026-06-01T11:59:30Z", "30 seconds ago"], ["2026-06-01T11:59:00Z", "1 minute ago"], ["2026-06-01T09:00:00Z", "3 hours ago"],
    ["2026-05-30T12:00:00Z", "2 days ago"], ["2026-06-01T13:00:00Z", "in 1 hour"], ["", "–"], ["never", "–"],
  ])("says %s as %s", (time, words) => expect(relative(time, now)).toBe(words));
  test.each([[0, "less than a second"], [59, "59 seconds"], [3600, "1 hour"], [7384, "2 hours 3 minutes"], [90_000, "1 day 1 hour"], [86_405, "1 day"]])("says %d seconds as %s", (seconds, words) =>
    expect(duration(seconds)).toBe(words),
  );
});

test("small figures keep a digit, large ones do not", () => {
  expect(percent(3.14159)).toBe("3.1 %");
  expect(percent(42.5)).toBe("43 %");
  expect(percent(0)).toBe("0 %");
  expect(percent(null)).toBe("–");
  expect(cpus(0)).toBe("no limit");
  expect(cpus(1)).toBe("1 CPU");
  expect(cpus(1.5)).toBe("1.5 CPUs");
  expect(plural(1, "entry", "entries")).toBe("1 entry");
  expect(plural(1200, "server")).toBe("1,200 servers");
});
