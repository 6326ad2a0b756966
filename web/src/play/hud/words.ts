import { PARTY_CHARACTERS_MAX, Scope, type Address } from "@muster/client";

/** What a line that is typed into the chat means. */
export type Wish =
  | { do: "say"; text: string; address: Address }
  | { do: "party"; code: string }
  | { do: "help" }
  | { do: "nothing" }
  | { do: "trouble"; text: string };

export type Listeners = "all" | "team" | "near" | "party";
export const LISTENERS: readonly Listeners[] = ["all", "team", "near", "party"];
const SCOPES: Record<Listeners, Scope> = { all: Scope.all, team: Scope.team, near: Scope.near, party: Scope.party };

export const HELP: readonly string[] = [
  "/a text: to all · /t text: to your team · /l text: to those near · /p text: to your party",
  '/w name text: to one player ("a name" with spaces in quotes) · /r text: answers the last',
  "/party CODE: into the party of that code · /leave: out of it · Tab: changes whom you talk to",
];

const COMMANDS: Record<string, Listeners> = { a: "all", all: "all", t: "team", team: "team", l: "near", near: "near", p: "party" };

/** What is around somebody who types: names that are known, and who whispered last ("": nobody). */
export interface Company { names: readonly string[]; last: string }

/** A name and what follows it: in quotes, or the longest one that is known, or the first word. */
function nameAndText(rest: string, names: readonly string[]): { name: string; text: string } {
  const quoted = /^"([^"]+)"\s*(.*)$/s.exec(rest);
  if (quoted) return { name: quoted[1]!, text: quoted[2]! };
  const lower = rest.toLowerCase();
  const known = names.filter((name) => name && lower.startsWith(`${name.toLowerCase()} `)).sort((a, b) => b.length - a.length)[0];
  if (known !== undefined) return { name: known, text: rest.slice(known.length).trim() };
  const [word = "", ...others] = rest.split(/\s+/);
  return { name: word, text: others.join(" ") };
}

/** `listeners`: whom a line without a command is for. "//text" says "/text". */
export function wishOf(line: string, listeners: Listeners, company: Company): Wish {
  const trimmed = line.trim();
  if (!trimmed) return { do: "nothing" };
  if (!trimmed.startsWith("/")) return { do: "say", text: trimmed, address: { to: SCOPES[listeners] } };
  if (trimmed.startsWith("//")) return { do: "say", text: trimmed.slice(1), address: { to: SCOPES[listeners] } };
  const [, word = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(trimmed) ?? [];
  const command = word.toLowerCase();
  if (command === "help") return { do: "help" };
  if (command === "leave") return { do: "party", code: "" };
  if (command === "party") {
    if (new RegExp(`^[A-Za-z0-9-]{1,${PARTY_CHARACTERS_MAX}}$`).test(rest)) return { do: "party", code: rest };
    return { do: "trouble", text: `A party's code is 1 to ${PARTY_CHARACTERS_MAX} letters, digits and hyphens: /party CODE` };
  }
  if (command === "w" || command === "r") {
    const { name, text } = command === "w" ? nameAndText(rest, company.names) : { name: company.last, text: rest };
    if (command === "r" && !name) return { do: "trouble", text: "Nobody has whispered to you yet." };
    return name && text ? { do: "say", text, address: { to: Scope.person, name } } : { do: "trouble", text: "To whom, and what? /w name text" };
  }
  const to = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (to === undefined) return { do: "trouble", text: `There is no command /${word}. /help lists them.` };
  return rest ? { do: "say", text: rest, address: { to: SCOPES[to] } } : { do: "nothing" };
}

/** Whom one talks to after a Tab. */
export function next(listeners: Listeners, has: { team: boolean; party: boolean }): Listeners {
  const open = LISTENERS.filter((one) => (one !== "team" || has.team) && (one !== "party" || has.party));
  return open[(open.indexOf(listeners) + 1) % open.length]!;
}
