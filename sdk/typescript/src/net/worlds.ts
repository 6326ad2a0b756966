/** The few requests of joining: docs/formats/world-protocol.md, "Joining". */

export interface World { name: string; mode: string; map: string; people: number; bots: number; playersMax: number; asleep: boolean }
export interface WorldList { worlds: World[]; iceServers: RTCIceServer[] }
export interface JoinWish { sdp: string; name: string; team: "red" | "blue" | undefined; resume: string | undefined }
export interface Joined { sdp: string; ticket: string; player: number; world: string }

const DEADLINE_MS = 10_000;

/** A refusal. `status` 0: nobody answered. */
export class Refused extends Error {
  constructor(readonly status: number, message: string, readonly field: string, readonly retryAfterMs: number) {
    super(message);
  }
  /** Whether asking again later may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

type Json = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

export class Worlds {
  /** `base`: where they are, as "https://play.example.org"; "": where the page is from. */
  constructor(private readonly base = "", private readonly ask: typeof fetch = (...request) => fetch(...request)) {}

  async list(): Promise<WorldList> {
    const got = await this.request("GET", "/api/v1/worlds");
    const worlds = Array.isArray(got["worlds"]) ? (got["worlds"] as Json[]) : [];
    return {
      worlds: worlds.map((world) => ({
        name: text(world["name"]), mode: text(world["mode"]), map: text(world["map"]), people: number(world["people"]), bots: number(world["bots"]),
        playersMax: number(world["players_max"]), asleep: world["asleep"] === true,
      })),
      iceServers: iceServers(got["ice_servers"]),
    };
  }

  async join(world: string, wish: JoinWish, deadlineMs = DEADLINE_MS): Promise<Joined> {
    const got = await this.request("POST", `/api/v1/worlds/${encodeURIComponent(world)}/join`, {
      sdp: wish.sdp, name: wish.name, ...(wish.team && { team: wish.team }), ...(wish.resume && { resume: wish.resume }),
    }, deadlineMs);
    return { sdp: text(got["sdp"]), ticket: text(got["ticket"]), player: number(got["player"]), world: text(got["world"]) || world };
  }

  /** When the page goes away: a request that outlives it. */
  leave(world: string, ticket: string, beacon: (url: string, body: Blob) => boolean = (url, body) => navigator.sendBeacon(url, body)): void {
    if (ticket) beacon(`${this.base}/api/v1/worlds/${encodeURIComponent(world)}/leave`, new Blob([JSON.stringify({ ticket })], { type: "application/json" }));
  }

  private async request(method: string, path: string, body?: Json, deadlineMs = DEADLINE_MS): Promise<Json> {
    let response: Response;
    try {
      response = await this.ask(this.base + path, {
        method, signal: AbortSignal.timeout(deadlineMs), headers: body ? { "Content-Type": "application/json" } : {}, ...(body && { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Refused(0, "The server does not answer.", "", 0);
    }
    const got = (await response.json().catch(() => ({}))) as Json | null;
    if (response.ok) return got ?? {};
    const retry = Number(response.headers.get("Retry-After")) * 1000;
    throw new Refused(response.status, text(got?.["detail"]) || text(got?.["title"]) || `The server answered ${response.status}.`, text(got?.["field"]), Number.isFinite(retry) ? retry : 0);
  }
}

function iceServers(value: unknown): RTCIceServer[] {
  if (!Array.isArray(value)) return [];
  return (value as Json[]).flatMap((server) => {
    const urls = Array.isArray(server["urls"]) ? server["urls"].filter((url): url is string => typeof url === "string") : [];
    if (!urls.length) return [];
    return [{ urls, ...(text(server["username"]) && { username: text(server["username"]), credential: text(server["credential"]) }) }];
  });
}
