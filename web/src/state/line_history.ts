/** The lines typed into one console, kept for the visit, to step through with the arrow keys. */
const LINES_MAX = 100;

export class LineHistory {
  private lines: string[];
  private at: number;
  private draft = "";

  constructor(private readonly key: string, private readonly storage: Pick<Storage, "getItem" | "setItem"> = sessionStorage) {
    this.lines = read(storage.getItem(key));
    this.at = this.lines.length;
  }

  add(line: string): void {
    if (this.lines.at(-1) !== line) this.lines = [...this.lines, line].slice(-LINES_MAX);
    this.at = this.lines.length;
    this.draft = "";
    try {
      this.storage.setItem(this.key, JSON.stringify(this.lines));
    } catch {
      // A full storage costs the history of the next visit, nothing else.
    }
  }

  /** The line to show; what was being typed comes back after the newest. */
  step(direction: "older" | "newer", typed: string): string {
    if (this.at === this.lines.length) this.draft = typed;
    this.at = direction === "older" ? Math.max(0, this.at - 1) : Math.min(this.lines.length, this.at + 1);
    return this.lines[this.at] ?? this.draft;
  }
}

function read(text: string | null): string[] {
  try {
    const lines: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(lines) ? lines.filter((line): line is string => typeof line === "string") : [];
  } catch {
    return [];
  }
}
