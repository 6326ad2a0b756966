/** The few requests of joining: docs/formats/world-protocol.md, "Joining". */

/** `servers`: how many have it. `spread`: they compute it together, so that nobody chooses one. */
export interface World { name: string; mode: string; map: string; people: number; bots: number; playersMax: number; asleep: boolean; servers: number; spread: boolean }
export interface WorldList { worlds: World[]; iceServers: RTCIceServer[]; keysUrl: string }
/** A world server of a coordinator. `load`: 0 to 1, the worse of places taken and processors used. */
export interface Server {
  id: string;
  name: string;
  version: string;
  /** Where it stands, in its owner's word; "": not said. */
  location: string;
  addresses: string[];
  udpPort: number;
  players: number;
  capacity: number;
  load: number;
  draining: boolean;
  worlds: { name: string; people: number; playersMax: number }[];
}
export interface ServerList { version: number; servers: Server[] }
/** least_load: where there is most room; packed: where there is least; lowest_ping: by `pings`, as ping() found them. */
export type Strategy = "least_load" | "packed" | "lowest_ping";
export interface JoinWish {
  sdp: string;
  name: string;
  team: "red" | "blue" | undefined;
  resume: string | undefined;
  /** An id: that one and no other. */
  server?: string | undefined;
  strategy?: Strategy | undefined;
  pings?: ReadonlyMap<string, number> | undefined;
  /** Ids of servers that one has been on, the last one first: they are tried before others. */
  last?: readonly string[] | undefined;
}
/** `server`: which one took the player; "": the one that was asked. */
export interface Joined { sdp: string; ticket: string; player: number; world: string; server: string }
/** Where there is room, when what was asked for is full. */
export interface Alternative { world: string; server: string; people: number; playersMax: number }

const DEADLINE_MS = 10_000;
const PAGES_MAX = 20;
const LAST_MAX = 8;

/** A refusal. `status` 0: nobody answered. */
export class Refused extends Error {
  constructor(readonly status: number, message: string, readonly field: string, readonly retryAfterMs: number, readonly alternatives: readonly Alternative[] = []) {
    super(message);
  }
  /** Whether asking again later may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

type Json = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter((one): one is Json => typeof one === "object" && one !== null) : []);
const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

export class Worlds {
  /** `base`: where they are, as "https://play.example.org"; "": where the page is from. */
  constructor(private readonly base = "", private readonly ask: typeof fetch = (...request) => fetch(...request)) {}

  async list(): Promise<WorldList> {
    const got = await this.request("GET", "/api/v1/worlds");
    return {
      worlds: list(got["worlds"]).map((world) => ({
        name: text(world["name"]), mode: text(world["mode"]), map: text(world["map"]), people: number(world["people"]), bots: number(world["bots"]),
        playersMax: number(world["players_max"]), asleep: world["asleep"] === true, servers: number(world["servers"]), spread: world["spread"] === true,
      })),
      iceServers: iceServers(got["ice_servers"]), keysUrl: text(got["public_keys_url"]),
    };
  }

  /** The world servers of a coordinator; of a world server alone there are none. */
  async servers(): Promise<ServerList> {
    const out: ServerList = { version: 0, servers: [] };
    let cursor = "";
    for (let page = 0; page < PAGES_MAX; ++page) {
      const got = await this.request("GET", `/api/v1/world-servers${cursor && `?cursor=${encodeURIComponent(cursor)}`}`).catch((error: unknown) => {
        if (error instanceof Refused && error.status === 404) return {} as Json;
        throw error;
      });
      out.version = number(got["list_version"]);
      out.servers.push(...list(got["items"]).map(serverOf));
      cursor = text(got["next_cursor"]);
      if (!cursor) break;
    }
    return out;
  }

  /** A JSON Web Key Set, as it is there. `url`: "" is where coordinators have it. */
  async keys(url: string): Promise<unknown> {
    return this.request("GET", url || "/.well-known/muster-keys.json");
  }

  async join(world: string, wish: JoinWish, deadlineMs = DEADLINE_MS): Promise<Joined> {
    const got = await this.request("POST", `/api/v1/worlds/${encodeURIComponent(world)}/join`, {
      sdp: wish.sdp, name: wish.name, ...(wish.team && { team: wish.team }), ...(wish.resume && { resume: wish.resume }), ...(wish.server && { server: wish.server }),
      ...(wish.strategy && { strategy: wish.strategy }), ...(wish.pings?.size && { pings: Object.fromEntries([...wish.pings].map(([id, ms]) => [id, Math.round(ms)])) }),
      ...(wish.last?.length && { last: wish.last.slice(0, LAST_MAX) }),
    }, deadlineMs);
    return { sdp: text(got["sdp"]), ticket: text(got["ticket"]), player: number(got["player"]), world: text(got["world"]) || world, server: text(got["server"]) };
  }

  /** When the page goes away: a request that outlives it. */
  leave(world: string, ticket: string, beacon: (url: string, body: Blob) => boolean = (url, body) => navigator.sendBeacon(url, body)): void {
    if (ticket) beacon(`${this.base}/api/v1/worlds/${encodeURIComponent(world)}/leave`, new Blob([JSON.stringify({ ticket })], { type: "application/json" }));
  }

  private async request(method: string, path: string, body?: Json, deadlineMs = DEADLINE_MS): Promise<Json> {
    let response: Response;
    try {
      response = await this.ask(/^https?:/.test(path) ? path : this.base + path, {
        method, signal: AbortSignal.timeout(deadlineMs), headers: body ? { "Content-Type": "application/json" } : {}, ...(body && { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Refused(0, "The server does not answer.", "", 0);
    }
    const got = (await response.json().catch(() => ({}))) as Json | null;
    if (response.ok) return got ?? {};
    const retry = Number(response.headers.get("Retry-After")) * 1000;
    throw new Refused(response.status, text(got?.["detail"]) || text(got?.["title"]) || `The server answered ${response.status}.`, text(got?.["field"]), Number.isFinite(retry) ? retry : 0,
      list(got?.["alternatives"]).map((one) => ({ world: text(one["world"]), server: text(one["server"]), people: number(one["people"]), playersMax: number(one["players_max"]) })));
  }
}

function serverOf(one: Json): Server {
  return {
    id: text(one["id"]), name: text(one["name"]), version: text(one["version"]), location: text(one["location"]),
    addresses: Array.isArray(one["addresses"]) ? one["addresses"].filter((address): address is string => typeof address === "string") : [], udpPort: number(one["udp_port"]),
    players: number(one["players"]), capacity: number(one["capacity"]), load: number(one["load"]), draining: one["draining"] === true,
    worlds: list(one["worlds"]).map((world) => ({ name: text(world["name"]), people: number(world["people"]), playersMax: number(world["players_max"]) })),
  };
}

function iceServers(value: unknown): RTCIceServer[] {
  if (!Array.isArray(value)) return [];
  return (value as Json[]).flatMap((server) => {
    const urls = Array.isArray(server["urls"]) ? server["urls"].filter((url): url is string => typeof url === "string") : [];
    if (!urls.length) return [];
    return [{ urls, ...(text(server["username"]) && { username: text(server["username"]), credential: text(server["credential"]) }) }];
  });
}
