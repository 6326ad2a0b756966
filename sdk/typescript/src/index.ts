/** Muster's client for browsers: joins a world, keeps the way to it, and says what comes. README.md shows it at work. */

export { MusterClient, type ClientOptions, type Events, type JoinOptions, type Listener, type Stats } from "./client.js";
export { RESUME_MS, type LinkState } from "./net/connection.js";
export { Meter } from "./net/meter.js";
export type { Surroundings } from "./net/peer.js";
export { ping, PING_SERVERS_MAX, stunUrl, type PingOptions } from "./net/ping.js";
export { checkTicket, keyOf, readKeys, Untrusted, type TicketClaims, type TicketKeys } from "./net/tickets.js";
export { Refused, Worlds, type Alternative, type Joined, type JoinWish, type Server, type ServerList, type Strategy, type World, type WorldList } from "./net/worlds.js";
export { CHAT_CHARACTERS_MAX, CUSTOM_BYTES_MAX, PARTY_CHARACTERS_MAX, STEPS_MAX, type Step } from "./protocol/encode.js";
export * from "./protocol/types.js";
