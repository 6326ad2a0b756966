/** What a console prints, as text. Pure. */

const SEQUENCES = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r/g;

/** The text without colours and cursor movements: a terminal's cells tell a reader of the page nothing. */
export function plainText(text: string): string {
  return text.replace(SEQUENCES, "");
}

/**
 * `live` without what `log` already ends with. The log is fetched while the console is listened to, so the last lines of the one may be
 * the first of the other, whole lines of them.
 */
export function withoutOverlap(log: string, live: string): string {
  const known = log.replaceAll("\r\n", "\n").split("\n").filter(Boolean);
  const news = live.replaceAll("\r\n", "\n").split("\n");
  // The last part of `live` is no whole line (yet), so it is never counted as told.
  const whole = news.length - 1;
  for (let count = Math.min(known.length, whole); count > 0; count--) {
    if (news.slice(0, count).every((line, index) => line === known[known.length - count + index])) return news.slice(count).join("\n");
  }
  return live;
}
