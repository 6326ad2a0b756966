import { VOICES, type Voice } from "./voices";

const FALL_OFF_UNITS = 800;
const PAN_UNITS = 500;
const VOICES_MAX = 24;
const AGAIN_MS = 28;  // the same sound sooner than that is only louder

/** How loud (0 to 1) and where (-1 left to 1 right) something is that is heard from (x, y). */
export function hearing(x: number, y: number, at: { x: number; y: number } | undefined): { gain: number; pan: number } {
  if (!at) return { gain: 1, pan: 0 };
  const distance = Math.hypot(at.x - x, at.y - y);
  const near = Math.max(0, 1 - distance / FALL_OFF_UNITS);
  return { gain: near * near, pan: Math.max(-0.85, Math.min(0.85, (at.x - x) / PAN_UNITS)) };
}

/** Plays the voices. Silent until the player did something: browsers want it so. */
export class Mixer {
  private context: AudioContext | undefined;
  private master: GainNode | undefined;
  private noise: AudioBuffer | undefined;
  private readonly lastAt = new Map<string, number>();
  private sounding = 0;
  private volume = 0.6;

  /** From within an event of the player's. */
  wake(): void {
    if (typeof AudioContext === "undefined") return;
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      const limiter = this.context.createDynamicsCompressor();
      limiter.threshold.value = -14;
      limiter.ratio.value = 8;
      limiter.attack.value = 0.002;
      this.master = this.context.createGain();
      this.master.gain.value = this.volume;
      this.master.connect(limiter).connect(this.context.destination);
      this.noise = this.context.createBuffer(1, this.context.sampleRate, this.context.sampleRate);
      const samples = this.noise.getChannelData(0);
      for (let i = 0; i < samples.length; ++i) samples[i] = Math.random() * 2 - 1;
    }
    if (this.context.state === "suspended") void this.context.resume();
  }

  setVolume(volume: number): void {
    this.volume = volume;
    if (this.context && this.master) this.master.gain.setTargetAtTime(volume, this.context.currentTime, 0.02);
  }

  play(name: Voice, ear: { x: number; y: number }, at: { x: number; y: number } | undefined, loudness = 1): void {
    const { context, master, noise } = this;
    if (!context || !master || !noise || this.volume <= 0 || context.state !== "running") return;
    const { gain, pan } = hearing(ear.x, ear.y, at);
    if (gain * loudness < 0.01 || this.sounding >= VOICES_MAX) return;
    const now = performance.now();
    if (now - (this.lastAt.get(name) ?? -1e9) < AGAIN_MS) return;
    this.lastAt.set(name, now);
    const out = context.createGain();
    out.gain.value = gain * loudness;
    const panner = context.createStereoPanner();
    panner.pan.value = pan;
    out.connect(panner).connect(master);
    ++this.sounding;
    const length = VOICES[name]({ context, out, noise, start: context.currentTime + 0.001, vary: 0.94 + Math.random() * 0.12 });
    window.setTimeout(() => {
      --this.sounding;
      panner.disconnect();
      out.disconnect();
    }, length * 1000 + 80);
  }
}
