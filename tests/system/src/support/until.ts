/** Far above what a slow, busy machine needs: a deadline that is reached is a finding, not noise. */
export const DEADLINE_MS = 120_000;
const POLL_MS = 150;

/** What no waiting will change. */
export class Hopeless extends Error {}

/** Waits until `look` gives something, and says what it waited for when that does not come. */
export async function until<T>(what: string, look: () => Promise<T | undefined | null | false> | T | undefined | null | false, deadlineMs = DEADLINE_MS): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last = "";
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found as T;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = `; the last attempt failed: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() > end) throw new Error(`waited ${deadlineMs / 1000} s in vain until ${what}${last}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
