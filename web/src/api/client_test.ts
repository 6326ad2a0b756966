import { describe, expect, test, vi } from "vitest";
import { ApiClient, ApiError, describe as words, problemOf } from "./client";

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": status < 400 ? "application/json" : "application/problem+json", ...headers } });

function clientOf(...responses: (Response | Error)[]) {
  const fetcher = vi.fn<(url: string, request: RequestInit) => Promise<Response>>(async () => {
    const next = responses.shift();
    if (!next) throw new Error("one call too many");
    if (next instanceof Error) throw next;
    return next;
  });
  const slept: number[] = [];
  const client = new ApiClient("secret", fetcher as unknown as typeof fetch, { sleep: async (ms) => void slept.push(ms) });
  return { client, fetcher, slept };
}

describe("problemOf", () => {
  test("takes the detail, the code and the field of problem+json", async () => {
    const problem = await problemOf(json(400, { type: "about:blank", title: "Bad Request", status: 400, code: "invalid_argument", detail: "it is required", field: "variables.PASSWORD" }));
    expect(problem).toMatchObject({ status: 400, code: "invalid_argument", field: "variables.PASSWORD", message: "it is required" });
  });
  test("has a sentence of its own when the answer is a proxy's page, is empty, or is not an object", async () => {
    for (const body of ["<html>Bad gateway</html>", "", "null", "[1]", '{"detail":7}']) {
      const problem = await problemOf(new Response(body, { status: 503 }));
      expect(problem.message).toBe("The coordinator is not ready yet.");
      expect(problem.field).toBe("");
    }
    expect((await problemOf(new Response("x", { status: 418 }))).message).toBe("The coordinator answered 418.");
  });
});

describe("ApiClient", () => {
  test("sends the token in the header, never in the address", async () => {
    const { client, fetcher } = clientOf(json(200, { name: "me" }));
    await client.get("/whoami", { limit: 5, state: "", node: undefined });
    const [url, request] = fetcher.mock.calls[0]!;
    expect(url).toBe("/api/v1/whoami?limit=5");
    expect(new Headers(request.headers).get("Authorization")).toBe("Bearer secret");
  });
  test("gives each POST a key of its own, and repeats it with the same one", async () => {
    const { client, fetcher, slept } = clientOf(json(429, {}, { "Retry-After": "2" }), json(202, { id: "op-1" }), json(202, { id: "op-2" }));
    await client.post("/servers/srv-1/start");
    await client.post("/servers/srv-1/start");
    const keys = fetcher.mock.calls.map(([, request]) => new Headers(request.headers).get("Idempotency-Key"));
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(slept).toEqual([2000]);
  });
  test("stops asking when it is told 429 again and again", async () => {
    const { client, fetcher } = clientOf(...Array.from({ length: 9 }, () => json(429, { detail: "slow down" }, { "Retry-After": "1" })));
    await expect(client.get("/nodes")).rejects.toMatchObject({ status: 429, message: "slow down" });
    expect(fetcher).toHaveBeenCalledTimes(4);
  });
  test("does not repeat what is refused because something is used up", async () => {
    const { client, fetcher } = clientOf(json(429, { detail: "port 2456 is taken", field: "ports.game" }));
    await expect(client.post("/servers")).rejects.toMatchObject({ field: "ports.game" });
    expect(fetcher).toHaveBeenCalledOnce();
  });
  test("says that the coordinator is away when there is no answer", async () => {
    const { client } = clientOf(new TypeError("Failed to fetch"));
    const error = await client.get("/nodes").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).unreachable).toBe(true);
    expect(words(error)).toBe("The coordinator cannot be reached.");
  });
  test("ends the session on 401, and only then", async () => {
    const { client } = clientOf(json(403, { detail: "no" }), json(401, { detail: "who?" }));
    const out = vi.fn();
    client.onSignedOut = out;
    await expect(client.get("/tokens")).rejects.toMatchObject({ status: 403 });
    expect(out).not.toHaveBeenCalled();
    await expect(client.get("/tokens")).rejects.toMatchObject({ status: 401 });
    expect(out).toHaveBeenCalledOnce();
  });
  test("walks all pages of a list", async () => {
    const { client, fetcher } = clientOf(json(200, { items: [1, 2], next_cursor: "b c" }), json(200, { items: [3], next_cursor: null }));
    expect(await client.all<number>("/servers")).toEqual([1, 2, 3]);
    expect(fetcher.mock.calls[1]![0]).toBe("/api/v1/servers?limit=500&cursor=b+c");
  });
  test("does not walk in circles when the cursor stands still", async () => {
    const { client } = clientOf(json(200, { items: [1], next_cursor: "x" }), json(200, { items: [2], next_cursor: "x" }));
    expect(await client.all<number>("/servers")).toEqual([1, 2]);
  });
  test("patches with the version it saw, and hands back the new one", async () => {
    const { client, fetcher } = clientOf(json(200, { id: "srv-1" }, { ETag: '"8"' }));
    const answer = await client.patch("/servers/srv-1", { name: "x", labels: { a: null } }, "7");
    const request = fetcher.mock.calls[0]![1];
    expect(new Headers(request.headers).get("If-Match")).toBe('"7"');
    expect(request.body).toBe('{"name":"x","labels":{"a":null}}');
    expect(answer.etag).toBe("8");
  });
  test("takes an answer without a body", async () => {
    const { client } = clientOf(new Response(null, { status: 204 }));
    expect(await client.delete("/tokens/tok-1")).toBe("");
  });
  test("says so when an answer was cut short", async () => {
    const { client } = clientOf(new Response('{"items":[', { status: 200, headers: { "Content-Type": "application/json" } }));
    await expect(client.get("/servers")).rejects.toThrow("cut short");
  });
});
