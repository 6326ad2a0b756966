import { beforeEach, describe, expect, it } from "vitest";
import { Stage, player } from "./fakes.js";
import { Refused, Worlds } from "./worlds.js";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});

describe("a connection", () => {
  it("negotiates a reliable channel and one that repeats nothing", async () => {
    const link = stage.connection();
    link.iceServers = [{ urls: ["stun:example:3478"] }];
    await link.join(player);
    expect(stage.peers[0]!.channels.map(({ label, init }) => [label, init])).toEqual([
      ["control", { negotiated: true, id: 0, ordered: true }], ["state", { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 }],
    ]);
    expect(stage.peers[0]!.configuration.iceServers).toEqual([{ urls: ["stun:example:3478"] }]);
    expect(stage.ats).toEqual(["joining", "open"]);
    const heard: number[] = [];
    link.onMessage = (bytes) => void heard.push(bytes.length);
    stage.peers[0]!.channels[1]!.onmessage!({ data: new ArrayBuffer(9) });
    expect(heard).toEqual([9]);
  });

  it("is lost after silence and comes back with its token", async () => {
    const link = stage.connection();
    await link.join(player);
    link.welcomed("resume-me");
    const talk = () => stage.peer.state.hear(Uint8Array.of(1));
    await stage.pass(5_000, talk);
    expect(stage.ats).toEqual(["joining", "open"]);
    const silent = stage.now;
    await stage.pass(3_000);
    expect(stage.joins.map(({ world, resume }) => [world, resume])).toEqual([["arena", undefined], ["arena", "resume-me"]]);
    // 1.5 s, a look, a quarter of a second.
    expect(stage.joins[1]!.at - silent).toBeGreaterThan(1_500);
    expect(stage.joins[1]!.at - silent).toBeLessThan(2_350);
    expect(link.open).toBe(true);
  });

  it.each([0, 0.5, 0.999])("is tried elsewhere within two and a quarter seconds when its server was killed (luck %f)", async (chance) => {
    stage.luck = chance;
    const link = stage.connection();
    await link.join(player);
    link.told(30);
    await stage.pass(20_000, () => stage.peer.state.hear(Uint8Array.of(1)));
    const killed = stage.now;
    stage.fingerprint = "sha-256 BB";
    // ICE knows of nothing for seconds.
    await stage.pass(3_000);
    expect(stage.joins).toHaveLength(2);
    expect(stage.joins[1]!.at - killed).toBeLessThan(2_250);
    expect(link.open).toBe(true);
  });

  it("is not lost while datagrams come, for five seconds", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.peer.state.hear(Uint8Array.of(1));
    await stage.pass(4_900, () => ++stage.peer.arrived);
    expect(stage.joins).toHaveLength(1);
    await stage.pass(1_000, () => ++stage.peer.arrived);
    expect(stage.joins).toHaveLength(2);
  });

  it("is lost 1.5 s after the last datagram", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.peer.state.hear(Uint8Array.of(1));
    await stage.pass(2_000, () => ++stage.peer.arrived);
    await stage.pass(1_000);
    expect(stage.joins).toHaveLength(1);
    await stage.pass(1_500);
    expect(stage.joins).toHaveLength(2);
  });

  it("is given the more time the less often the server shows its world, unless ICE says that it is gone", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.peer.state.hear(Uint8Array.of(1));
    link.told(5);
    await stage.pass(3_900);
    expect(stage.joins).toHaveLength(1);
    stage.peer.iceConnectionState = "disconnected";
    await stage.pass(700);
    expect(stage.joins).toHaveLength(2);
  });

  it("is given more time, and tried again later, when the server that was left answers", async () => {
    const link = stage.connection();
    await link.join(player);
    const spans: number[] = [];
    for (let times = 0; times < 4; ++times) {
      stage.peer.state.hear(Uint8Array.of(1));
      const silent = stage.now;
      const joins = stage.joins.length;
      for (let waited = 0; stage.joins.length === joins && waited < 10_000; waited += 50) await stage.pass(50);
      spans.push(stage.now - silent);
      expect(link.open).toBe(true);
    }
    // 1.5, 3 and 5 s, with what a look may add; then a quarter, a half and a whole second.
    for (const [index, least] of [1_750, 3_500, 6_000, 6_000].entries()) {
      expect(spans[index]).toBeGreaterThanOrEqual(least);
      expect(spans[index]).toBeLessThan(least + 700);
    }
    // Another one starts with a clean slate.
    stage.fingerprint = "sha-256 BB";
    stage.peer.control.break();
    await stage.pass(2_000, () => stage.peer.state.hear(Uint8Array.of(1)));
    const silent = stage.now;
    const joins = stage.joins.length;
    await stage.pass(2_250);
    expect(stage.joins.slice(joins).map(({ at }) => at - silent < 2_250)).toEqual([true]);
  });

  it("asks a server that takes its time ever less often, and one that refuses at once again soon", async () => {
    const tries = async (refuse: (at: number) => Promise<void>): Promise<number> => {
      stage = new Stage();
      const link = stage.connection();
      await link.join(player);
      stage.delay = async () => refuse(stage.now);
      stage.peer.control.break();
      await stage.pass(14_000);
      return stage.joins.length - 1;
    };
    const quick = await tries(async () => { throw new Refused(503, "nobody has the region", "", 0); });
    const slow = await tries((at) => new Promise((_, failed) => {
      stage.timers.push({ at: at + 2_000, id: 0, run: () => failed(new Refused(0, "The server does not answer.", "", 0)) });
    }));
    expect(quick).toBeGreaterThan(10);
    expect(slow).toBeLessThan(6);
    expect(slow).toBeGreaterThan(2);
  });

  it("is patient before the first word, and in a hidden tab", async () => {
    const link = stage.connection();
    await link.join(player);
    await stage.pass(3_900);
    expect(stage.joins).toHaveLength(1);
    stage.peer.state.hear(Uint8Array.of(1));
    stage.hidden = true;
    await stage.pass(3_900);
    expect(stage.joins).toHaveLength(1);
    await stage.pass(2_000);
    expect(stage.joins).toHaveLength(2);
  });

  it("does not take a page that stood still for a server that is silent", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.peer.state.hear(Uint8Array.of(1));
    await stage.pass(500);
    // For a minute nothing ran; what came is heard right after the timers that were due.
    stage.now += 60_000;
    await stage.pass(100);
    stage.peer.state.hear(Uint8Array.of(1));
    await stage.pass(1_200);
    expect(link.open).toBe(true);
    expect(stage.joins).toHaveLength(1);
  });

  it("says nothing of a loss that is over within half a second", async () => {
    const link = stage.connection();
    await link.join(player);
    const fresh: boolean[] = [];
    link.onFresh = (isBack) => void fresh.push(isBack);
    stage.peer.control.break();
    expect(link.open).toBe(false);
    await stage.pass(450);
    expect(link.open).toBe(true);
    expect(stage.ats).toEqual(["joining", "open", "open"]);
    expect(fresh).toEqual([true]);
    stage.refusal = () => new Refused(0, "nobody", "", 0);
    stage.peer.control.break();
    await stage.pass(490);
    expect(stage.ats).toHaveLength(3);
    await stage.pass(20);
    expect(stage.ats.at(-1)).toBe("lost");
  });

  it("comes again when a server says when, for as long as nobody has the region", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.refusal = () => new Refused(503, "no server has the region", "", 1_000);
    stage.peer.control.break();
    await stage.pass(2_400);
    const tries = stage.joins.slice(1).map(({ at }) => at - 1_000);
    expect(tries).toHaveLength(3);
    expect(tries[1]! - tries[0]!).toBeGreaterThanOrEqual(1_000);
    stage.refusal = undefined;
    await stage.pass(1_000);
    expect(link.open).toBe(true);
  });

  it("keeps a coordinator's signed ticket in front of the newest token of a Welcome", async () => {
    stage.ticket = () => "a.signed.ticket";
    const link = stage.connection();
    await link.join(player);
    link.welcomed("secret");
    expect(JSON.parse(stage.kept.get("muster.play.resume")!)).toMatchObject({ token: "a.signed.ticket~secret" });
    link.welcomed("another");
    expect(JSON.parse(stage.kept.get("muster.play.resume")!)).toMatchObject({ token: "a.signed.ticket~another" });
    link.welcomed("");
    expect(JSON.parse(stage.kept.get("muster.play.resume")!)).toMatchObject({ token: "a.signed.ticket~another" });
    stage.ticket = () => "0000-0001-alone";
    await link.join(player);
    link.welcomed("0000-0001-later");
    expect(JSON.parse(stage.kept.get("muster.play.resume")!)).toMatchObject({ token: "0000-0001-later" });
  });

  it("comes anew when its ticket has ended", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.refusal = (resume) => (resume ? new Refused(401, "this ticket ended", "resume", 0) : undefined);
    stage.peer.control.break();
    await stage.pass(2_000);
    expect(stage.joins.at(-1)!.resume).toBeUndefined();
  });

  it("tries again ever more slowly and gives up after 30 seconds", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.refusal = () => new Refused(0, "nobody", "", 0);
    stage.peer.control.break();
    await stage.pass(60_000);
    const last = stage.states.at(-1)!;
    expect(last.at).toBe("ended");
    expect(stage.joins.length).toBeGreaterThan(6);
    expect(stage.joins.length).toBeLessThan(24);
  });

  it.each([0, 0.5, 0.999])("looks now and then whether a server that stopped is back, and promises nothing (luck %f)", async (chance) => {
    stage.luck = chance;
    const link = stage.connection();
    await link.join(player);
    stage.refusal = () => new Refused(0, "nobody", "", 0);
    link.serverStops();
    expect(link.open).toBe(false);
    expect(stage.peers[0]!.connectionState).toBe("closed");
    await stage.pass(120_000);
    expect(stage.states.slice(2).every((state) => state.at === "stopped")).toBe(true);
    expect(stage.joins.length).toBeGreaterThan(12);
    expect(stage.joins.length).toBeLessThan(26);
    stage.refusal = (resume) => (resume ? new Refused(400, "unknown token", "resume", 0) : undefined);
    // Two looks at most: the first finds its place gone, the next asks for a new one.
    for (let waited = 0; stage.ats.at(-1) !== "open" && waited < 15_000; waited += 500) await stage.pass(500);
    expect(stage.ats.at(-1)).toBe("open");
    // From then on it is a connection like any other.
    stage.refusal = undefined;
    stage.refusal = () => new Refused(0, "nobody", "", 0);
    stage.peer.control.break();
    await stage.pass(600);
    expect(stage.ats.at(-1)).toBe("lost");
  });

  it("does not look for a stopped server for ever, nor after one has left", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.refusal = () => new Refused(503, "stopping", "", 0);
    link.serverStops();
    await stage.pass(11 * 60_000);
    expect(stage.states.at(-1)).toEqual({ at: "ended", reason: "The server has stopped and did not come back." });
    const looked = stage.joins.length;
    await stage.pass(60_000);
    expect(stage.joins).toHaveLength(looked);
    stage.refusal = undefined;
    await link.join(player);
    link.serverStops();
    link.leave();
    await stage.pass(60_000);
    expect(stage.joins).toHaveLength(looked + 1);
  });

  it("comes back as a new player when the server has let go of the old one", async () => {
    const link = stage.connection();
    await link.join(player);
    stage.refusal = (resume) => (resume ? new Refused(400, "unknown token", "resume", 0) : undefined);
    stage.peer.control.break();
    await stage.pass(3_000);
    expect(stage.joins.at(-1)!.resume).toBeUndefined();
    expect(link.open).toBe(true);
  });

  it("comes back to any server, also when it had chosen one", async () => {
    const link = stage.connection();
    await link.join({ ...player, server: "s1", strategy: "least_load" });
    stage.peer.control.break();
    await stage.pass(1_000);
    expect(stage.wishes.map(({ server, strategy }) => [server, strategy])).toEqual([["s1", "least_load"], [undefined, "least_load"]]);
  });

  it("says why a world refuses, and holds nothing open", async () => {
    stage.refusal = () => new Refused(409, "The world is full.", "", 0);
    const link = stage.connection();
    await expect(link.join(player)).rejects.toThrow("The world is full.");
    expect(stage.peers[0]!.connectionState).toBe("closed");
    await stage.pass(60_000);
    expect(stage.joins).toHaveLength(1);
  });

  it("fails with words when no way is found", async () => {
    const link = stage.connection();
    const joined = link.join(player).catch((error: unknown) => error);
    stage.peers[0]!.opens = false;
    await stage.pass(25_000);
    expect(String(await joined)).toContain("UDP");
  });

  it("leaves for good: the token goes, and nothing is tried again", async () => {
    const link = stage.connection();
    await link.join(player);
    link.leave();
    await stage.pass(60_000);
    expect(stage.left).toEqual(["arena ticket-1"]);
    expect(stage.kept.size).toBe(0);
    expect(stage.joins).toHaveLength(1);
    expect(stage.peers[0]!.channels[0]!.sent).toHaveLength(1);  // Bye
  });

  it("drops state that would queue up", async () => {
    const link = stage.connection();
    await link.join(player);
    const state = stage.peers[0]!.channels[1]!;
    state.bufferedAmount = 1 << 20;
    link.ping();
    expect(state.sent).toHaveLength(0);
  });
});

