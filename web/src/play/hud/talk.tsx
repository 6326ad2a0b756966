import { useEffect, useRef } from "preact/hooks";
import type { Deeds } from "./hud";
import { teamClass, type ChatLine, type Store } from "./store";
import { WeaponIcon } from "./weapon_icon";
import { HELP, next, wishOf, type Listeners, type Wish } from "./words";
import { CHAT_CHARACTERS_MAX, Mode, Scope, Team } from "@muster/client";

/** Somebody far away whose team is not known is of none: in a match of teams, that is no colour. */
const sideClass = (store: Store, team: Team) => (team === Team.none && store.clock.value.mode !== Mode.free_for_all ? "" : teamClass(team));

/** Who killed whom. */
export function KillFeed({ store }: { store: Store }) {
  return (
    <ol class="feed" aria-label="Kills">
      {store.feed.value.map((line) => (
        <li key={line.key} class={line.mine ? "mine" : ""}>
          {line.note ? <span class={`note ${teamClass(line.killerTeam)}`}>{line.note}</span> : (
            <>
              {line.killer && <b class={sideClass(store, line.killerTeam)}>{line.killer}</b>}
              <WeaponIcon weapon={line.weapon} />
              <b class={sideClass(store, line.victimTeam)}>{line.victim}</b>
            </>
          )}
        </li>
      ))}
    </ol>
  );
}

const FRESH_MS = 9_000;
const LABELS: Record<Listeners, string> = { all: "All", team: "Team", near: "Near", party: "Party" };
const CLASSES: Record<Scope, string> = {
  [Scope.all]: "all", [Scope.team]: "team", [Scope.near]: "near", [Scope.party]: "party", [Scope.person]: "person", [Scope.announcement]: "announcement",
};

function speaker(line: ChatLine): string {
  switch (line.to) {
    case Scope.team: return `[team] ${line.name}`;
    case Scope.near: return `[near] ${line.name}`;
    case Scope.party: return `[party] ${line.name}`;
    case Scope.person: return line.own ? `to ${line.whom}` : `${line.name} whispers`;
    case Scope.announcement: return "Announcement";
    default: return line.name;
  }
}

export function ChatPanel({ store, deeds, now }: { store: Store; deeds: Pick<Deeds, "say" | "party">; now: number }) {
  const input = useRef<HTMLInputElement>(null);
  const typing = store.typing.value;
  useEffect(() => {
    if (typing) input.current?.focus();
  }, [typing]);
  const close = () => {
    store.typing.value = "";
    input.current?.blur();
  };
  const lines = typing ? store.chat.value.slice(-12) : store.chat.value.slice(-6);
  return (
    <section class={`chat ${typing ? "typing" : ""}`} aria-label="Chat">
      <ol aria-live="polite">
        {lines.map((line) => (
          <li key={line.key} class={`${line.system ? "system" : (CLASSES[line.to] ?? "all")} ${!typing && now - line.at > FRESH_MS ? "old" : ""}`}>
            {!line.system && <b class={teamClass(line.team)}>{speaker(line)}</b>} <span>{line.text}</span>
          </li>
        ))}
      </ol>
      {typing && (
        <form onSubmit={(event) => {
          event.preventDefault();
          enter(store, deeds, wishOf(input.current?.value ?? "", typing, { names: store.scores.value.rows.map((row) => row.name), last: store.whisperer.value }));
          close();
        }}>
          <label for="say">{LABELS[typing]}</label>
          <input id="say" ref={input} maxLength={CHAT_CHARACTERS_MAX + COMMAND_CHARACTERS} autocomplete="off" enterkeyhint="send" placeholder="/help" onBlur={close} onKeyDown={(event) => {
            if (event.key === "Escape") {
              event.stopPropagation();
              close();
            } else if (event.key === "Tab" && !event.shiftKey) {
              event.preventDefault();
              event.stopPropagation();
              store.typing.value = next(typing, { team: store.clock.value.team !== Team.none, party: store.party.value.code !== "" });
            }
          }} />
        </form>
      )}
    </section>
  );
}

/** What comes before the text: "/w", a name of 24 characters, quotes and spaces. */
const COMMAND_CHARACTERS = 30;

function enter(store: Store, deeds: Pick<Deeds, "say" | "party">, wish: Wish): void {
  switch (wish.do) {
    case "say": deeds.say(wish.text, wish.address); break;
    case "party": deeds.party(wish.code); break;
    case "help": for (const line of HELP) store.note(line); break;
    case "trouble": store.note(wish.text); break;
    default: break;
  }
}
