import { ByteBuffer } from "flatbuffers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "./connection.js";
import { Stage, player, type FakePeer } from "./fakes.js";
import { writeInputs, writeSay } from "../protocol/encode.js";
import { answer, chat as says, invitation, moved, pong as pongs, snapshot, welcome as welcomes } from "../protocol/fakes.js";
import { OFFER_BYTES_MAX, readHandOver } from "../protocol/hand_over.js";
import * as wire from "../generated/game_generated.js";

let stage: Stage;
let link: Connection;
let first: FakePeer;
let heard: string[];
let tails: number;
let crossings: number;

const pong = (tick: number) => pongs(0, tick);
const chat = () => says("t");
const welcome = () => welcomes({ resume: "token-2" });
const kind = (bytes: Uint8Array) => wire.Body[wire.Message.getRootAsMessage(new ByteBuffer(bytes)).bodyType()]!;
const kinds = (sent: Uint8Array[]) => sent.map(kind);
const inputs = () => {
  const asked: boolean[] = [];
  link.sendInputs((isStandby) => {
    asked.push(isStandby);
    return Uint8Array.of(isStandby ? 2 : 1);
  });
  return asked;
};

/** The server invites and answers: the second connection is open. */
async function standby(number = 1): Promise<FakePeer> {
  first.control.hear(invitation(number));
  await stage.settle();
  const second = stage.peer;
  first.control.hear(answer(number));
  await stage.settle();
  return second;
}

beforeEach(async () => {
  stage = new Stage();
  link = stage.connection();
  heard = [];
  tails = crossings = 0;
  link.onMessage = (bytes) => void heard.push(kind(bytes));
  link.onTail = () => void ++tails;
  link.onCross = () => void ++crossings;
  await link.join(player);
  first = stage.peer;
  first.state.hear(pong(1));
  heard.length = 0;
});

describe("an invitation", () => {
  it("is answered by an offer with its number, and the answer opens a second connection with the same ICE servers", async () => {
    link.iceServers = [{ urls: ["turn:example"] }];
    stage.offer = "v=0\r\na=ice-ufrag:abcd\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n";
    first.control.hear(invitation(7));
    await stage.settle();
    expect(kinds(first.control.sent)).toEqual(["Offer"]);
    const offer = wire.Message.getRootAsMessage(new ByteBuffer(first.control.sent[0]!)).body(new wire.Offer()) as wire.Offer;
    expect([offer.number(), offer.sdp()]).toEqual([7, "v=0\r\na=ice-ufrag:abcd\r\n"]);
    const second = stage.peer;
    expect(second.configuration.iceServers).toEqual([{ urls: ["turn:example"] }]);
    first.control.hear(answer(6, "of another"));
    await stage.settle();
    expect(second.remote).toEqual([]);
    first.control.hear(answer(7, "the one"));
    first.control.hear(answer(7, "the one"));
    await stage.settle();
    expect(second.remote).toEqual(["the one"]);
    expect(heard).toEqual([]);
    expect(stage.ats).toEqual(["joining", "open"]);
  });

  it("without an answer's SDP, or with an offer that no server would take, is forgotten", async () => {
    first.control.hear(invitation(1));
    await stage.settle();
    first.control.hear(answer(1, "", "the server is full"));
    await stage.settle();
    expect(stage.peer.connectionState).toBe("closed");
    stage.offer = `v=0\r\na=x:${"x".repeat(OFFER_BYTES_MAX)}\r\n`;
    first.control.hear(invitation(2));
    await stage.settle();
    expect(stage.peers).toHaveLength(3);
    expect(stage.peer.connectionState).toBe("closed");
    expect(kinds(first.control.sent)).toEqual(["Offer"]);
    expect(inputs()).toEqual([false]);
  });

  it("that nobody follows up is given up after ten seconds", async () => {
    first.control.hear(invitation(1));
    await stage.pass(9_900, () => first.state.hear(pong(1)));
    expect(stage.peer.connectionState).toBe("new");
    await stage.pass(200, () => first.state.hear(pong(1)));
    expect(stage.peer.connectionState).toBe("closed");
    expect(link.open).toBe(true);
  });

  it("replaces a standby that was not used", async () => {
    const second = await standby(1);
    const third = await standby(2);
    expect([second.connectionState, third.connectionState]).toEqual(["closed", "new"]);
    expect(inputs()).toEqual([false, true]);
    expect(third.state.sent.at(-1)).toEqual(Uint8Array.of(2));
  });
});

