import type { Store } from "./store";
import { Button } from "@muster/client/sim";

const icon = (path: string) => <svg viewBox="0 0 20 20" aria-hidden="true"><path d={path} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" /></svg>;

/** Buttons for fingers; the sticks are wherever a finger comes down (input/touch.ts). */
export function TouchPad({ store, onHold }: { store: Store; onHold: (name: string, button: Button, down: boolean) => void }) {
  const hold = (name: string, button: Button, text: string) => (
    <button type="button" class={`touch-button ${name}`} tabIndex={-1}
      onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); onHold(name, button, true); }}
      onPointerUp={() => onHold(name, button, false)} onPointerCancel={() => onHold(name, button, false)}>{text}</button>
  );
  return (
    <div class="touch-pad">
      {hold("reload", Button.reload, "Reload")}
      {hold("strike", Button.strike, "Strike")}
      <div class="touch-row">
        <button type="button" class="touch-small" aria-label="Chat" onClick={() => (store.typing.value = "all")}>{icon("M3 4h14v9H9l-4 4v-4H3z")}</button>
        <button type="button" class="touch-small" aria-label="Scores" aria-pressed={store.scoresOpen.value} onClick={() => (store.scoresOpen.value = !store.scoresOpen.value)}>{icon("M4 16v-5M10 16V4M16 16v-8")}</button>
        <button type="button" class="touch-small" aria-label="Settings" onClick={() => (store.menuOpen.value = true)}>{icon("M3 5h14M3 10h14M3 15h14")}</button>
      </div>
    </div>
  );
}
