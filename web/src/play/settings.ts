/** What a player set, kept in this browser. */

export type Quality = "low" | "medium" | "high";

export interface Settings {
  sound: number;          // 0 to 1
  muted: boolean;
  quality: Quality;
  shake: boolean;
  names: boolean;
  fps: boolean;
  adapt: boolean;         // draws less when frames come slowly
  touchAim: number;       // of the right stick: 0.5 to 2
  reducedMotion: boolean; // the system's wish, not kept
}

const KEY = "muster.play.settings";

function prefers(query: string): boolean {
  return typeof matchMedia === "function" && matchMedia(query).matches;
}

export function defaults(): Settings {
  const phone = prefers("(pointer: coarse)");
  const reducedMotion = prefers("(prefers-reduced-motion: reduce)");
  return { sound: 0.6, muted: false, quality: phone ? "medium" : "high", shake: !reducedMotion, names: true, fps: false, adapt: true, touchAim: 1, reducedMotion };
}

const between = (value: unknown, low: number, high: number, otherwise: number): number => (typeof value === "number" && value >= low && value <= high ? value : otherwise);
const bool = (value: unknown, otherwise: boolean): boolean => (typeof value === "boolean" ? value : otherwise);

/** What is kept may be of an older page, or nonsense: each value is looked at. */
export function load(store: Pick<Storage, "getItem">): Settings {
  const base = defaults();
  let kept: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(store.getItem(KEY) ?? "{}");
    if (parsed && typeof parsed === "object") kept = parsed as Record<string, unknown>;
  } catch {
    // Written anew with the next change.
  }
  const quality = kept["quality"];
  return {
    sound: between(kept["sound"], 0, 1, base.sound), muted: bool(kept["muted"], base.muted), quality: quality === "low" || quality === "medium" || quality === "high" ? quality : base.quality,
    shake: bool(kept["shake"], base.shake), names: bool(kept["names"], base.names), fps: bool(kept["fps"], base.fps), adapt: bool(kept["adapt"], base.adapt), touchAim: between(kept["touchAim"], 0.5, 2, base.touchAim), reducedMotion: base.reducedMotion,
  };
}

export function save(store: Pick<Storage, "setItem">, settings: Settings): void {
  const { reducedMotion: _, ...kept } = settings;
  try {
    store.setItem(KEY, JSON.stringify(kept));
  } catch {
    // A full or forbidden store must not stop the game.
  }
}
