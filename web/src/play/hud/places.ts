import { signal } from "@preact/signals";
import type { JoinOptions, Server, World } from "@muster/client";

const LIST_MS = 4_000;
const PING_MS = 60_000;
const NEAR_MS = 30;  // nobody feels a difference below that, and it is as much as a busy browser adds: of two that are so near, the emptier one is better

/** What is asked of the client; its errors are nobody's trouble: whoever does not hear of servers is placed by the coordinator. */
export interface Asked {
  servers(): Promise<{ servers: Server[] }>;
  ping(servers: readonly Server[]): Promise<Map<string, number>>;
  lastServers(world: string): string[];
}

export interface Place {
  id: string;
  /** Where it stands, or its name where nobody said. */
  title: string;
  /** Its name, when that is not the title. */
  name: string;
  people: number;
  room: number;
  ping: number | undefined;
  isFull: boolean;
  isLeaving: boolean;
  wasLast: boolean;
}

/** The servers of the worlds on show: who is there, how far, and where one was. */
export class Places {
  readonly servers = signal<readonly Server[]>([]);
  readonly pings = signal<ReadonlyMap<string, number>>(new Map());
  private listedAt = -Infinity;
  private readonly askedAt = new Map<string, number>();
  private isBusy = false;

  constructor(private readonly client: Asked, private readonly now: () => number = () => performance.now()) {}

  /** To be called as often as the list of worlds is fetched. A world of one server, and one that its servers compute together, leave nothing to choose. */
  async refresh(worlds: readonly World[]): Promise<void> {
    const now = this.now();
    if (this.isBusy || now - this.listedAt < LIST_MS || !worlds.some((world) => world.servers > 0)) return;
    this.isBusy = true;
    this.listedAt = now;
    try {
      const { servers } = await this.client.servers();
      this.servers.value = servers;
      const due = servers.filter(({ id }) => now - (this.askedAt.get(id) ?? -Infinity) > PING_MS);
      for (const { id } of due) this.askedAt.set(id, now);
      if (!due.length) return;
      const found = await this.client.ping(due);
      this.pings.value = new Map([...this.pings.value, ...found]);
    } catch {
      // Asked again with the next list.
    } finally {
      this.isBusy = false;
    }
  }

  /** Those that have a world, the nearest first, and then those that nobody reached. */
  of(world: World | undefined): Place[] {
    if (!world || world.spread) return [];
    const last = this.client.lastServers(world.name)[0];
    const places = this.servers.value.flatMap((server): Place[] => {
      const here = server.worlds.find(({ name }) => name === world.name);
      if (!here) return [];
      return [{
        id: server.id, title: server.location || server.name || server.id, name: server.location ? server.name : "", people: here.people, room: here.playersMax,
        ping: this.pings.value.get(server.id), isFull: here.playersMax > 0 && here.people >= here.playersMax, isLeaving: server.draining, wasLast: server.id === last,
      }];
    });
    return places.sort((a, b) => (a.ping ?? Infinity) - (b.ping ?? Infinity) || a.title.localeCompare(b.title) || a.id.localeCompare(b.id));
  }

  /** What a join says of where to. `chosen`: an id; "": wherever it is best. */
  wish(world: World, chosen: string): Pick<JoinOptions, "server" | "strategy" | "pings" | "last"> {
    const places = this.of(world);
    if (places.some(({ id }) => id === chosen)) return { server: chosen };
    const pings = new Map(places.flatMap(({ id, ping }) => (ping === undefined ? [] : [[id, Math.max(NEAR_MS, ping)] as const])));
    if (places.length < 2) return {};
    return { ...(pings.size > 0 && { strategy: "lowest_ping" as const, pings }), last: this.client.lastServers(world.name).slice(0, 1) };
  }
}

/** Bars of four. */
export const barsOf = (ping: number | undefined): number => (ping === undefined ? 0 : ping < 45 ? 4 : ping < 90 ? 3 : ping < 160 ? 2 : 1);
