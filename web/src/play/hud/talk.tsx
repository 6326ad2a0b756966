import { useEffect, useRef } from "preact/hooks";
import { teamClass, type Store } from "./store";
import { WeaponIcon } from "./weapon_icon";
import { CHAT_CHARACTERS_MAX, Mode, Team } from "@muster/client";

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

export function ChatPanel({ store, onSay, now }: { store: Store; onSay: (text: string, teamOnly: boolean) => void; now: number }) {
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
          <li key={line.key} class={`${line.system ? "system" : ""} ${!typing && now - line.at > FRESH_MS ? "old" : ""}`}>
            {!line.system && <b class={teamClass(line.team)}>{line.teamOnly ? `[team] ${line.name}` : line.name}</b>} <span>{line.text}</span>
          </li>
        ))}
      </ol>
      {typing && (
        <form onSubmit={(event) => {
          event.preventDefault();
          const text = input.current?.value.trim() ?? "";
          if (text) onSay(text, typing === "team");
          close();
        }}>
          <label for="say">{typing === "team" ? "Team" : "All"}</label>
          <input id="say" ref={input} maxLength={CHAT_CHARACTERS_MAX} autocomplete="off" enterkeyhint="send" onBlur={close} onKeyDown={(event) => {
            if (event.key === "Escape") {
              event.stopPropagation();
              close();
            }
          }} />
        </form>
      )}
    </section>
  );
}
