import { describe, expect, it } from "vitest";
import { load, save } from "./settings";

const store = (kept: string | null) => ({ kept, getItem: () => kept, setItem(_: string, value: string) { this.kept = value; } });

describe("settings", () => {
  it("come back as they were kept", () => {
    const first = store(null);
    save(first, { ...load(first), sound: 0.2, quality: "low", names: false, touchAim: 1.5 });
    expect(load(store(first.kept))).toMatchObject({ sound: 0.2, quality: "low", names: false, touchAim: 1.5 });
  });

  it.each(["", "null", "[]", "{", '{"sound":"loud","quality":"ultra","shake":1,"touchAim":99}'])("are the usual ones instead of %s", (kept) => {
    expect(load(store(kept))).toMatchObject({ sound: 0.6, quality: "high", names: true, touchAim: 1 });
  });
});
