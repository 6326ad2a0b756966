import { signal, type Signal } from "@preact/signals";
import type { ApiClient } from "../api/client";
import { Channel, type ChannelState } from "../api/channel";
import type { FleetEvent, FleetNode, Operation, Page, Sample, Server } from "../api/types";

/** A node's `version` is its program's; its own is `resource_version`. */
type Identified = { id: string; version?: string; resource_version?: string };
type Objects<T> = ReadonlyMap<string, T>;

export interface LiveSample {
  subject: string;
  sample: Sample;
}

/** How many finished operations the page keeps in mind; the rest is a page of its own. */
const OPERATIONS_MAX = 300;
const BATCH_MS = 60;
const POLL_MS = 5_000;
/** With more servers than this, a sample of each every second is more than a page should take in; charts ask for their own. */
export const SAMPLED_SERVERS_MAX = 500;
const REFRESH_AGAIN_MS = 2_000;

/**
 * Everything the page knows of the fleet. Lists are fetched when the event stream says hello; from then on each event replaces
 * one object. While the stream is down the lists are fetched again every few seconds, so a proxy without WebSockets still works.
 */
export class Fleet {
  readonly servers: Signal<Objects<Server>> = signal(new Map());
  readonly nodes: Signal<Objects<FleetNode>> = signal(new Map());
  readonly operations: Signal<Objects<Operation>> = signal(new Map());
  readonly live: Signal<ChannelState> = signal<ChannelState>("connecting");
  readonly loaded = signal(false);
  readonly failure = signal<unknown>(null);
  /** Told once for each operation that ends while we look. */
  onFinished: ((operation: Operation) => void) | null = null;

  private readonly listeners = new Set<(sample: LiveSample) => void>();
  private pending: FleetEvent[] = [];
  private refreshing = false;
  private refreshWanted = false;
  private batch: ReturnType<typeof setTimeout> | undefined;
  private poll: ReturnType<typeof setInterval> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private channel: Channel | null = null;
  private closed = false;
  private sampled = true;
  private readonly wake = (): void => this.channel?.hurry();

  /** `whole`: false for a token that is limited to some servers; it may not see nodes. */
  constructor(private readonly client: ApiClient, private readonly whole = true) {}

  start(): void {
    this.channel = new Channel({
      open: () => {
        this.sampled = this.servers.peek().size <= SAMPLED_SERVERS_MAX;
        return this.client.socket(`/events?kinds=server,node,operation${this.sampled ? ",sample" : ""}`);
      },
      onMessage: (text) => this.receive(text),
      onState: (state) => {
        this.live.value = state;
      },
    });
    this.poll = setInterval(() => {
      if (this.live.value !== "open") void this.refresh();
    }, POLL_MS);
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    void this.refresh();
  }

  close(): void {
    this.closed = true;
    this.channel?.close();
    clearInterval(this.poll);
    clearTimeout(this.batch);
    clearTimeout(this.again);
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
  }

  /** Fetches the lists; events that come in meanwhile are applied after them, in order. */
  async refresh(): Promise<void> {
    if (this.closed) return;
    if (this.refreshing) {
      this.refreshWanted = true;
      return;
    }
    this.refreshing = true;
    try {
      const [servers, nodes, operations] = await Promise.all([
        this.client.all<Server>("/servers"),
        this.whole ? this.client.all<FleetNode>("/nodes") : [],
        this.client.get<Page<Operation>>("/operations", { limit: 100 }),
      ]);
      this.servers.value = byId(servers);
      this.nodes.value = byId(nodes);
      this.putOperations(operations.items);
      this.loaded.value = true;
      this.failure.value = null;
      if (this.sampled && servers.length > SAMPLED_SERVERS_MAX) this.channel?.reopen();
    } catch (error) {
      this.failure.value = error;
      this.again = setTimeout(() => void this.refresh(), REFRESH_AGAIN_MS);
    } finally {
      this.refreshing = false;
      this.flush();
    }
    if (this.refreshWanted) {
      this.refreshWanted = false;
      await this.refresh();
    }
  }

  /** What a call answered with is news too: no need to wait for the event. */
  putServer(server: Server): void {
    this.servers.value = put(this.servers.value, [server]);
  }
  putNode(node: FleetNode): void {
    this.nodes.value = put(this.nodes.value, [node]);
  }
  putOperation(operation: Operation): void {
    this.putOperations([operation]);
  }

