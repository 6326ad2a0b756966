import type { Surroundings } from "./peer.js";

const KEY = "muster.play.last";
const KEPT = 4;

/** Which servers this browser was on, the last one first: by world, across visits. */
export class LastServers {
  constructor(private readonly store: Surroundings["longStore"]) {}

  of(world: string): string[] {
    const all = this.read()[world];
    return Array.isArray(all) ? all.filter((id): id is string => typeof id === "string").slice(0, KEPT) : [];
  }

  /** `server`: "" is none. */
  was(world: string, server: string): void {
    if (!server) return;
    const { [world]: _, ...others } = this.read();
    const kept = Object.fromEntries(Object.entries(others).slice(0, KEPT));
    this.store.setItem(KEY, JSON.stringify({ [world]: [server, ...this.of(world).filter((id) => id !== server)].slice(0, KEPT), ...kept }));
  }

  private read(): Record<string, unknown> {
    try {
      const kept: unknown = JSON.parse(this.store.getItem(KEY) ?? "{}");
      if (kept && typeof kept === "object" && !Array.isArray(kept)) return kept as Record<string, unknown>;
    } catch {
      // Somebody else's; written anew.
    }
    return {};
  }
}
