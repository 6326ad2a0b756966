// @vitest-environment happy-dom
import { describe, expect, test, vi } from "vitest";
import type { ApiClient } from "../api/client";
import type { Operation, Server } from "../api/types";
import { Fleet, SAMPLED_SERVERS_MAX, over, readSample } from "./fleet";

const server = (id: string, more: Partial<Server> = {}): Server => ({ id, name: id, state: "ready", version: "1", ...more }) as Server;
const operation = (id: string, state: Operation["state"], more: Partial<Operation> = {}): Operation => ({ id, kind: "start", state, created_at: `2026-01-01T00:00:${id.slice(-2).padStart(2, "0")}Z`, ...more }) as Operation;

/** The lists are held back until the test lets them go, as a slow network would. */
function fleetOf(lists: { servers?: Server[]; operations?: Operation[] } = {}) {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((done) => (release = done));
  const client = {
    all: vi.fn(async (path: string) => {
      await gate;
      return path === "/servers" ? (lists.servers ?? []) : [];
    }),
    get: vi.fn(async () => {
      await gate;
      return { items: lists.operations ?? [] };
    }),
  };
  return { fleet: new Fleet(client as unknown as ApiClient), client, release };
}

const event = (type: string, action: string, object: object): string => JSON.stringify({ type, action, object, sequence: 1 });

describe("Fleet", () => {
  test("fetches the lists on hello and then follows the events", async () => {
    const { fleet, release } = fleetOf({ servers: [server("a"), server("b")] });
    fleet.receive('{"type":"hello","sequence":9}');
    release();
    await vi.waitFor(() => expect(fleet.loaded.value).toBe(true), { timeout: 20_000 });
    fleet.receive(event("server", "put", server("a", { state: "stopped", version: "2" })));
    fleet.receive(event("server", "gone", { id: "b" }));
    fleet.receive(event("server", "put", server("c")));
    fleet.flush();
    expect([...fleet.servers.value.values()].map((one) => `${one.id} ${one.state}`)).toEqual(["a stopped", "c ready"]);
  });
  test("an event that overtakes the list is not lost to it", async () => {
    const { fleet, release } = fleetOf({ servers: [server("a")] });
    const done = fleet.refresh();
    fleet.receive(event("server", "put", server("a", { state: "crashed", version: "2" })));
    fleet.flush();
    expect(fleet.servers.value.size).toBe(0);
    release();
    await done;
    expect(fleet.servers.value.get("a")?.state).toBe("crashed");
  });
  test("an older version does not overwrite a newer one", () => {
    const { fleet } = fleetOf();
    fleet.putServer(server("a", { version: "12", name: "new" }));
    fleet.receive(event("server", "put", server("a", { version: "9", name: "old" })));
    fleet.flush();
    expect(fleet.servers.value.get("a")?.name).toBe("new");
  });
  test("many events are one change of the list", () => {
    const { fleet } = fleetOf();
    let changes = -1;
    fleet.servers.subscribe(() => void changes++);
    for (let index = 0; index < 100; index++) fleet.receive(event("server", "put", server(`s${index}`)));
    fleet.flush();
    expect(changes).toBe(1);
    expect(fleet.servers.value.size).toBe(100);
  });
  test("what is not JSON is passed over", () => {
    const { fleet } = fleetOf();
    fleet.receive("not json");
    fleet.receive(event("mystery", "put", { id: "x" }));
    fleet.flush();
    expect(fleet.servers.value.size).toBe(0);
  });
  test("tells once of an operation that ends while we look, not of those that had ended before", async () => {
    const { fleet, release } = fleetOf({ operations: [operation("op-1", "failed"), operation("op-2", "running")] });
    const ended = vi.fn();
    fleet.onFinished = ended;
    release();
    await fleet.refresh();
    expect(ended).not.toHaveBeenCalled();
    const failed = operation("op-2", "failed");
    for (let again = 0; again < 2; again++) fleet.receive(event("operation", "put", failed));
    fleet.flush();
    fleet.receive(event("operation", "put", operation("op-2", "running")));
    fleet.flush();
    expect(ended).toHaveBeenCalledExactlyOnceWith(failed);
    expect(fleet.operations.value.get("op-2")?.state).toBe("failed");
  });
  test("keeps a limited number of operations, the newest", () => {
    const { fleet } = fleetOf();
    for (let index = 0; index < 400; index++) {
      fleet.receive(event("operation", "put", operation(`op-${index}`, "running", { created_at: new Date(1e12 + index * 1000).toISOString() })));
    }
    fleet.flush();
    expect(fleet.operations.value.size).toBe(300);
    expect(fleet.operations.value.has("op-399")).toBe(true);
    expect(fleet.operations.value.has("op-0")).toBe(false);
  });
  test("a sample becomes the usage of its server and reaches the charts", () => {
    const { fleet } = fleetOf();
    fleet.putServer(server("a"));
    const heard = vi.fn();
    const stop = fleet.onSample(heard);
    fleet.receive(event("sample", "put", { server_id: "a", sample: { time: "2026-01-01T00:00:00Z", cpu_percent: 7, memory_bytes: 1 } }));
    fleet.flush();
    stop();
    fleet.receive(event("sample", "put", { id: "a", time: "2026-01-01T00:00:01Z", cpu_percent: 8, memory_bytes: 1 }));
    fleet.flush();
    expect(fleet.servers.value.get("a")?.usage?.cpu_percent).toBe(8);
    expect(heard).toHaveBeenCalledOnce();
  });
  test("does without samples when there are very many servers", async () => {
    const sockets: { path: string; close(): void }[] = [];
    const { fleet, client, release } = fleetOf({ servers: Array.from({ length: SAMPLED_SERVERS_MAX + 1 }, (_, index) => server(`s${index}`)) });
    Object.assign(client, {
      socket: (path: string) => {
        const socket = { path, close: () => undefined };
        sockets.push(socket);
        return socket;
      },
    });
    fleet.start();
    release();
    await vi.waitFor(() => expect(sockets).toHaveLength(2), { timeout: 20_000 });
    expect(sockets.map((socket) => socket.path)).toEqual(["/events?kinds=server,node,operation,sample", "/events?kinds=server,node,operation"]);
    fleet.close();
  });
  test("says what went wrong when the lists cannot be fetched", async () => {
    const { fleet, client, release } = fleetOf();
    client.all.mockRejectedValue(new Error("away"));
    release();
    await fleet.refresh();
    expect(String(fleet.failure.value)).toContain("away");
    expect(fleet.loaded.value).toBe(false);
    fleet.close();
  });
});

test("what is no sample is refused", () => {
  expect(readSample(undefined)).toBeNull();
  expect(readSample({ server_id: "a" })).toBeNull();
  expect(readSample({ time: "2026" })).toBeNull();
});

test("an operation is over when nothing more will come of it", () => {
  expect((["queued", "running", "succeeded", "failed", "cancelled"] as const).filter((state) => over({ state }))).toEqual(["succeeded", "failed", "cancelled"]);
});
