/** Numbers and times in words that people read. */

const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB"];

/** 1536 → "1.5 KB". Powers of 1024, as hosts and Docker count memory. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const sign = value < 0 ? "−" : "";
  let rest = Math.abs(value);
  let unit = 0;
  while (rest >= 1023.5 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit++;
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : 1;
  const text = rest.toFixed(digits).replace(/\.0$/, "");
  return `${sign}${text} ${unit === 0 && text === "1" ? "byte" : UNITS[unit]}`;
}

/** "17.3 of 32 GB": the unit once when it is the same. */
export function bytesOf(part: number, whole: number): string {
  const [used, total] = [bytes(part), bytes(whole)];
  const unit = total.split(" ")[1];
  return unit && used.endsWith(` ${unit}`) ? `${used.split(" ")[0]} of ${total}` : `${used} of ${total}`;
}

export function rate(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? "–" : `${bytes(value)}/s`;
}

export function percent(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return `${value.toFixed(value !== 0 && Math.abs(value) < 10 ? Math.max(digits, 1) : digits)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

const STEPS: [number, string][] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]];

/** 7384 → "2 hours 3 minutes": the two largest parts. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  let rest = Math.max(0, Math.floor(seconds));
  if (rest === 0) return "less than a second";
  const parts: string[] = [];
  for (const [size, name] of STEPS) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(plural(count, name));
    else if (parts.length > 0) break;
    rest -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** "just now", "3 minutes ago", "in 2 hours". */
export function relative(time: string | null | undefined, now = Date.now()): string {
  const at = time ? Date.parse(time) : NaN;
  if (Number.isNaN(at)) return "–";
  const seconds = Math.round((now - at) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 10) return "just now";
  const [size, name] = STEPS.find(([step]) => distance >= step) ?? [1, "second"];
  const words = plural(Math.floor(distance / size), name);
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

export function clock(time: string | null | undefined): string {
  const at = time ? new Date(time) : null;
  if (!at || Number.isNaN(at.getTime())) return "";
  return at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** "1 CPU", "2.5 CPUs", "no limit". */
export function cpus(count: number): string {
  if (!count) return "no limit";
  return count === 1 ? "1 CPU" : `${Number(count.toFixed(2))} CPUs`;
}

/** "must be a number" → "Must be a number." The coordinator says fragments, which follow a field's name on a command line. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? "" : ".");
}

export function capital(word: string): string {
  const text = word.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Reads "2", "2 GB", "1.5g", "512 MB" as bytes; a bare number is in GB. Null: not a size. Empty is 0: no limit. */
export function parseBytes(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === "") return 0;
  const match = /^(\d+(?:[.,]\d+)?)\s*(k|m|g|t)?i?b?$/i.exec(trimmed);
  if (!match) return null;
  const power = { k: 1, m: 2, g: 3, t: 4 }[(match[2] ?? "g").toLowerCase()] ?? 3;
  return Math.round(Number(match[1]!.replace(",", ".")) * 1024 ** power);
}
