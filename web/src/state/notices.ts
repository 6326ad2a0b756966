import { signal } from "@preact/signals";
import { describe } from "../api/client";

export interface Notice {
  id: number;
  tone: "good" | "bad" | "plain";
  text: string;
  link?: { href: string; text: string };
}

/** What is being told right now; read aloud by the live region that shows it. */
export const notices = signal<Notice[]>([]);

const SHOWN_MAX = 4;
const LIFETIME_MS = { good: 6_000, plain: 6_000, bad: 15_000 };
let next = 1;

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function tell(tone: Notice["tone"], text: string, link?: Notice["link"]): void {
  const id = next++;
  notices.value = [...notices.value.slice(-(SHOWN_MAX - 1)), { id, tone, text, ...(link && { link }) }];
  setTimeout(() => dismiss(id), LIFETIME_MS[tone]);
}

/** Runs something a person asked for, and tells them if it fails. Undefined: it failed. */
export async function attempt<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    tell("bad", `${what} failed: ${describe(error)}`);
    return undefined;
  }
}
