import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Lobby } from "./lobby";
import { Menu } from "./menu";
import type { Places } from "./places";
import { LinkTrouble, Notices, Respawn, Result, Vignette } from "./overlays";
import { Scoreboard } from "./scoreboard";
import type { Store } from "./store";
import { ChatPanel, KillFeed } from "./talk";
import { TouchPad } from "./touch_pad";
import { Ammunition, MatchPanel, MeterPanel, OwnScore, VitalsPanel, WeaponBar } from "./vitals";
import type { Address, JoinOptions } from "@muster/client";
import type { Settings } from "../settings";
import type { Button } from "@muster/client/sim";

export interface Deeds {
  join(player: JoinOptions): void;
  refresh(): void;
  leave(): void;
  say(text: string, address: Address): void;
  party(code: string): void;
  take(slot: number): void;
  hold(name: string, button: Button, down: boolean): void;
  change(change: Partial<Settings>): void;
  minimap(canvas: HTMLCanvasElement | null): void;
}

/** Everything on the page but the arena itself. Text of others goes through Preact's text nodes only: it never is HTML. */
export function Hud({ store, places, deeds }: { store: Store; places: Places; deeds: Deeds }) {
  const playing = store.screen.value === "playing";
  // One sheet over the arena at a time, the most urgent.
  const cut = ["lost", "stopped", "ended"].includes(store.link.value.at);
  const scores = store.scoresOpen.value;
  const now = useSignal(performance.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = performance.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      {!playing && <Lobby store={store} places={places} onJoin={deeds.join} onRefresh={deeds.refresh} />}
      {playing && (
        <div class={`playing ${store.touching.value ? "touching" : ""}`}>
          <Vignette store={store} />
          <MatchPanel store={store} />
          <div class="top-left"><MeterPanel store={store} /><OwnScore store={store} /></div>
          <div class="top-right"><canvas class="minimap" ref={deeds.minimap} role="img" aria-label="Map" /><KillFeed store={store} /></div>
          <ChatPanel store={store} deeds={deeds} now={now.value} />
          <VitalsPanel store={store} />
          <WeaponBar store={store} onTake={deeds.take} />
          <Ammunition store={store} />
          {store.touching.value && <TouchPad store={store} onHold={deeds.hold} />}
          <Notices store={store} />
          {!cut && !scores && <Respawn store={store} />}
          {!cut && !scores && <Result store={store} />}
          {!cut && scores && <Scoreboard store={store} />}
          <LinkTrouble store={store} onLobby={deeds.leave} />
          {!store.touching.value && <button type="button" class="menu-button" aria-label="Settings (Escape)" onClick={() => (store.menuOpen.value = true)}><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 5h14M3 10h14M3 15h14" stroke="currentColor" stroke-width="2" stroke-linecap="round" /></svg></button>}
        </div>
      )}
      {!playing && <button type="button" class="menu-button" aria-label="Settings" onClick={() => (store.menuOpen.value = true)}><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 5h14M3 10h14M3 15h14" stroke="currentColor" stroke-width="2" stroke-linecap="round" /></svg></button>}
      {store.menuOpen.value && <Menu store={store} onChange={deeds.change} onLeave={deeds.leave} />}
    </>
  );
}
