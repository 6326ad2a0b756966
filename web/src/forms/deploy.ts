import type { FleetNode, Game } from "../api/types";
import { bytes, parseBytes } from "../words/format";
import { complaints, initialValues, variablesToSend, type Values } from "./variables";

/** The deploy form's state, its judgement of itself, and the request it makes. Pure. */
export interface DeployForm {
  name: string;
  description: string;
  node: string;
  variables: Values;
  ports: Values;
  memory: string;
  cpus: string;
  labels: string;
  image: string;
  data: string;
  start: boolean;
  restart: boolean;
}

export function emptyForm(game: Game, taken: ReadonlySet<string>): DeployForm {
  return {
    name: freeName(game.id, taken),
    description: "",
    node: "",
    variables: initialValues(game.variables),
    ports: Object.fromEntries(game.ports.map((port) => [port.name, ""])),
    memory: game.memory_bytes ? bytes(game.memory_bytes) : "",
    cpus: game.cpus ? String(game.cpus) : "",
    labels: "",
    image: "",
    data: "",
    start: true,
    restart: true,
  };
}

/** "valheim", or "valheim-2" when that is taken. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  for (let number = 2; ; number++) if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
}

/** "team=red, size: small" → {team: "red", size: "small"}; null when a part has no name. */
export function parseLabels(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {};
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const [name, ...rest] = part.split(/[=:]/);
    if (!name?.trim()) return null;
    labels[name.trim()] = rest.join(":").trim();
  }
  return labels;
}

export function labelsText(labels: Record<string, string>): string {
  return Object.entries(labels).map(([name, value]) => (value ? `${name}=${value}` : name)).join(", ");
}

/** Reads a number of CPUs; empty is 0, no limit. */
export function parseCpus(text: string): number | null {
  if (text.trim() === "") return 0;
  const value = Number(text.trim().replace(",", "."));
  return Number.isFinite(value) && value >= 0 ? value : null;
}

export function limitComplaints(memory: string, cpus: string, labels: string): Record<string, string> {
  const found: Record<string, string> = {};
  if (parseBytes(memory) === null) found.memory_bytes = "Write a size, such as 2 GB or 512 MB.";
  if (parseCpus(cpus) === null) found.cpus = "Write a number of CPUs, such as 2 or 0.5.";
  if (parseLabels(labels) === null) found.labels = "Write labels as name=value, with commas between them.";
  return found;
}

export function deployComplaints(game: Game, form: DeployForm): Record<string, string> {
  const found: Record<string, string> = {};
  if (form.name.trim() === "") found.name = "Give the server a name.";
  Object.assign(found, complaints(game.variables, form.variables));
  for (const port of game.ports) {
    const text = form.ports[port.name] ?? "";
    const number = Number(text);
    if (text !== "" && (!Number.isInteger(number) || number < 1 || number > 65535)) found[`ports.${port.name}`] = "A port is a number from 1 to 65535.";
  }
  return Object.assign(found, limitComplaints(form.memory, form.cpus, form.labels));
}

export function deployBody(game: Game, form: DeployForm): Record<string, unknown> {
  const ports: Record<string, number> = {};
  for (const [name, text] of Object.entries(form.ports)) if (text !== "") ports[name] = Number(text);
  return {
    name: form.name.trim(),
    game: game.id,
    node_id: form.node || null,
    variables: variablesToSend(game.variables, form.variables),
    ports,
    memory_bytes: parseBytes(form.memory) ?? 0,
    cpus: parseCpus(form.cpus) ?? 0,
    labels: parseLabels(form.labels) ?? {},
    description: form.description.trim(),
    start: form.start,
    restart_on_crash: form.restart,
    ...(form.data && { data: form.data }),
    ...(form.image && { image: form.image }),
  };
}

/** What is left of a node, for the person who chooses one. */
export function nodeRoom(node: FleetNode): string {
  const used = node.usage?.memory_bytes;
  if (typeof used !== "number" || !node.memory_bytes) return "";
  return `${bytes(Math.max(0, node.memory_bytes - used))} of memory free`;
}

/**
 * Where a problem's field belongs on the form: "variables.PASSWORD", "ports.game" and plain names are fields of their own;
 * "variables" alone or an unknown name goes to the summary ("").
 */
export function placeProblem(field: string, known: ReadonlySet<string>): string {
  if (known.has(field)) return field;
  const short = field.replace(/^(server|body)\./, "");
  if (known.has(short)) return short;
  const inVariables = `variables.${short}`;
  return known.has(inVariables) ? inVariables : "";
}

export function knownFields(game: Game): Set<string> {
  return new Set([
    "name", "description", "node_id", "memory_bytes", "cpus", "labels", "image", "data",
    ...game.variables.map((variable) => `variables.${variable.name}`),
    ...game.ports.map((port) => `ports.${port.name}`),
  ]);
}
