import { describe, expect, it } from "vitest";
import { ping, PING_SERVERS_MAX, stunUrl } from "./ping.js";
import type { Server } from "./worlds.js";

const server = (id: string, more: Partial<Server> = {}): Server => ({
  id, name: id, version: "1", location: "", addresses: ["192.0.2.1"], udpPort: 7_777, players: 0, capacity: 100, load: 0, draining: false, worlds: [], ...more,
});

type Answer = { after: number; as: "candidate" | "complete" | "error" } | undefined;

/** Connections that gather as `answers` say, by URL, in a time of their own. */
class Network {
  private at = 1_000;
  open = 0;
  mostOpen = 0;
  asked: string[] = [];
  private timers: { at: number; run: () => void; id: number }[] = [];
  private ids = 0;
  constructor(private readonly answer: (url: string, round: number) => Answer) {}

  now = (): number => this.at;
  later = (run: () => void, ms: number): number => {
    this.timers.push({ at: this.at + ms, run, id: ++this.ids });
    return this.ids;
  };
  forget = (id: number): void => {
    this.timers = this.timers.filter((one) => one.id !== id);
  };
  makePeer = ({ iceServers }: RTCConfiguration): RTCPeerConnection => {
    const url = String(iceServers![0]!.urls);
    const round = this.asked.filter((one) => one === url).length;
    this.asked.push(url);
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    const network = this;
    const peer = {
      iceGatheringState: "new",
      onicecandidate: null as ((event: { candidate: { type: string } | null }) => void) | null,
      onicecandidateerror: null as (() => void) | null,
      onicegatheringstatechange: null as (() => void) | null,
      createDataChannel: () => ({}),
      createOffer: async () => ({ type: "offer", sdp: "" }),
      async setLocalDescription() {
        peer.onicecandidate?.({ candidate: { type: "host" } });
        const what = network.answer(url, round);
        if (!what) return;
        network.later(() => {
          if (what.as === "candidate") peer.onicecandidate?.({ candidate: { type: "srflx" } });
          if (what.as === "error") peer.onicecandidateerror?.();
          peer.iceGatheringState = "complete";
          peer.onicegatheringstatechange?.();
        }, what.after);
      },
      close: () => void --network.open,
    };
    return peer as unknown as RTCPeerConnection;
  };

  async run<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    void work.then(() => { isDone = true; });
    while (!isDone) {
      for (let i = 0; i < 20; ++i) await Promise.resolve();
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers.shift();
      if (!next) continue;
      this.at = next.at;
      next.run();
    }
    return work;
  }
}

describe("a ping", () => {
  it("is the least of three answers, however the browser tells of them", async () => {
    const network = new Network((url, round) => ({ after: url.endsWith(":1") ? [30, 12, 25][round]! : [80, 95, 90][round]!, as: url.endsWith(":1") ? "candidate" : "complete" }));
    const found = await network.run(ping([server("a", { udpPort: 1 }), server("b", { udpPort: 2 })], network));
    expect([...found]).toEqual([["a", 12], ["b", 80]]);
    expect(network.asked).toHaveLength(6);
    expect(network.open).toBe(0);
  });

  it("is none where nobody answers, which is not asked again", async () => {
    const network = new Network((url) => (url.endsWith(":1") ? undefined : { after: 9_000, as: "error" }));
    const found = await network.run(ping([server("silent", { udpPort: 1 }), server("refused", { udpPort: 2 }), server("without", { addresses: [] })], { ...network, timeoutMs: 10_000 }));
    expect(found.size).toBe(0);
    expect(network.asked).toHaveLength(2);
    expect(network.open).toBe(0);
  });

  it("is asked of sixteen servers at most, four at once", async () => {
    const network = new Network(() => ({ after: 10, as: "candidate" }));
    const found = await network.run(ping(Array.from({ length: 40 }, (_, index) => server(`s${index}`, { udpPort: index + 1 })), { ...network, rounds: 1 }));
    expect(found.size).toBe(PING_SERVERS_MAX);
    expect(network.mostOpen).toBe(4);
  });

  it("goes to the first address", () => {
    expect(stunUrl(server("a"))).toBe("stun:192.0.2.1:7777");
    expect(stunUrl(server("a", { addresses: ["2001:db8::1", "192.0.2.1"] }))).toBe("stun:[2001:db8::1]:7777");
    expect(stunUrl(server("a", { addresses: [] }))).toBeUndefined();
    expect(stunUrl(server("a", { udpPort: 0 }))).toBeUndefined();
  });
});