  onSample(listener: (sample: LiveSample) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  receive(text: string): void {
    let event: FleetEvent;
    try {
      event = JSON.parse(text) as FleetEvent;
    } catch {
      return;
    }
    if (event.type === "hello") {
      void this.refresh();
      return;
    }
    this.pending.push(event);
    this.batch ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  /** Applies what has come in, as one change of each list. */
  flush(): void {
    clearTimeout(this.batch);
    this.batch = undefined;
    if (this.refreshing || this.pending.length === 0) return;
    const events = this.pending;
    this.pending = [];
    this.servers.value = apply(this.servers.value, events, "server");
    this.nodes.value = apply(this.nodes.value, events, "node");
    this.putOperations(events.filter((event) => event.type === "operation" && event.action !== "gone").map((event) => event.object as unknown as Operation));
    this.takeSamples(events);
  }

  private takeSamples(events: readonly FleetEvent[]): void {
    const latest = new Map<string, Sample>();
    for (const event of events) {
      const found = event.type === "sample" ? readSample(event.object) : null;
      if (!found) continue;
      latest.set(found.subject, found.sample);
      for (const listener of this.listeners) listener(found);
    }
    if (latest.size === 0) return;
    this.servers.value = withUsage(this.servers.value, latest);
    this.nodes.value = withUsage(this.nodes.value, latest);
  }

  private putOperations(operations: readonly Operation[]): void {
    if (operations.length === 0) return;
    const before = this.operations.value;
    const after = new Map(before);
    const finished: Operation[] = [];
    for (const operation of operations) {
      const known = after.get(operation.id);
      if (known && over(known) && !over(operation)) continue;
      after.set(operation.id, operation);
      if (over(operation) && known && !over(known)) finished.push(operation);
    }
    this.operations.value = newest(after);
    for (const operation of finished) this.onFinished?.(operation);
  }
}

export function over(operation: { state: Operation["state"] }): boolean {
  return operation.state === "succeeded" || operation.state === "failed" || operation.state === "cancelled";
}

function byId<T extends Identified>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

/** Versions count upwards; an older one must not overwrite a newer one that a call already brought. */
function stale(known: Identified | undefined, news: Identified): boolean {
  return known !== undefined && Number(news.resource_version ?? news.version) < Number(known.resource_version ?? known.version);
}

function put<T extends Identified>(objects: Objects<T>, news: readonly T[]): Objects<T> {
  const after = new Map(objects);
  for (const item of news) if (!stale(after.get(item.id), item)) after.set(item.id, item);
  return after;
}

function apply<T extends Identified>(objects: Objects<T>, events: readonly FleetEvent[], type: FleetEvent["type"]): Objects<T> {
  const mine = events.filter((event) => event.type === type && event.object);
  if (mine.length === 0) return objects;
  const after = new Map(objects);
  for (const event of mine) {
    const item = event.object as unknown as T;
    if (event.action === "gone") after.delete(item.id);
    else if (!stale(after.get(item.id), item)) after.set(item.id, item);
  }
  return after;
}

/** A sample names its subject as server_id, node_id or id, and carries its figures inside or beside that. */
export function readSample(object: Record<string, unknown> | undefined): LiveSample | null {
  if (!object) return null;
  const subject = object.server_id ?? object.node_id ?? object.id;
  const sample = (typeof object.sample === "object" && object.sample ? object.sample : object) as Partial<Sample>;
  if (typeof subject !== "string" || typeof sample.time !== "string") return null;
  return { subject, sample: sample as Sample };
}

function withUsage<T extends Identified & { usage?: Partial<Sample> | null }>(objects: Objects<T>, latest: ReadonlyMap<string, Sample>): Objects<T> {
  let after: Map<string, T> | null = null;
  for (const [id, sample] of latest) {
    const item = objects.get(id);
    if (!item) continue;
    after ??= new Map(objects);
    after.set(id, { ...item, usage: sample });
  }
  return after ?? objects;
}

function newest(operations: Map<string, Operation>): Map<string, Operation> {
  if (operations.size <= OPERATIONS_MAX) return operations;
  const kept = [...operations.values()].sort((a, b) => b.created_at.localeCompare(a.created_at)).slice(0, OPERATIONS_MAX);
  return byId(kept);
}