describe("worlds", () => {
  it("are listed, and nonsense is not", async () => {
    const answer = { worlds: [{ name: "arena", mode: "capture_the_flag", map: "classic", people: 2, bots: "many", players_max: 400, asleep: false }], ice_servers: [{ urls: ["stun:a"] }, { urls: 3 }, { urls: ["turn:b"], username: "u", credential: "c" }] };
    const worlds = new Worlds("", async () => new Response(JSON.stringify(answer)));
    const list = await worlds.list();
    expect(list.worlds[0]).toEqual({ name: "arena", mode: "capture_the_flag", map: "classic", people: 2, bots: 0, playersMax: 400, asleep: false, servers: 0, spread: false });
    expect(list.iceServers).toEqual([{ urls: ["stun:a"] }, { urls: ["turn:b"], username: "u", credential: "c" }]);
  });

  it("refuse with the problem's own words, its field and when to come again", async () => {
    const worlds = new Worlds("", async () => new Response(JSON.stringify({ title: "Too many", detail: "Too many joins.", field: "sdp" }), { status: 429, headers: { "Retry-After": "3" } }));
    const refused = await worlds.join("a b", { sdp: "", name: "", team: "red", resume: undefined }).catch((error: unknown) => error as Refused);
    expect(refused).toMatchObject({ status: 429, message: "Too many joins.", field: "sdp", retryAfterMs: 3_000, passing: true });
  });
});
