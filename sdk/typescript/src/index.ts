/** Muster's client for browsers: joins a world, keeps the way to it, and says what comes. README.md shows it at work. */

export { Connection, RESUME_MS, surroundings, type LinkState, type Player } from "./net/connection.js";
export { Meter } from "./net/meter.js";
export type { Surroundings } from "./net/peer.js";
export { Refused, Worlds, type Joined, type JoinWish, type World, type WorldList } from "./net/worlds.js";
export { Decoder } from "./protocol/decode.js";
export { CHAT_CHARACTERS_MAX, CUSTOM_BYTES_MAX, STEPS_MAX, writeBye, writeCustom, writeInputs, writePing, writeSay, type Step } from "./protocol/encode.js";
export * from "./protocol/types.js";