describe("a standby", () => {
  it("is pinged at once, gets every third message of inputs, and tells the tick of its server", async () => {
    const ticks: number[] = [];
    link.onStandbyTick = (tick) => void ticks.push(tick);
    const second = await standby();
    expect(kinds(second.state.sent)).toEqual(["Ping"]);
    expect(inputs()).toEqual([false, true]);
    expect([first.state.sent.at(-1), second.state.sent.at(-1)]).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    expect([inputs(), inputs(), inputs()]).toEqual([[false], [false], [false, true]]);
    second.state.hear(pong(777));
    link.ping();
    expect([kind(first.state.sent.at(-1)!), kind(second.state.sent.at(-1)!)]).toEqual(["Ping", "Ping"]);
    expect(ticks).toEqual([777]);
    expect(heard).toEqual([]);
  });

  it("is told how long before its own present others were shown, for it has no snapshot to count from", () => {
    const steps = [1, 2].map((sequence) => ({ sequence, aim: 0, buttons: 0, slot: 0, shown: 990.4 + sequence }));
    const inputs = wire.Message.getRootAsMessage(new ByteBuffer(writeInputs(steps, 0, 0, 1_002.1))).body(new wire.Inputs()) as wire.Inputs;
    expect([inputs.tick(), inputs.received(), inputs.sequence(), inputs.steps(0)!.seen(), inputs.steps(1)!.seen()]).toEqual([0, 0, 2, 11, 10]);
  });

  it("is forgotten when it breaks, and nothing else happens", async () => {
    const second = await standby();
    second.control.break();
    expect(second.connectionState).toBe("closed");
    expect(inputs()).toEqual([false]);
    await stage.pass(1_000, () => first.state.hear(pong(1)));
    expect(stage.joins).toHaveLength(1);
    expect(stage.ats).toEqual(["joining", "open"]);
  });

  it("is the player's connection from its Welcome on, without a word to the player", async () => {
    const second = await standby();
    link.welcomed("token-1");
    second.control.hear(welcome());
    expect([crossings, heard]).toEqual([1, ["Welcome"]]);
    expect(inputs()).toEqual([false]);
    expect(second.state.sent.at(-1)).toEqual(Uint8Array.of(1));
    link.sendControl(writeSay("hi"));
    expect(kinds(second.control.sent)).toEqual(["Say"]);
    expect(stage.ats).toEqual(["joining", "open"]);
    // Lost now, it is the new connection that is.
    first.control.break();
    expect(link.open).toBe(true);
    second.control.break();
    expect(link.open).toBe(false);
  });

  it("shows the snapshots that overtook its Welcome after it, a few at most", async () => {
    const second = await standby();
    for (let tick = 1; tick <= 6; ++tick) second.state.hear(snapshot(tick));
    expect(heard).toEqual([]);
    second.control.hear(welcome());
    expect(heard).toEqual(["Welcome", "Snapshot", "Snapshot", "Snapshot", "Snapshot"]);
  });

  it("lets the connection before say what is under way, until its last message", async () => {
    const second = await standby();
    second.control.hear(welcome());
    heard.length = 0;
    first.control.hear(chat());
    first.state.hear(pong(1));
    first.control.hear(invitation(9));
    expect([tails, heard]).toEqual([2, []]);
    expect(stage.peers).toHaveLength(2);
    first.control.hear(moved(true));
    expect(first.connectionState).toBe("new");
    await stage.pass(300);
    expect(first.connectionState).toBe("closed");
    expect(link.open).toBe(true);
  });

  it("closes a connection before that never says its last message", async () => {
    const second = await standby();
    second.control.hear(welcome());
    await stage.pass(1_900, () => second.state.hear(pong(1)));
    expect(first.connectionState).toBe("new");
    await stage.pass(200, () => second.state.hear(pong(1)));
    expect(first.connectionState).toBe("closed");
    expect(second.connectionState).toBe("new");
  });

  it("is waited for when the server has moved the player before it speaks; what is said meanwhile is said to it", async () => {
    const second = await standby();
    first.control.hear(moved(true));
    expect(link.open).toBe(true);
    link.sendControl(writeSay("hi"));
    expect(inputs()).toEqual([true]);
    await stage.pass(1_400);
    expect(second.control.sent).toEqual([]);
    second.control.hear(welcome());
    expect(kinds(second.control.sent)).toEqual(["Say"]);
    await stage.pass(1_000, () => second.state.hear(pong(1)));
    expect(stage.joins).toHaveLength(1);
    expect(stage.ats).toEqual(["joining", "open"]);
  });

  it("is waited for a moment when the connection breaks, and then one resumes", async () => {
    link.welcomed("token-1");
    const second = await standby();
    first.control.break();
    expect(link.open).toBe(true);
    expect(inputs()).toEqual([true]);
    await stage.pass(480);
    expect(stage.joins).toHaveLength(1);
    await stage.pass(400);
    expect(second.connectionState).toBe("closed");
    expect(stage.joins.map(({ resume }) => resume)).toEqual([undefined, "token-1"]);
    expect(link.open).toBe(true);
  });

  it("that the server takes for open a little before the page is waited for, too", async () => {
    first.control.hear(invitation(1));
    await stage.settle();
    const second = stage.peer;
    second.opens = false;
    first.control.hear(answer(1));
    first.control.hear(moved(true));
    expect(link.open).toBe(true);
    await stage.pass(200);
    second.open();
    await stage.settle();
    second.control.hear(welcome());
    expect(crossings).toBe(1);
    expect(stage.joins).toHaveLength(1);
  });

  it("that breaks while it is waited for is waited for no longer", async () => {
    const second = await standby();
    first.control.break();
    second.control.break();
    expect(link.open).toBe(false);
    await stage.pass(400);
    expect(stage.joins).toHaveLength(2);
  });

  it("that never speaks though the player was moved is given up", async () => {
    await standby();
    first.control.hear(moved(true));
    await stage.pass(1_450);
    expect(stage.joins).toHaveLength(1);
    await stage.pass(500);
    expect(stage.joins).toHaveLength(2);
  });

  it("leads on to the next one, and back", async () => {
    let from = first;
    for (let number = 1; number <= 6; ++number) {
      from.control.hear(invitation(number));
      await stage.settle();
      const to = stage.peer;
      from.control.hear(answer(number));
      await stage.settle();
      to.control.hear(welcome());
      from.control.hear(moved(true));
      await stage.pass(300, () => to.state.hear(pong(1)));
      expect(from.connectionState).toBe("closed");
      from = to;
    }
    expect(crossings).toBe(6);
    expect(stage.joins).toHaveLength(1);
    expect(stage.peers.filter((peer) => peer.connectionState !== "closed")).toEqual([from]);
  });
});

