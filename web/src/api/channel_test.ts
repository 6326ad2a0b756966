import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Channel, backOffMs, type ChannelState } from "./channel";

class Socket {
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  breaks(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

function begin() {
  const sockets: Socket[] = [];
  const states: ChannelState[] = [];
  const heard: string[] = [];
  const channel = new Channel({
    open: () => {
      const socket = new Socket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    onMessage: (text) => heard.push(text),
    onState: (state) => states.push(state),
    random: () => 1,
  });
  return { channel, sockets, states, heard };
}

describe("Channel", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("comes back after it broke, later each time", () => {
    const { sockets, states } = begin();
    sockets[0]!.opens();
    sockets[0]!.breaks();
    expect(states).toEqual(["connecting", "open", "waiting"]);
    vi.advanceTimersByTime(399);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
    sockets[1]!.breaks();
    vi.advanceTimersByTime(799);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(3);
  });
  test("a connection that held starts the back-off anew", () => {
    const { sockets } = begin();
    for (let index = 0; index < 4; index++) {
      sockets.at(-1)!.breaks();
      vi.advanceTimersByTime(20_000);
    }
    const before = sockets.length;
    sockets.at(-1)!.opens();
    vi.advanceTimersByTime(5_000);
    sockets.at(-1)!.breaks();
    vi.advanceTimersByTime(400);
    expect(sockets).toHaveLength(before + 1);
  });
  test("hands on what it hears, and nothing of a connection it gave up", () => {
    const { channel, sockets, heard } = begin();
    sockets[0]!.opens();
    sockets[0]!.onmessage!({ data: "one" });
    sockets[0]!.onmessage!({ data: new ArrayBuffer(1) });
    channel.close();
    sockets[0]!.onmessage!({ data: "two" });
    expect(heard).toEqual(["one"]);
  });
  test("says whether it could send", () => {
    const { channel, sockets } = begin();
    expect(channel.send("early")).toBe(false);
    sockets[0]!.opens();
    expect(channel.send("now")).toBe(true);
    expect(sockets[0]!.sent).toEqual(["now"]);
  });
  test("does not come back once it was closed", () => {
    const { channel, sockets, states } = begin();
    sockets[0]!.breaks();
    channel.close();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(states.at(-1)).toBe("closed");
  });
  test("can be opened anew, and then listens to the new one alone", () => {
    const { channel, sockets, heard } = begin();
    sockets[0]!.opens();
    channel.reopen();
    sockets[0]!.breaks();
    sockets[1]!.opens();
    sockets[0]!.onmessage!({ data: "old" });
    sockets[1]!.onmessage!({ data: "new" });
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(2);
    expect(heard).toEqual(["new"]);
  });
  test("can be hurried while it waits", () => {
    const { channel, sockets } = begin();
    sockets[0]!.breaks();
    channel.hurry();
    expect(sockets).toHaveLength(2);
    channel.hurry();
    expect(sockets).toHaveLength(2);
  });
});

test("the back-off doubles up to its limit, with at least half of it certain", () => {
  expect(backOffMs(0, 0)).toBe(200);
  expect(backOffMs(0, 1)).toBe(400);
  expect(backOffMs(3, 1)).toBe(3200);
  expect(backOffMs(30, 1)).toBe(15_000);
  expect(backOffMs(30, 0)).toBe(7_500);
});
