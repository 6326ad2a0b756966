import { describe, expect, it } from "vitest";
import { Pace, throttles, type Beat } from "./throttle";

class FakeBeat implements Beat {
  hidden = false;
  time = 0;
  asked: { kind: "frame" | "timer"; ms: number; run: (now: number) => void }[] = [];
  isHidden = () => this.hidden;
  now = () => this.time;
  frame = (run: (now: number) => void) => void this.asked.push({ kind: "frame", ms: 0, run });
  later = (run: () => void, ms: number) => void this.asked.push({ kind: "timer", ms, run });
}

describe("the pace", () => {
  it("follows the frames while it is seen and slows down while it is hidden", () => {
    const beat = new FakeBeat();
    const ran: boolean[] = [];
    const pace = new Pace(beat, true, (_, hidden) => void ran.push(hidden));
    pace.start();
    expect(beat.asked[0]!.kind).toBe("frame");
    beat.hidden = true;
    pace.changed();
    expect(beat.asked[1]).toMatchObject({ kind: "timer", ms: 250 });
    beat.asked[0]!.run(1);  // the frame of before comes late: it must not start a second chain
    expect(ran).toEqual([]);
    beat.asked[1]!.run(2);
    expect(ran).toEqual([true]);
    expect(beat.asked).toHaveLength(3);
  });

  it("stays full in a hidden tab with tab_throttle=0", () => {
    expect(throttles("?tab_throttle=0")).toBe(false);
    expect(throttles("")).toBe(true);
    const beat = new FakeBeat();
    beat.hidden = true;
    new Pace(beat, false, () => undefined).start();
    expect(beat.asked[0]!.ms).toBeLessThan(20);
  });
});
