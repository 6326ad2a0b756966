import { describe, expect, it } from "vitest";
import { ALIVE_MS, Patience, SILENCE_MS } from "./patience.js";

describe("patience", () => {
  it("is short with a server that was quick until it fell silent", () => {
    const patience = new Patience();
    patience.told(30);
    for (let now = 0; now < 60_000; now += 250) patience.heard(250, now);
    expect(patience.limit(60_000, false)).toBe(SILENCE_MS);
  });

  it("follows the rate that the server told, up to five seconds", () => {
    const patience = new Patience();
    const limits = [60, 30, 15, 10, 5, 1].map((rate) => {
      patience.told(rate);
      return Math.round(patience.limit(0, false));
    });
    expect(limits).toEqual([1_500, 1_500, 1_500, 2_000, 4_000, ALIVE_MS]);
    patience.told(0);
    expect(patience.limit(0, false)).toBe(ALIVE_MS);
  });

  it("grows with silences that ended by themselves, and forgets them", () => {
    const patience = new Patience();
    patience.heard(1_200, 1_000);
    patience.heard(250, 1_250);
    expect(patience.limit(1_250, false)).toBe(2_400);
    expect(patience.limit(1_250, true)).toBe(SILENCE_MS);
    expect(patience.limit(16_500, false)).toBe(SILENCE_MS);
    patience.heard(300, 17_000);
    expect(patience.limit(17_000, false)).toBe(SILENCE_MS);
  });

  it("doubles each time that the server was left in vain, for a minute", () => {
    const patience = new Patience();
    const seen = [0, 1, 2, 3].map((times) => {
      if (times) patience.wronged(1_000 * times);
      return patience.limit(1_000 * times, false);
    });
    expect(seen).toEqual([1_500, 3_000, ALIVE_MS, ALIVE_MS]);
    expect(patience.limit(62_900, false)).toBe(ALIVE_MS);
    expect(patience.limit(63_100, false)).toBe(SILENCE_MS);
    patience.wronged(70_000);
    expect(patience.struck(70_000)).toBe(1);
    patience.forget();
    expect(patience.limit(70_000, false)).toBe(SILENCE_MS);
  });
});
