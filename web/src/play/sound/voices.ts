/** Every sound of the game, made from oscillators and noise: no file is loaded. */

export interface Instrument { context: AudioContext; out: GainNode; noise: AudioBuffer; start: number; vary: number }
/** Starts a sound and says how many seconds it takes. */
type Play = (instrument: Instrument) => number;

interface ToneWish { type: OscillatorType; from: number; to: number; length: number; gain: number; delay?: number; attack?: number }
function tone({ context, out, start, vary }: Instrument, wish: ToneWish): void {
  const at = start + (wish.delay ?? 0);
  const oscillator = context.createOscillator();
  oscillator.type = wish.type;
  oscillator.frequency.setValueAtTime(wish.from * vary, at);
  oscillator.frequency.exponentialRampToValueAtTime(Math.max(20, wish.to * vary), at + wish.length);
  const gain = context.createGain();
  gain.gain.setValueAtTime(0.0001, at);
  gain.gain.exponentialRampToValueAtTime(wish.gain, at + (wish.attack ?? 0.004));
  gain.gain.exponentialRampToValueAtTime(0.0001, at + wish.length);
  oscillator.connect(gain).connect(out);
  oscillator.start(at);
  oscillator.stop(at + wish.length + 0.02);
}

interface NoiseWish { filter: BiquadFilterType; from: number; to: number; length: number; gain: number; q?: number; delay?: number }
function hiss({ context, out, noise, start, vary }: Instrument, wish: NoiseWish): void {
  const at = start + (wish.delay ?? 0);
  const source = context.createBufferSource();
  source.buffer = noise;
  source.loop = true;
  const filter = context.createBiquadFilter();
  filter.type = wish.filter;
  filter.Q.value = wish.q ?? 0.8;
  filter.frequency.setValueAtTime(wish.from * vary, at);
  filter.frequency.exponentialRampToValueAtTime(Math.max(30, wish.to * vary), at + wish.length);
  const gain = context.createGain();
  gain.gain.setValueAtTime(wish.gain, at);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + wish.length);
  source.connect(filter).connect(gain).connect(out);
  source.start(at, Math.random() * 0.5);
  source.stop(at + wish.length + 0.02);
}

const melody = (instrument: Instrument, notes: readonly number[], apart: number, length: number, type: OscillatorType, gain: number): number => {
  notes.forEach((from, index) => tone({ ...instrument, vary: 1 }, { type, from, to: from, length, gain, delay: index * apart }));
  return notes.length * apart + length;
};

const define = <T extends Record<string, Play>>(voices: T): T => voices;

export const VOICES = define({
  pistol: (i) => {
    hiss(i, { filter: "bandpass", from: 2_600, to: 600, length: 0.1, gain: 0.6 });
    tone(i, { type: "square", from: 420, to: 90, length: 0.09, gain: 0.16 });
    return 0.12;
  },
  shotgun: (i) => {
    hiss(i, { filter: "lowpass", from: 3_800, to: 260, length: 0.3, gain: 0.95 });
    tone(i, { type: "triangle", from: 170, to: 42, length: 0.22, gain: 0.5 });
    return 0.32;
  },
  rifle: (i) => {
    hiss(i, { filter: "bandpass", from: 3_400, to: 1_100, length: 0.07, gain: 0.5 });
    tone(i, { type: "sawtooth", from: 300, to: 110, length: 0.06, gain: 0.13 });
    return 0.09;
  },
  sniper: (i) => {
    hiss(i, { filter: "highpass", from: 5_200, to: 700, length: 0.18, gain: 0.5 });
    hiss(i, { filter: "lowpass", from: 1_400, to: 120, length: 0.55, gain: 0.6 });
    tone(i, { type: "sawtooth", from: 620, to: 55, length: 0.3, gain: 0.28 });
    return 0.6;
  },
  strike: (i) => {
    hiss(i, { filter: "bandpass", from: 700, to: 3_200, length: 0.14, gain: 0.4, q: 2.5 });
    return 0.16;
  },
  hit: (i) => {
    tone(i, { type: "triangle", from: 1_500, to: 900, length: 0.06, gain: 0.3 });
    return 0.07;
  },
  hurt: (i) => {
    tone(i, { type: "sawtooth", from: 210, to: 80, length: 0.18, gain: 0.3 });
    hiss(i, { filter: "lowpass", from: 900, to: 200, length: 0.12, gain: 0.4 });
    return 0.2;
  },
  kill: (i) => melody(i, [880, 1_318], 0.07, 0.16, "triangle", 0.26),
  death: (i) => {
    tone(i, { type: "sawtooth", from: 320, to: 38, length: 0.7, gain: 0.32 });
    hiss(i, { filter: "lowpass", from: 2_000, to: 80, length: 0.6, gain: 0.5 });
    return 0.75;
  },
  boom: (i) => {
    hiss(i, { filter: "lowpass", from: 1_200, to: 70, length: 0.45, gain: 0.7 });
    tone(i, { type: "sine", from: 120, to: 34, length: 0.35, gain: 0.4 });
    return 0.5;
  },
  impact: (i) => {
    hiss(i, { filter: "bandpass", from: 4_200, to: 1_800, length: 0.05, gain: 0.22, q: 3 });
    return 0.06;
  },
  crumble: (i) => {
    hiss(i, { filter: "lowpass", from: 2_400, to: 140, length: 0.6, gain: 0.6 });
    hiss(i, { filter: "bandpass", from: 900, to: 300, length: 0.3, gain: 0.35, delay: 0.1 });
    return 0.65;
  },
  pickup: (i) => melody(i, [660, 990], 0.06, 0.14, "sine", 0.3),
  boost: (i) => melody(i, [440, 660, 880, 1_320], 0.05, 0.16, "sawtooth", 0.12),
  spawn: (i) => {
    tone(i, { type: "sine", from: 260, to: 780, length: 0.32, gain: 0.24, attack: 0.06 });
    return 0.34;
  },
  reloaded: (i) => {
    hiss(i, { filter: "bandpass", from: 2_200, to: 1_500, length: 0.04, gain: 0.3, q: 5 });
    hiss(i, { filter: "bandpass", from: 1_400, to: 900, length: 0.05, gain: 0.35, q: 5, delay: 0.09 });
    return 0.15;
  },
  empty: (i) => {
    hiss(i, { filter: "bandpass", from: 3_000, to: 2_500, length: 0.025, gain: 0.3, q: 6 });
    return 0.04;
  },
  flag_ours: (i) => melody(i, [523, 392, 330], 0.11, 0.22, "square", 0.09),
  flag_theirs: (i) => melody(i, [523, 659, 784], 0.11, 0.22, "square", 0.09),
  captured: (i) => melody(i, [523, 659, 784, 1_046, 784, 1_046], 0.1, 0.26, "triangle", 0.22),
  won: (i) => melody(i, [523, 659, 784, 1_046, 1_318], 0.13, 0.4, "triangle", 0.22),
  lost: (i) => melody(i, [440, 392, 349, 262], 0.17, 0.4, "triangle", 0.2),
  start: (i) => melody(i, [392, 392, 784], 0.16, 0.22, "square", 0.08),
  chat: (i) => melody(i, [1_200], 0, 0.07, "sine", 0.14),
});
export type Voice = keyof typeof VOICES;