describe("a player who was moved without a second connection", () => {
  it.each([false, true])("resumes at once (%s: with a word of one that is not there)", async (connected) => {
    link.welcomed("token-1");
    first.control.hear(moved(connected));
    await stage.pass(1);
    expect(stage.joins.map(({ resume }) => resume)).toEqual([undefined, "token-1"]);
    expect(link.open).toBe(true);
    expect(first.connectionState).toBe("closed");
  });
});

describe("whoever leaves", () => {
  it("leaves nothing open, whatever is under way", async () => {
    await standby();
    link.leave();
    await stage.pass(5_000);
    expect(stage.peers.every((peer) => peer.connectionState === "closed")).toBe(true);
    expect(kinds(first.control.sent)).toEqual(["Offer", "Bye"]);
    expect(stage.joins).toHaveLength(1);
  });
});

describe("words of a hand-over", () => {
  it("are told from everything else, and from nonsense", () => {
    expect(readHandOver(answer(3, "s", "e"))).toEqual({ is: "answer", number: 3, sdp: "s", error: "e" });
    expect(readHandOver(moved(true))).toEqual({ is: "moved", connected: true });
    expect(readHandOver(chat())).toEqual({ is: "other" });
    const whole = answer(3, "a long enough answer", "e");
    for (let length = 0; length < whole.length; ++length) readHandOver(whole.slice(0, length));
    for (let at = 0; at < whole.length; ++at) readHandOver(whole.map((byte, index) => (index === at ? byte ^ 0xff : byte)));
    expect(readHandOver(new Uint8Array(64))).toEqual({ is: "other" });
  });
});
