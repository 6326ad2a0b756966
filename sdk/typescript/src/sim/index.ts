/** The server's rules and its time, for clients that move before its answer comes and draw others between two snapshots. Pure: no clock, no network. */

export { ServerClock } from "./clock.js";
export { Others, Track, turn } from "./interpolation.js";
export { move, type Mover } from "./movement.js";
export { Prediction, paceOf } from "./prediction.js";
export * from "./rules.js";
export { Shots, type Flight, type ShotEnd } from "./shots.js";
export { Walls, type Box } from "./walls.js";
