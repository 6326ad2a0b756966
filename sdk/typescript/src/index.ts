/** Muster's client for browsers: joins a world, keeps the way to it, and says what comes. README.md shows it at work. */

export { MusterClient, type ClientOptions, type Events, type JoinOptions, type Listener, type Stats } from "./client.js";
export { RESUME_MS, type LinkState } from "./net/connection.js";
export { Meter } from "./net/meter.js";
export type { Surroundings } from "./net/peer.js";
export { Refused, Worlds, type Joined, type JoinWish, type World, type WorldList } from "./net/worlds.js";
export { CHAT_CHARACTERS_MAX, CUSTOM_BYTES_MAX, STEPS_MAX, type Step } from "./protocol/encode.js";
export * from "./protocol/types.js";
