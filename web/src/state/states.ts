import type { Server, ServerState } from "../api/types";

/** What each state means for the page: its tone, whether someone should look, and what may be done. */
export type Tone = "good" | "busy" | "warn" | "bad" | "off" | "unsure";

export const STATE_TONE: Record<ServerState, Tone> = {
  waiting: "warn", creating: "busy", installing: "busy", starting: "busy", ready: "good", unhealthy: "warn",
  paused: "off", stopping: "busy", stopped: "off", crashed: "bad", unknown: "unsure", removing: "busy",
};

export const STATE_MEANING: Record<ServerState, string> = {
  waiting: "No node has taken it yet.",
  creating: "Its container is being made.",
  installing: "Its image or its files are being fetched.",
  starting: "It runs, but has not said that it is ready.",
  ready: "Players can join.",
  unhealthy: "It runs, but does not answer as it should.",
  paused: "It is frozen in memory.",
  stopping: "It was asked to stop and is saving.",
  stopped: "It does not run. Its data is kept.",
  crashed: "It ended on its own, with an error.",
  unknown: "Its node cannot be reached, so nobody knows. It may well be running.",
  removing: "It is being removed.",
};

const ATTENTION: ReadonlySet<ServerState> = new Set(["crashed", "unhealthy", "unknown", "waiting"]);
export const needsAttention = (server: Server): boolean => ATTENTION.has(server.state);

export type PowerAction = "start" | "stop" | "restart" | "kill" | "pause" | "unpause" | "update";

const ALLOWED: Record<PowerAction, readonly ServerState[]> = {
  start: ["stopped", "crashed"],
  stop: ["installing", "starting", "ready", "unhealthy", "paused", "crashed"],
  restart: ["starting", "ready", "unhealthy"],
  kill: ["installing", "starting", "ready", "unhealthy", "stopping", "paused", "unknown"],
  pause: ["ready", "unhealthy"],
  unpause: ["paused"],
  update: ["ready", "unhealthy", "starting", "stopped", "crashed", "paused"],
};

/** A crashed server that restarts on its own may be stopped for good; one that does not has nothing to stop. */
export function allowed(action: PowerAction, server: Pick<Server, "state" | "desired">): boolean {
  if (action === "stop" && server.state === "crashed") return server.desired === "running";
  return ALLOWED[action].includes(server.state);
}

export function isRunning(state: ServerState): boolean {
  return state === "starting" || state === "ready" || state === "unhealthy" || state === "stopping" || state === "paused";
}
