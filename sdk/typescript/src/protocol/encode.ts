import { Builder } from "flatbuffers";
import { Body, Bye, Custom, Inputs, InputStep, Message, Party, Ping, Say, Scope } from "../generated/game_generated.js";
import { NOBODY, type Address } from "./types.js";

export const STEPS_MAX = 16;
export const CHAT_CHARACTERS_MAX = 100;
export const CUSTOM_BYTES_MAX = 1_024;
/** Of a party's code: letters a-z, digits and hyphens. */
export const PARTY_CHARACTERS_MAX = 16;

/** One step as it is kept until the server has consumed it. `shown`: the tick that others were shown at. */
export interface Step { sequence: number; aim: number; buttons: number; slot: number; shown: number }

// Kept, so that sending 30 times a second makes no garbage but the copy that the channel takes.
const builder = new Builder(256);

function finish(kind: Body, body: number): Uint8Array<ArrayBuffer> {
  Message.finishMessageBuffer(builder, Message.createMessage(builder, kind, body));
  return Uint8Array.from(builder.asUint8Array());
}

/**
 * `steps`: consecutive, oldest first, at most STEPS_MAX of them are sent (the newest). `tick`: the newest snapshot's, `received` as in the schema.
 * `now`: what `seen` counts back from: `tick`, or, while there was no snapshot (`tick` is 0), the tick that the server will be at.
 */
export function writeInputs(steps: readonly Step[], tick: number, received: number, now = tick): Uint8Array<ArrayBuffer> {
  builder.clear();
  const first = Math.max(0, steps.length - STEPS_MAX);
  Inputs.startStepsVector(builder, steps.length - first);
  for (let i = steps.length - 1; i >= first; --i) {
    const step = steps[i]!;
    InputStep.createInputStep(builder, step.aim, step.buttons, step.slot, Math.min(255, Math.max(0, Math.round(now - step.shown))));
  }
  const vector = builder.endVector();
  const sequence = steps[steps.length - 1]?.sequence ?? 0;
  return finish(Body.Inputs, Inputs.createInputs(builder, sequence, tick, received | 0, vector));
}

export function writePing(time: number): Uint8Array<ArrayBuffer> {
  builder.clear();
  return finish(Body.Ping, Ping.createPing(builder, BigInt(Math.round(time))));
}

export function writeSay(text: string, address: Address = { to: Scope.all }): Uint8Array<ArrayBuffer> {
  builder.clear();
  const string = builder.createString([...text].slice(0, CHAT_CHARACTERS_MAX).join(""));
  const name = address.name ? builder.createString(address.name) : 0;
  return finish(Body.Say, Say.createSay(builder, string, address.to, address.whom ?? NOBODY, name));
}

/** "": in no party any more. */
export function writeParty(code: string): Uint8Array<ArrayBuffer> {
  builder.clear();
  const string = builder.createString(code.slice(0, PARTY_CHARACTERS_MAX + 1));
  return finish(Body.Party, Party.createParty(builder, string, 0));
}

/** For the world's plugins, on "control" and after the Welcome: 20 a second at most, 40 at once. */
export function writeCustom(command: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  if (payload.length > CUSTOM_BYTES_MAX) throw new RangeError(`a payload of ${payload.length} bytes: at most ${CUSTOM_BYTES_MAX}`);
  builder.clear();
  const vector = Custom.createPayloadVector(builder, payload);
  return finish(Body.Custom, Custom.createCustom(builder, command, vector));
}

export function writeBye(): Uint8Array<ArrayBuffer> {
  builder.clear();
  Bye.startBye(builder);
  return finish(Body.Bye, Bye.endBye(builder));
}
