import { useEffect, useRef } from "preact/hooks";
import type { Store } from "./store";
import type { Quality, Settings } from "../settings";

/** Settings, and the way out. */
export function Menu({ store, onChange, onLeave }: { store: Store; onChange: (change: Partial<Settings>) => void; onLeave: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const settings = store.settings.value;
  const playing = store.screen.value === "playing";
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const close = () => {
    store.menuOpen.value = false;
  };
  const check = (label: string, key: "muted" | "shake" | "names" | "fps" | "adapt") => (
    <label class="check"><input type="checkbox" checked={settings[key]} onChange={(event) => onChange({ [key]: event.currentTarget.checked })} /><span>{label}</span></label>
  );
  return (
    <dialog class="menu" ref={dialog} aria-labelledby="menu-title" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <form method="dialog">
        <h2 id="menu-title">Settings</h2>
        <label class="slider"><span>Sound <output>{Math.round(settings.sound * 100)} %</output></span>
          <input type="range" min="0" max="100" value={Math.round(settings.sound * 100)} onInput={(event) => onChange({ sound: Number(event.currentTarget.value) / 100, muted: false })} />
        </label>
        {check("Mute (M)", "muted")}
        <fieldset class="segments"><legend>Quality</legend>
          {(["low", "medium", "high"] as const satisfies readonly Quality[]).map((quality) => (
            <label key={quality} class={settings.quality === quality ? "chosen" : ""}><input type="radio" name="quality" checked={settings.quality === quality} onChange={() => onChange({ quality })} />{quality}</label>
          ))}
        </fieldset>
        {check("Draw less when it gets slow", "adapt")}
        {check("Screen shake", "shake")}
        {check("Names", "names")}
        {check("Frames per second", "fps")}
        {store.touching.value && (
          <label class="slider"><span>Aiming by thumb <output>{settings.touchAim.toFixed(1)}×</output></span>
            <input type="range" min="5" max="20" value={Math.round(settings.touchAim * 10)} onInput={(event) => onChange({ touchAim: Number(event.currentTarget.value) / 10 })} />
          </label>
        )}
        <footer>
          {playing && <button type="button" class="leave" onClick={() => { close(); onLeave(); }}>Leave the match</button>}
          <button type="submit" class="go" autofocus>{playing ? "Back to the match" : "Done"}</button>
        </footer>
      </form>
    </dialog>
  );
}
