import type { Page } from "./types";

/** What a call failed with: the coordinator's problem+json, or what stands for it when there is none. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field = "",
    readonly retryAfterSeconds = 0,
  ) {
    super(message);
    this.name = "ApiError";
  }
  /** No answer at all: the network or the coordinator is away. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

/** The sentence a person reads about any thrown thing. */
export function describe(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}

const SENTENCES: Record<number, string> = {
  401: "The token is not accepted.",
  403: "Your role does not allow this.",
  404: "There is no such thing any more.",
  409: "Something else is going on with it right now.",
  412: "It was changed by someone else in the meantime.",
  413: "That is too large.",
  429: "Too many requests. Try again in a moment.",
  500: "The coordinator had an internal error.",
  503: "The coordinator is not ready yet.",
};

/** Reads a failed response; never throws. */
export async function problemOf(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get("Retry-After") ?? 0) || 0;
  let code = "";
  let field = "";
  let message = SENTENCES[response.status] ?? `The coordinator answered ${response.status}.`;
  try {
    const body: unknown = JSON.parse(await response.text());
    if (typeof body === "object" && body !== null) {
      const problem = body as Record<string, unknown>;
      if (typeof problem.code === "string") code = problem.code;
      if (typeof problem.field === "string") field = problem.field;
      if (typeof problem.detail === "string" && problem.detail) message = problem.detail;
      else if (typeof problem.title === "string" && problem.title && !SENTENCES[response.status]) message = problem.title;
    }
  } catch {
    // Not JSON (a proxy's page, say): the sentence for the status has to do.
  }
  return new ApiError(response.status, code, message, field, retry);
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** Sent as it is, with this content type, in place of JSON. */
  text?: { type: string; content: string };
  ifMatch?: string;
  signal?: AbortSignal;
}

export interface Answer<T> {
  body: T;
  etag: string;
  status: number;
}

export interface Waits {
  sleep(milliseconds: number): Promise<void>;
}

const realWaits: Waits = { sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };

/** A key nobody else uses. (randomUUID exists on HTTPS pages only.) */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const RETRIES_MAX = 3;
const PAGES_MAX = 50;

/** The one door to /api/v1. Holds the token and says, through `onSignedOut`, when it stops working. */
export class ApiClient {
  onSignedOut: (() => void) | null = null;

  constructor(
    readonly token: string,
    private readonly fetcher: typeof fetch = (...all) => fetch(...all),
    private readonly waits: Waits = realWaits,
  ) {}

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const request = this.request(method, options);
    const url = `/api/v1${path}${queryString(options.query)}`;
    for (let attempt = 0; ; attempt++) {
      const response = await this.send(url, request);
      if (response.ok) return this.answer<T>(response);
      const problem = await problemOf(response);
      // A POST carries an Idempotency-Key, so that repeating any of these changes nothing.
      // 429 without a time to come back is no matter of time: something is used up.
      if (problem.status === 429 && problem.retryAfterSeconds > 0 && attempt < RETRIES_MAX) {
        await this.waits.sleep(Math.min(problem.retryAfterSeconds, 10) * 1000);
        continue;
      }
      if (problem.status === 401) this.onSignedOut?.();
      throw problem;
    }
  }

  async get<T>(path: string, query?: CallOptions["query"], signal?: AbortSignal): Promise<T> {
    return (await this.call<T>("GET", path, { ...(query && { query }), ...(signal && { signal }) })).body;
  }
  async post<T>(path: string, body?: unknown): Promise<T> {
    return (await this.call<T>("POST", path, { body: body ?? {} })).body;
  }
  async delete<T>(path: string, query?: CallOptions["query"], ifMatch?: string): Promise<T> {
    return (await this.call<T>("DELETE", path, { ...(query && { query }), ...(ifMatch && { ifMatch }) })).body;
  }
  /** A JSON merge patch, refused with 412 when the object is no longer at `version`. */
  async patch<T>(path: string, changes: unknown, version: string): Promise<Answer<T>> {
    return this.call<T>("PATCH", path, {
      text: { type: "application/merge-patch+json", content: JSON.stringify(changes) },
      ifMatch: `"${version}"`,
    });
  }

  /** Every item of a list, page by page. */
  async all<T>(path: string, query: CallOptions["query"] = {}): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await this.get<Page<T>>(path, { limit: 500, ...query, cursor });
      items.push(...answer.items);
      if (!answer.next_cursor || answer.next_cursor === cursor) break;
      cursor = answer.next_cursor;
    }
    return items;
  }

  /** Opens a WebSocket of the API. The token travels as a subprotocol, never in the address. */
  socket(path: string): WebSocket {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(`${scheme}//${location.host}/api/v1${path}`, ["muster", `bearer.${this.token}`]);
  }

  private request(method: string, options: CallOptions): RequestInit {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}`, Accept: "application/json" };
    const request: RequestInit = { method, headers, cache: "no-store", credentials: "omit" };
    if (options.text) {
      headers["Content-Type"] = options.text.type;
      request.body = options.text.content;
    } else if (options.body !== undefined) {
      headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(options.body);
    }
    if (method === "POST") headers["Idempotency-Key"] = randomKey();
    if (options.ifMatch) headers["If-Match"] = options.ifMatch;
    if (options.signal) request.signal = options.signal;
    return request;
  }

  private async send(url: string, request: RequestInit): Promise<Response> {
    try {
      return await this.fetcher(url, request);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new ApiError(0, "unreachable", "The coordinator cannot be reached.");
    }
  }

  private async answer<T>(response: Response): Promise<Answer<T>> {
    const text = await response.text();
    const etag = (response.headers.get("ETag") ?? "").replace(/^W\//, "").replaceAll('"', "");
    const json = (response.headers.get("Content-Type") ?? "").includes("json");
    if (!json) return { body: text as T, etag, status: response.status };
    try {
      return { body: JSON.parse(text) as T, etag, status: response.status };
    } catch {
      throw new ApiError(response.status, "internal", "The coordinator's answer was cut short.");
    }
  }
}

function queryString(query: CallOptions["query"]): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}
