import type { Store } from "./store";
import { Button } from "../sim/rules";

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
        <button type="button" class="touch-small" aria-label="Chat" onClick={() => (store.typing.value = "all")}>💬</button>
        <button type="button" class="touch-small" aria-label="Scores" aria-pressed={store.scoresOpen.value} onClick={() => (store.scoresOpen.value = !store.scoresOpen.value)}>☰</button>
        <button type="button" class="touch-small" aria-label="Settings" onClick={() => (store.menuOpen.value = true)}>⚙</button>
      </div>
    </div>
  );
}
