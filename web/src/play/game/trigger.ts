import { isStronger, Phase, Weapon, weaponOf, type Step } from "@muster/client";
import { Button, rulesOf, type Prediction } from "@muster/client/sim";

/**
 * When the weapon in hand fires, foretold: the flash and the sound must not wait for the server. It foretells nothing that it is not
 * sure of (just after a change of weapons, say); the server's word counts in any case.
 */
export class Trigger {
  private fired: number[] = [];   // sequences that the server has not yet consumed
  private readyAt = 0;            // the player's own sequence
  private strikeAt = 0;
  private clickAt = 0;
  private slot = 0;               // asked for, not yet acknowledged
  private slotAt = 0;
  private reloadAt = 0;
  strikes = false;

  restart(): void {
    this.fired = [];
    this.readyAt = this.strikeAt = this.clickAt = this.slotAt = this.reloadAt = 0;
    this.slot = 0;
    this.strikes = false;
  }

  isStraight(weapon: Weapon): boolean {
    return rulesOf(weapon).spread === 0;
  }

  /** The weapon in hand as the player asked for it last. */
  weapon(prediction: Prediction): Weapon {
    return this.slot && (prediction.own.weapons & (1 << (this.slot - 1)) || this.slot === 5) ? ((this.slot - 1) as Weapon) : weaponOf(prediction.own.look);
  }

  /** What is left in the magazine after what was fired and not yet acknowledged. */
  ammunition(prediction: Prediction): number {
    return Math.max(0, prediction.own.ammunition - this.fired.length);
  }

  pull(step: Step, prediction: Prediction, phase: Phase): { weapon: Weapon; strong: boolean } | "empty" | undefined {
    this.strikes = false;
    if (step.slot) {
      this.slot = step.slot;
      this.slotAt = step.sequence;
    }
    if (!prediction.alive || phase !== Phase.active) return undefined;
    const weapon = this.weapon(prediction);
    const wantsStrike = (step.buttons & Button.strike) !== 0 || (weapon === Weapon.melee && (step.buttons & Button.fire) !== 0);
    if (wantsStrike && step.sequence >= this.strikeAt) {
      this.strikeAt = step.sequence + rulesOf(Weapon.melee).interval;
      this.strikes = true;
      return undefined;
    }
    if (step.buttons & Button.reload) this.reloadAt = step.sequence;
    if (!(step.buttons & Button.fire) || weapon === Weapon.melee) return undefined;
    if (weapon !== weaponOf(prediction.own.look) || prediction.own.reloadTicks > 0 || this.reloadAt > 0) return undefined;
    if (step.sequence < this.readyAt) return undefined;
    if (this.ammunition(prediction) === 0) {
      if (step.sequence < this.clickAt) return undefined;
      this.clickAt = step.sequence + 30;
      return "empty";
    }
    this.readyAt = step.sequence + rulesOf(weapon).interval;
    this.fired.push(step.sequence);
    return { weapon, strong: isStronger(prediction.own.look) };
  }

  reconcile(prediction: Prediction, acknowledged: number): void {
    let done = 0;
    while (done < this.fired.length && this.fired[done]! <= acknowledged) ++done;
    if (done) this.fired.splice(0, done);
    if (this.slot && this.slotAt <= acknowledged) this.slot = 0;
    if (this.reloadAt && this.reloadAt <= acknowledged) this.reloadAt = 0;
    // Connections begin with a sequence that the server may not know yet.
    if (!prediction.alive) this.fired = [];
  }
}
