import { useState } from "preact/hooks";
import type { Game } from "../api/types";
import { plural } from "../words/format";
import { Empty } from "./basics";
import { Icon } from "./icon";

/** Games as cards, with a search; each leads to `href`. */

const HUES = [172, 205, 262, 322, 12, 38, 90, 145];

/** A letter in a colour of its own: no pictures are fetched from anywhere. */
export function GameMark({ game }: { game: Pick<Game, "id" | "name"> }) {
  let sum = 0;
  for (const character of game.id) sum = (sum * 31 + character.charCodeAt(0)) % 9973;
  return (
    <span class="game-mark" aria-hidden="true" style={{ "--hue": HUES[sum % HUES.length] }}>
      {(game.name || game.id).charAt(0).toUpperCase()}
    </span>
  );
}

export function GamePicker({ games, href }: { games: Game[]; href: (game: Game) => string }) {
  const [text, setText] = useState("");
  const words = text.toLowerCase().split(/\s+/);
  const shown = games.filter((game) => {
    const all = `${game.id} ${game.name} ${game.description ?? ""}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  return (
    <>
      <div class="filters">
        <label class="search">
          <Icon name="search" />
          <span class="hidden">Search games</span>
          <input type="search" name="game-search" placeholder={`Search ${plural(games.length, "game")}…`} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      </div>
      {shown.length === 0 && <Empty icon="search" title="No game is like that" />}
      <ul class="game-grid">
        {shown.map((game) => (
          <li key={game.id}>
            <a class="game-card" href={href(game)} data-game={game.id}>
              <GameMark game={game} />
              <span class="game-text">
                <strong>{game.name}</strong>
                <span>{game.description}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
