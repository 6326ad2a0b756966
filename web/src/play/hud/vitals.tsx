import { clockText, modeOf, ordinal, teamClass, type Store } from "./store";
import { WeaponIcon } from "./weapon_icon";
import { Mode, Phase, Team, Weapon } from "@muster/client";
import { SHIELD_MAX, WEAPONS } from "@muster/client/sim";

const ORDER = [Weapon.pistol, Weapon.shotgun, Weapon.rifle, Weapon.sniper, Weapon.melee] as const;

export function VitalsPanel({ store }: { store: Store }) {
  const { health, shield, speed, damage, guarded, alive } = store.vitals.value;
  const state = health <= 25 ? "low" : health <= 50 ? "middle" : "good";
  return (
    <section class={`vitals ${alive ? "" : "dead"}`} aria-label="Health">
      {(speed > 0 || damage > 0 || guarded > 0) && (
        <div class="boosts">
          {guarded > 0 && <span class="boost guard">Protected <b>{Math.ceil(guarded)}</b></span>}
          {speed > 0 && <span class="boost speed">Speed <b>{Math.ceil(speed)}</b></span>}
          {damage > 0 && <span class="boost damage">Damage <b>{Math.ceil(damage)}</b></span>}
        </div>
      )}
      {shield > 0 && <div class="bar shield"><i style={{ width: `${(100 * shield) / SHIELD_MAX}%` }} /><b>{shield}</b></div>}
      <div class={`bar health ${state}`} role="meter" aria-label="Health" aria-valuenow={health} aria-valuemin={0} aria-valuemax={100}><i style={{ width: `${health}%` }} /><b>{health}</b></div>
    </section>
  );
}

export function WeaponBar({ store, onTake }: { store: Store; onTake: (slot: number) => void }) {
  const { weapon, weapons, alive } = store.vitals.value;
  return (
    <div class={`weapon-bar ${alive ? "" : "dead"}`} role="group" aria-label="Weapons">
      {ORDER.map((one, index) => {
        const has = one === Weapon.melee || (weapons & (1 << one)) !== 0;
        return (
          <button key={one} type="button" tabIndex={-1} class={`slot ${one === weapon ? "in-hand" : ""}`} disabled={!has} aria-pressed={one === weapon} onClick={() => onTake(index + 1)}>
            <kbd>{index + 1}</kbd><WeaponIcon weapon={one} /><span>{WEAPONS[one].name}</span>
          </button>
        );
      })}
    </div>
  );
}

export function Ammunition({ store }: { store: Store }) {
  const { weapon, ammunition, magazine, reload, alive } = store.vitals.value;
  if (weapon === Weapon.melee || !alive) return null;
  return (
    <section class={`ammunition ${ammunition === 0 ? "none" : ammunition <= magazine / 4 ? "few" : ""}`} aria-label="Ammunition">
      <span class="count">{ammunition}</span><span class="of">{magazine}</span>
      <div class="reload">{reload > 0 ? <i style={{ width: `${100 * reload}%` }} /> : ammunition === 0 ? <em>Press R to reload</em> : null}</div>
    </section>
  );
}

const FLAG_WORDS: Record<string, string> = { base: "at home", carried: "taken", dropped: "dropped" };

export function MatchPanel({ store }: { store: Store }) {
  const { mode, phase, seconds, red, blue, team, flags } = store.clock.value;
  const teams = mode !== Mode.free_for_all;
  const flag = (which: Team, where: string) =>
    mode === Mode.capture_the_flag && where && where !== "base" ? <em class={`flag-state ${teamClass(which)}`}>flag {FLAG_WORDS[where]}</em> : null;
  return (
    <section class="match" aria-label="Match">
      {teams && <div class={`side red ${team === Team.red ? "ours" : ""}`}><i aria-hidden="true" /><b>{red}</b>{flag(Team.red, flags.red)}</div>}
      <div class="time"><b class={phase === Phase.active && seconds <= 30 ? "soon" : ""}>{phase === Phase.waiting ? "–:––" : clockText(seconds)}</b><span>{phase === Phase.ended ? "next match" : phase === Phase.waiting ? "waiting" : modeOf(mode)}</span></div>
      {teams && <div class={`side blue ${team === Team.blue ? "ours" : ""}`}>{flag(Team.blue, flags.blue)}<b>{blue}</b><i aria-hidden="true" /></div>}
    </section>
  );
}

const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;

export function OwnScore({ store }: { store: Store }) {
  const { score, kills, deaths } = store.vitals.value;
  const { ownRank, players } = store.scores.value;
  return <p class="own-score"><b>{score}</b> points {ownRank > 0 && <span>{ordinal(ownRank)} of {players}</span>} <span>{count(kills, "kill")}</span> <span>{count(deaths, "death")}</span></p>;
}

export function MeterPanel({ store }: { store: Store }) {
  const { rtt, loss, fps, crossings, gap } = store.meter.value;
  const bars = rtt < 50 ? 4 : rtt < 100 ? 3 : rtt < 180 ? 2 : 1;
  const lost = Math.floor(loss * 100);  // one gap in five seconds may be the server's pause as well, and is not worth a word
  return (
    <p class="meter" title="The way there and back, and lost snapshots">
      <svg viewBox="0 0 16 12" aria-hidden="true">{[0, 1, 2, 3].map((i) => <rect key={i} x={i * 4} y={9 - i * 3} width="3" height={3 + i * 3} opacity={i < bars ? 1 : 0.25} />)}</svg>
      <span>{rtt > 0 ? `${rtt < 10 ? rtt.toFixed(1) : Math.round(rtt)} ms` : "– ms"}</span>
      <span class={lost > 2 ? "bad" : ""}>{lost} % lost</span>
      {store.settings.value.fps && <span>{fps} fps</span>}
      {store.settings.value.fps && crossings > 0 && <span title="How often another server of the world took over, and the last time's gap between snapshots">{crossings} × over, {Math.round(gap)} ms</span>}
    </p>
  );
}
